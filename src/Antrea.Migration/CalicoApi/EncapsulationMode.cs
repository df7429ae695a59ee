namespace Antrea.Migration.CalicoApi;

/// <summary>When a Calico pool's traffic is put into a tunnel.</summary>
public enum EncapsulationMode
{
    /// <summary>Not at all.</summary>
    Never,

    /// <summary>Between any two Nodes.</summary>
    Always,

    /// <summary>Only between Nodes of different subnets.</summary>
    CrossSubnet,
}
