using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Collects conflicts and puts equal ones of several Nodes together.</summary>
internal sealed class RouteConflictList
{
    private readonly Dictionary<(string Id, string Evidence, string Dies), Entry> _conflicts = [];

    /// <summary>A conflict in one Node's table.</summary>
    /// <param name="node">The Node whose table shows it.</param>
    /// <param name="conflict">The conflict; its evidence has the same words on another Node.</param>
    public void Add(string node, RouteConflict conflict)
    {
        var entry = EntryOf(conflict, node);
        if (entry.Nodes.Count == 0 || entry.Nodes[^1] != node)
        {
            entry.Nodes.Add(node);
        }
    }

    /// <summary>A conflict in the tables of all kernels of a group but some.</summary>
    public void Add(KernelGroup group, IEnumerable<string> without, RouteConflict conflict)
    {
        var places = group.PlacesOf(without);
        if (group.NamesBut(places) is { Count: > 0 } names)
        {
            EntryOf(conflict, names[0]).Groups.Add((group, places));
        }
    }

    /// <summary>What another list has found.</summary>
    public void Add(RouteConflictList other)
    {
        foreach (var (key, found) in other._conflicts)
        {
            if (_conflicts.TryAdd(key, found))
            {
                continue;
            }

            var entry = EntryOf(found.First, found.FirstNode);
            entry.Nodes.AddRange(found.Nodes);
            entry.Groups.AddRange(found.Groups);
        }
    }

    /// <summary>The heaviest first, then by id, evidence and what dies.</summary>
    public IEnumerable<RouteConflict> InOrder() => _conflicts.Values.Select(c => c.First with { Nodes = NamesOf(c) })
        .OrderByDescending(c => c.Severity)
        .ThenBy(c => c.Id, StringComparer.Ordinal)
        .ThenBy(c => c.Evidence, StringComparer.Ordinal)
        .ThenBy(c => c.Dies, StringComparer.Ordinal);

    private Entry EntryOf(RouteConflict conflict, string node)
    {
        var key = (conflict.Id, conflict.Evidence, conflict.Dies);
        if (!_conflicts.TryGetValue(key, out var entry))
        {
            _conflicts.Add(key, entry = new Entry(conflict, node));
        }
        else if (string.CompareOrdinal(node, entry.FirstNode) is var order
            && (order < 0 || (order == 0 && string.CompareOrdinal(conflict.Route, entry.First.Route) < 0)))
        {
            // Which route stands for the others does not depend on the order in which they are found.
            (entry.First, entry.FirstNode) = (conflict, node);
        }

        return entry;
    }

    private static IReadOnlyList<string> NamesOf(Entry entry)
    {
        // Of tens of thousands nearly all are of one Node, or of one group.
        if (entry is { Groups: [], Nodes: [var only] })
        {
            return [only];
        }

        if (entry is { Groups: [var (all, places)], Nodes: [] })
        {
            return all.NamesBut(places);
        }

        var single = entry.Nodes.Distinct(StringComparer.Ordinal).ToList();
        return entry.Groups is [var (group, without)] && single.TrueForAll(group.Holds)
            ? group.NamesBut([.. without.Except(group.PlacesOf(single))])
            : [.. single.Concat(entry.Groups.SelectMany(g => g.Group.NamesBut(g.Without))).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    private sealed class Entry(RouteConflict first, string firstNode)
    {
        public RouteConflict First { get; set; } = first;

        public string FirstNode { get; set; } = firstNode;

        public List<string> Nodes { get; } = [];

        public List<(KernelGroup Group, int[] Without)> Groups { get; } = [];
    }
}
