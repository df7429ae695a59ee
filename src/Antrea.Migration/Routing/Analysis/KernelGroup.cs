using System.Collections.Immutable;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Kernels that share one's routes; a kernel that shares none is a group of its own.</summary>
/// <remarks>What a rule says of a shared route is worked out once for all of them, save those that the rule names or that differ
/// there.</remarks>
internal sealed class KernelGroup
{
    private readonly Dictionary<Route, int> _lackedBy;
    private readonly Dictionary<string, int> _places;

    private KernelGroup(NodeRoutes shared, bool arePods, IEnumerable<NodeRoutes> nodes)
    {
        (Shared, ArePods) = (shared, arePods);
        Nodes = [.. nodes.OrderBy(n => n.Node, StringComparer.Ordinal)];
        Names = [.. Nodes.Select(n => n.Node)];
        _places = Names.Index().ToDictionary(n => n.Item, n => n.Index, StringComparer.Ordinal);
        _lackedBy = Nodes.SelectMany(n => n.Difference?.Removed ?? []).CountBy(r => r).ToDictionary();
    }

    /// <summary>Whose routes are shared; may be none of <see cref="Nodes"/>.</summary>
    public NodeRoutes Shared { get; }

    /// <summary>The kernels, by name.</summary>
    public NodeRoutes[] Nodes { get; }

    /// <summary>Their names.</summary>
    public string[] Names { get; }

    /// <summary>The groups of some kernels; Pods' and Nodes' are never in one.</summary>
    public static IEnumerable<KernelGroup> Of(IEnumerable<NodeRoutes> nodes)
    {
        foreach (var sharing in nodes.GroupBy(n => n.Difference?.Shared ?? n, ReferenceEqualityComparer.Instance))
        {
            var shared = (NodeRoutes)sharing.Key!;
            var defaults = shared.Routes.Where(KnownRanges.IsPodsDefault).ToList();
            foreach (var alike in sharing.GroupBy(n => defaults.Exists(r => Has(n, r)) || AddedBy(n).Any(KnownRanges.IsPodsDefault)))
            {
                yield return new KernelGroup(shared, alike.Key, alike);
            }
        }
    }

    /// <summary>Whether the kernels are Pods'.</summary>
    public bool ArePods { get; }

    /// <summary>What a kernel has beside the shared routes.</summary>
    public static ImmutableArray<Route> AddedBy(NodeRoutes node) => node.Difference is { } difference ? difference.Added : [];

    /// <summary>Whether a kernel of the group has a shared route.</summary>
    public static bool Has(NodeRoutes node, Route shared) => node.Difference?.IsLeft(shared) ?? true;

    /// <summary>Whether any kernel of the group has a shared route.</summary>
    public bool IsAnywhere(Route shared) => _lackedBy.GetValueOrDefault(shared) < Nodes.Length;

    /// <summary>All names but those at some places, which are in order.</summary>
    public NodeNames NamesBut(int[] places) => new(Names, places);

    /// <summary>The places of some names, each once and in order; names of other groups have none.</summary>
    public int[] PlacesOf(IEnumerable<string> names)
    {
        var places = new SortedSet<int>();
        foreach (var name in names)
        {
            if (_places.TryGetValue(name, out var place))
            {
                places.Add(place);
            }
        }

        return [.. places];
    }

    public bool Holds(string name) => _places.ContainsKey(name);
}
