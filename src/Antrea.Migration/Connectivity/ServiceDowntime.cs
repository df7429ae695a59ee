using System.Collections.Immutable;

namespace Antrea.Migration.Connectivity;

/// <summary>How long one target was not reached, over all flows that ask for it.</summary>
/// <param name="Target">The target, as its flows have it.</param>
/// <param name="Flows">How many flows ask for it.</param>
/// <param name="Impaired">Time in which at least one of the flows had an outage; overlapping ones count once.</param>
/// <param name="Down">Time in which every flow had one: the service was gone for everybody who asked.</param>
public sealed record ServiceDowntime(Uri Target, int Flows, TimeSpan Impaired, TimeSpan Down)
{
    /// <summary>Merges the outages of flows into those of targets, in the targets' order of first mention.</summary>
    internal static ImmutableArray<ServiceDowntime> Of(IEnumerable<ProbeFlow> flows, IReadOnlyCollection<OutageWindow> outages) =>
        [.. flows.GroupBy(f => f.Target).Select(g => Of(g.Key, [.. g.Select(f => f.Name)], outages))];

    private static ServiceDowntime Of(Uri target, HashSet<FlowName> flows, IReadOnlyCollection<OutageWindow> outages)
    {
        var (impaired, down) = (TimeSpan.Zero, TimeSpan.Zero);
        var open = 0;
        DateTimeOffset since = default;

        // A flow's own outages never overlap. Where one ends as another begins, nothing lies between.
        foreach (var (at, change) in outages.Where(o => flows.Contains(o.Flow))
            .SelectMany(o => new[] { (At: o.Start, Change: 1), (At: o.End, Change: -1) })
            .OrderBy(e => e.At).ThenByDescending(e => e.Change))
        {
            impaired += open > 0 ? at - since : TimeSpan.Zero;
            down += open == flows.Count ? at - since : TimeSpan.Zero;
            open += change;
            since = at;
        }

        return new ServiceDowntime(target, flows.Count, impaired, down);
    }
}
