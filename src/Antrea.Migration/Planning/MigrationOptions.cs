using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>What a migration is asked to do. The defaults are the careful ones.</summary>
public sealed record MigrationOptions
{
    private static readonly TimeSpan MostDrainTime = TimeSpan.FromSeconds(8);

    /// <summary>The objects of the Antrea release to install, as its <c>antrea.yml</c> holds them. Empty: nothing can be installed,
    /// and the plan says so.</summary>
    public ImmutableArray<ClusterObject> AntreaManifest { get; init; } = [];

    /// <summary>The objects of the thin Multus release to install, as its <c>multus-daemonset.yml</c> holds them.</summary>
    public ImmutableArray<ClusterObject> MultusManifest { get; init; } = [];

    /// <summary>How Calico and Antrea Pods reach each other meanwhile. Default <see cref="BridgeKind.Multus"/>.</summary>
    public BridgeKind Bridge { get; init; }

    /// <summary>With <see cref="BridgeKind.Partition"/>: the names of the Nodes that go first. Empty, the default: a quarter of the Nodes, at least one, chosen so that the
    /// fewest flows between workloads break.</summary>
    public ImmutableArray<string> FirstPart { get; init; } = [];

    /// <summary>With <see cref="BridgeKind.Partition"/>: the flows between workloads that count; those of workloads that have no Pods are passed over. Empty, the default: those
    /// that Services, Namespaces and policies let expect.</summary>
    public ImmutableArray<WorkloadFlow> Flows { get; init; } = [];

    /// <summary>The Antrea version to plan for, for example <c>v2.7.0</c>; empty takes the tag of the image in
    /// <see cref="AntreaManifest"/>.</summary>
    public string AntreaVersion { get; init; } = "";

    /// <summary>The image of the migration's own privileged DaemonSet and of its canaries; any with <c>sh</c>, <c>chroot</c> and <c>sleep</c>, and <c>ip</c>, without which the
    /// canaries tell nothing of IPv6's routes.</summary>
    public string NodeAgentImage { get; init; } = "busybox:1.36";

    /// <summary>Ids of findings that the operator has judged and wants ignored.</summary>
    public ImmutableArray<string> IgnoredFindings { get; init; } = [];

    /// <summary>The share of Nodes that may be overlapped before the scenario counts as <c>MostOverlap</c>; from 0 to 1. Default 0.25.</summary>
    public decimal SmallOverlapThreshold { get; init; } = AddressAnalysisOptions.DefaultSmallOverlapThreshold;

    /// <summary>What to do where policies mean something else while both networks are in use. Default <see cref="PolicyMode.Refuse"/>.</summary>
    public PolicyMode PolicyMode { get; init; }

    /// <summary>How many Pods may be missing at the same time because of restarts, over all workloads: at least 1. With it workloads restart side by
    /// side, and those whose own strategy would take more are evicted. Default null: one workload at a time, by its own strategy. Cluster DNS and
    /// what the API server asks always go Pod by Pod.</summary>
    public int? MaxUnavailable { get; init; }

    /// <summary>What a restart does with a Pod. Default <see cref="RestartMode.Reschedule"/>.</summary>
    public RestartMode Restart { get; init; }

    /// <summary>How long a Pod that its Services do not lead to any more goes on serving before it is restarted in place: every Node's proxy has to learn
    /// of it. At most 8 seconds, for kubelet calls the Pod ready again every ten. Default 3 seconds.</summary>
    public TimeSpan DrainTime { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a running Job is waited for, as it is never killed. Default 1 hour.</summary>
    public TimeSpan JobTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>How long a step may go without any progress before it counts as failed. Default 10 minutes.</summary>
    public TimeSpan StepTimeout { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How often the cluster is asked again while a step waits. Default 1 second.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">One or more values are out of range; the message lists all of them.</exception>
    public void Validate()
    {
        List<string> faults = [];
        if (SmallOverlapThreshold is not (>= 0 and <= 1))
        {
            faults.Add($"{nameof(SmallOverlapThreshold)} is {SmallOverlapThreshold}; it must lie between 0 and 1");
        }

        if (StepTimeout <= TimeSpan.Zero)
        {
            faults.Add($"{nameof(StepTimeout)} is {StepTimeout}; it must be positive");
        }

        if (MaxUnavailable < 1)
        {
            faults.Add($"{nameof(MaxUnavailable)} is {MaxUnavailable}; it must be from 1 to {WorkloadFlow.MostWeight}");
        }

        if (JobTimeout <= TimeSpan.Zero)
        {
            faults.Add($"{nameof(JobTimeout)} is {JobTimeout}; it must be positive");
        }

        if (DrainTime < TimeSpan.Zero || DrainTime > MostDrainTime)
        {
            faults.Add($"{nameof(DrainTime)} is {DrainTime}; it must lie between 0 and {MostDrainTime}");
        }

        if (!Enum.IsDefined(Restart))
        {
            faults.Add($"{nameof(Restart)} is {Restart}, which is none");
        }

        if (PollInterval <= TimeSpan.Zero)
        {
            faults.Add($"{nameof(PollInterval)} is {PollInterval}; it must be positive");
        }

        if (!Enum.IsDefined(Bridge))
        {
            faults.Add($"{nameof(Bridge)} is {Bridge}, which is none");
        }

        if (!Enum.IsDefined(PolicyMode))
        {
            faults.Add($"{nameof(PolicyMode)} is {PolicyMode}, which is none");
        }

        if (Flows.FirstOrDefault(f => f.Weight is < 1 or > WorkloadFlow.MostWeight) is { } flow)
        {
            faults.Add($"{nameof(Flows)} has a weight of {flow.Weight}; it must be at least 1");
        }

        if (string.IsNullOrWhiteSpace(NodeAgentImage))
        {
            faults.Add($"{nameof(NodeAgentImage)} is empty");
        }

        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join("; ", faults) + ".");
        }
    }
}
