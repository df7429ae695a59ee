using System.Collections.Immutable;

namespace Antrea.Migration.Connectivity;

/// <summary>What a <see cref="ContinuousProbe"/> saw.</summary>
/// <param name="Outages">Every outage, by start, then by flow. Compared by reference in equality.</param>
/// <param name="Flows">The totals of every flow, in the order the flows were given. Compared by reference in equality.</param>
public sealed record ContinuousProbeResult(ImmutableArray<OutageWindow> Outages, ImmutableArray<FlowTotals> Flows)
{
    /// <summary>The outages merged by target, in the order the targets were given. Compared by reference in equality.</summary>
    public ImmutableArray<ServiceDowntime> Services { get; init; } = [];
}
