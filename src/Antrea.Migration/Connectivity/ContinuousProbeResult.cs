using System.Collections.Immutable;
using Antrea.Migration.Connectivity.Load;

namespace Antrea.Migration.Connectivity;

/// <summary>What a <see cref="ContinuousProbe"/> saw.</summary>
/// <param name="Outages">Every outage, by start, then by flow. Compared by reference in equality.</param>
/// <param name="Flows">The totals of every flow, in the order the flows were given. Compared by reference in equality.</param>
public sealed record ContinuousProbeResult(ImmutableArray<OutageWindow> Outages, ImmutableArray<FlowTotals> Flows)
{
    /// <summary>The outages merged by target, in the order the targets were given. Compared by reference in equality.</summary>
    public ImmutableArray<ServiceDowntime> Services { get; init; } = [];

    /// <summary>When the watch began.</summary>
    public DateTimeOffset Start { get; init; }

    /// <summary>For how long it has watched.</summary>
    public TimeSpan Elapsed { get; init; }

    /// <summary>What went on meanwhile, by start. Compared by reference in equality.</summary>
    public ImmutableArray<LoadPhase> Phases { get; init; } = [];

    /// <summary>Single requests of every flow, in the order of the flows; of a watch that has ended, before that empty. Compared by
    /// reference in equality.</summary>
    public ImmutableArray<FlowDots> Dots { get; init; } = [];
}
