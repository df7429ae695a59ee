using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>What a migration will do, step by step, and what speaks against it.</summary>
/// <remarks>Made from a snapshot alone; equal snapshots and options give equal plans. Immutable and safe for use by several threads.</remarks>
public sealed record MigrationPlan
{
    /// <summary>The version of the saved form.</summary>
    public const int CurrentSchemaVersion = 1;

    /// <summary>Identifies the plan: derived from <see cref="Fingerprint"/>, so the same cluster gets the same id.</summary>
    public required string Id { get; init; }

    /// <summary>SHA-256, in hexadecimal, of what the plan was made from: Nodes with their PodCIDRs, Calico's pools and settings, policies and what they are predicted to do,
    /// the new addresses, the scenario, the options and the Antrea version. Pods come and go and are not part of it.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>A hash of each part of <see cref="Fingerprint"/>, by a name for people, so that a refusal can say what has changed. Empty in a plan from before there were any, and in a
    /// rollback.</summary>
    public ImmutableSortedDictionary<string, string> Inputs { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>What kind of migration the addresses ask for, as words: <c>Simple</c>, <c>SmallOverlap</c>, <c>MostOverlap</c>;
    /// or <c>Partition</c> where that was asked for.</summary>
    public required string Scenario { get; init; }

    /// <summary>How Calico and Antrea Pods reach each other meanwhile.</summary>
    public BridgeKind Bridge { get; init; }

    /// <summary>Why that bridge, what it needs and what it costs, for people.</summary>
    public string BridgeReason { get; init; } = "";

    /// <summary>What a restart does with a Pod.</summary>
    public RestartMode Restart { get; init; }

    /// <summary>The two parts in which the Nodes move, and the flows that this breaks; null with a bridge. There also while findings block, which it is for a person to judge.</summary>
    public NodePartition? Partition { get; init; }

    /// <summary>How Calico leaves the PodCIDRs first; null where nothing overlaps.</summary>
    public Readdressing? Readdressing { get; init; }

    /// <summary>The connections that will not come about for a while, however many retries; empty when nobody is cut off.</summary>
    public ImmutableArray<PredictedLoss> PredictedLosses { get; init; } = [];

    /// <summary>What policies decide otherwise for a while, because connections arrive from other addresses; by phase.</summary>
    public ImmutableArray<PredictedPolicyChange> PredictedPolicyChanges { get; init; } = [];

    /// <summary>What keeps connections that policies would deny meanwhile; empty but with <see cref="PolicyMode.Available"/>.</summary>
    public ImmutableArray<PolicyAllowance> PolicyAllowances { get; init; } = [];

    /// <summary>SHA-256, in hexadecimal, of the policies that the allowances were made for; empty without allowances.</summary>
    public string PoliciesHash { get; init; } = "";

    /// <summary>The Antrea version to be installed, for example <c>v2.7.0</c>.</summary>
    public required string AntreaVersion { get; init; }

    /// <summary>The names of all Nodes, sorted.</summary>
    public required ImmutableArray<string> Nodes { get; init; }

    /// <summary>The PodCIDRs of each Node, by Node name.</summary>
    public required ImmutableSortedDictionary<string, ImmutableArray<Cidr>> PodCidrs { get; init; }

    /// <summary>Where Service ClusterIPs come from.</summary>
    public required ImmutableArray<Cidr> ServiceCidrs { get; init; }

    /// <summary>Every range Calico gives or gave addresses from: its pools, those to come included, and blocks. Left-over routes are looked for inside them only.</summary>
    public required ImmutableArray<Cidr> CalicoCidrs { get; init; }

    /// <summary>SHA-256, in hexadecimal, of the manifests the plan was made with; the same ones must be given when it is executed.</summary>
    public required string ManifestHash { get; init; }

    /// <summary>The id of the plan that this one undoes; null for a migration.</summary>
    public string? Undoes { get; init; }

    /// <summary>The steps in order; empty while a finding blocks.</summary>
    public required ImmutableArray<MigrationStep> Steps { get; init; }

    /// <summary>Everything found while planning, the blocking ones first.</summary>
    public required ImmutableArray<Finding> Findings { get; init; }

    /// <summary>Whether nothing blocks, so that the plan can be executed.</summary>
    public bool IsExecutable => Findings.All(f => f.Severity != Severity.Blocker);

    /// <summary>Those of <see cref="CalicoCidrs"/> that lie in no other: a pool stands for all its blocks.</summary>
    internal IEnumerable<Cidr> OutermostCalicoCidrs()
    {
        Cidr? outer = null;
        foreach (var cidr in CalicoCidrs.Order())
        {
            if (outer is null || !outer.Value.Contains(cidr))
            {
                outer = cidr;
                yield return cidr;
            }
        }
    }
}
