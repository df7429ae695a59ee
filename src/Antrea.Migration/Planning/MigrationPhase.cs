namespace Antrea.Migration.Planning;

/// <summary>The parts of a migration in the order they happen, then those that only a rollback has.</summary>
public enum MigrationPhase
{
    /// <summary>Save what a rollback would need.</summary>
    Backup,

    /// <summary>Move Calico's Pods and tunnels out of the PodCIDRs, where its addresses clash with those Antrea will give out.</summary>
    Addresses,

    /// <summary>Put Multus in front, delegating to Calico only, so that no new Pod sees a half-made network.</summary>
    Bridge,

    /// <summary>Install Antrea behind it and wait until every agent is healthy.</summary>
    InstallAntrea,

    /// <summary>Convert the Calico policies, prove them equal, apply them, wait until they are realized.</summary>
    Policies,

    /// <summary>Restart every Pod into both networks.</summary>
    MultusPods,

    /// <summary>Restart every Pod into Antrea alone.</summary>
    AntreaPods,

    /// <summary>Partition: the first part of the Nodes leaves Calico.</summary>
    FirstPart,

    /// <summary>Partition: the rest of the Nodes leaves Calico.</summary>
    SecondPart,

    /// <summary>Remove Calico, what it leaves on the Nodes, and Multus.</summary>
    RemoveCalico,

    /// <summary>Look at everything again.</summary>
    Verify,

    /// <summary>Rollback: restart every Pod into Calico alone.</summary>
    CalicoPods,

    /// <summary>Rollback: delete the converted policies once Antrea filters no Pod any more.</summary>
    WithdrawPolicies,

    /// <summary>Rollback: remove Antrea and what it leaves on the Nodes.</summary>
    RemoveAntrea,

    /// <summary>Rollback: remove what bridged, and its file.</summary>
    RemoveBridge,

    /// <summary>Rollback: bring the old IPPools back, and Pods and tunnels with them.</summary>
    RestoreAddresses,
}
