using Antrea.Migration.Addressing;

namespace Antrea.Migration.Routing;

/// <summary>Finds what kernels have in common with one of them.</summary>
internal sealed class SharedRoutes
{
    private readonly NodeRoutes _shared;
    private readonly Dictionary<(string Table, Cidr Destination), Route[]> _byDestination;

    public SharedRoutes(NodeRoutes first)
    {
        _shared = first.Difference?.Shared ?? first;
        _byDestination = ByDestination(_shared);
    }

    /// <summary>The same kernel, as a difference where that is less than half of it.</summary>
    public NodeRoutes Of(NodeRoutes node)
    {
        if (node.Difference is not null || ReferenceEquals(node, _shared))
        {
            return node;
        }

        // The order of a destination's routes counts, so they are shared all or none.
        var own = ByDestination(node);
        var different = own.Where(d => !_byDestination.TryGetValue(d.Key, out var shared) || !shared.AsSpan().SequenceEqual(d.Value)).ToList();
        var added = different.SelectMany(d => d.Value).ToList();
        var removed = different.Select(d => _byDestination.GetValueOrDefault(d.Key, []))
            .Concat(_byDestination.Where(d => !own.ContainsKey(d.Key)).Select(d => d.Value)).SelectMany(r => r).ToList();
        return added.Count + removed.Count < node.RouteCount / 2 ? _shared.With(node.Node, added, removed, node.Rules) : node;
    }

    private static Dictionary<(string, Cidr), Route[]> ByDestination(NodeRoutes node) =>
        node.Routes.GroupBy(r => (NodeRoutes.Canonical(r.Table), r.Destination)).ToDictionary(g => g.Key, g => g.ToArray());
}
