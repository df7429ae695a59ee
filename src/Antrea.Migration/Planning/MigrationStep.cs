using System.Collections.Immutable;

namespace Antrea.Migration.Planning;

/// <summary>What a step does. The executor has one implementation for each.</summary>
public enum MigrationStepKind
{
    /// <summary>Saves Calico's objects and every Node's CNI files and routes to the backup folder.</summary>
    BackUp,

    /// <summary>Asks every Node's kernel for what Antrea needs: modules, ports, MTU.</summary>
    CheckNodes,

    /// <summary>Installs the migration's own privileged DaemonSet, through which Nodes are reached.</summary>
    InstallNodeAgent,

    /// <summary>Cordons one Node whose Calico addresses clash with PodCIDRs.</summary>
    CordonNode,

    /// <summary>Makes IPPools outside of every PodCIDR.</summary>
    CreatePools,

    /// <summary>Disables the IPPools that reach into PodCIDRs and waits until no Node's tunnel address is from them.</summary>
    DisablePools,

    /// <summary>Restarts the Pods whose addresses clash, of one Node or of all.</summary>
    MovePods,

    /// <summary>Releases the clashing blocks and checks that no address and no route is left there.</summary>
    ReleaseBlocks,

    /// <summary>Checks that the old IPPools are empty, and deletes them.</summary>
    DeletePools,

    /// <summary>Uncordons one Node that the migration has cordoned.</summary>
    UncordonNode,

    /// <summary>Installs the Multus binary on every Node, its configuration generator switched off.</summary>
    InstallMultus,

    /// <summary>Writes <c>00-multus.conf</c> that delegates to Calico only, on one Node.</summary>
    DelegateToCalico,

    /// <summary>Writes a copy of Calico's CNI file that sorts before Antrea's, on one Node.</summary>
    HoldCalico,

    /// <summary>Makes one Node send what Calico Pods have for PodCIDRs by Calico's tunnel.</summary>
    LeadCalico,

    /// <summary>Removes the copy of Calico's CNI file from one Node: Antrea's own file is the first then.</summary>
    ReleaseHold,

    /// <summary>Undoes <see cref="LeadCalico"/> on one Node.</summary>
    StopLeadingCalico,

    /// <summary>Partition: keeps antrea-agent away from one Node until its part moves.</summary>
    DeferAntrea,

    /// <summary>Partition: lets calico-node leave Nodes one by one.</summary>
    ConfineCalico,

    /// <summary>Partition: undoes <see cref="DeferAntrea"/>.</summary>
    AdmitAntrea,

    /// <summary>Partition: makes calico-node leave one Node.</summary>
    StopCalico,

    /// <summary>Partition: removes the routes that calico-node left on one Node.</summary>
    ClearRoutes,

    /// <summary>Partition: undoes <see cref="StopCalico"/>; in a rollback calico-node comes back by it.</summary>
    ReadmitCalico,

    /// <summary>Keeps Calico from taking <c>antrea-gw0</c> for the Node's address.</summary>
    PinCalicoAutodetection,

    /// <summary>Applies the Antrea manifest and waits for every agent.</summary>
    InstallAntrea,

    /// <summary>Converts, verifies and applies the policies.</summary>
    ConvertPolicies,

    /// <summary>Writes <c>00-multus.conf</c> that delegates to Calico and Antrea, on one Node.</summary>
    DelegateToBoth,

    /// <summary>Applies the plan's allowances for connections that arrive under their Nodes' addresses.</summary>
    AllowMasqueraded,

    /// <summary>Removes the allowances, and looks that none is left.</summary>
    WithdrawAllowances,

    /// <summary>Suspends the CronJobs whose Pods get addresses.</summary>
    SuspendCronJobs,

    /// <summary>Lets the CronJobs run again that the migration has suspended.</summary>
    ResumeCronJobs,

    /// <summary>Runs a Pod of the migration's own on every Node and checks that it gets the phase's network.</summary>
    TryCanaries,

    /// <summary>Restarts every Pod that is not yet in the phase's network.</summary>
    RestartPods,

    /// <summary>Checks against the cluster that no Pod is left in the network before.</summary>
    AssertPods,

    /// <summary>Writes <c>00-multus.conf</c> that delegates to Antrea only, on one Node.</summary>
    DelegateToAntrea,

    /// <summary>Stops until the operator says go on.</summary>
    Hold,

    /// <summary>Deletes Calico's workloads, objects and definitions.</summary>
    RemoveCalico,

    /// <summary>Removes what Calico left on one Node.</summary>
    CleanNode,

    /// <summary>Removes <c>00-multus.conf</c> from one Node: Antrea's own file is the first then.</summary>
    RemoveMultusConfig,

    /// <summary>Removes the Multus DaemonSet.</summary>
    RemoveMultus,

    /// <summary>Checks that nothing of Calico is left: no address, file, route or object.</summary>
    Verify,

    /// <summary>Removes the migration's own DaemonSet.</summary>
    RemoveNodeAgent,

    /// <summary>Rollback: deletes the converted policies from Antrea.</summary>
    WithdrawPolicies,

    /// <summary>Rollback: deletes Antrea's bridges, workloads, objects and definitions.</summary>
    RemoveAntrea,

    /// <summary>Rollback: removes what Antrea left on one Node.</summary>
    CleanAntreaNode,

    /// <summary>Rollback: gives Calico the setting back that <see cref="PinCalicoAutodetection"/> changed.</summary>
    UnpinCalicoAutodetection,

    /// <summary>Rollback: undoes <see cref="ConfineCalico"/>.</summary>
    FreeCalico,

    /// <summary>Rollback: makes the old IPPools what they were, or makes them anew.</summary>
    RestorePools,

    /// <summary>Rollback: checks that nothing of Antrea and Multus is left and every Pod is a Calico Pod.</summary>
    VerifyRollback,

    /// <summary>Rollback: deletes the migration's Namespace, and with it the journal in the cluster.</summary>
    ForgetMigration,
}

/// <summary>One step of a plan.</summary>
/// <param name="Id">Unique in the plan and stable between runs, for example <c>bridge/delegate-to-calico/worker3</c>.</param>
/// <param name="Phase">The part of the migration it belongs to.</param>
/// <param name="Kind">What it does.</param>
/// <param name="Title">What it does, in words for a person.</param>
/// <param name="Node">The Node it is about, or null for the cluster.</param>
/// <param name="Reversibility">What it takes to undo it.</param>
/// <param name="Restarts">The workloads it restarts, in this order, as <c>Kind/namespace/name (n Pods)</c>, with how after the number where it is not
/// by rollout; empty for most.</param>
public sealed record MigrationStep(
    string Id,
    MigrationPhase Phase,
    MigrationStepKind Kind,
    string Title,
    string? Node,
    Reversibility Reversibility,
    ImmutableArray<string> Restarts);
