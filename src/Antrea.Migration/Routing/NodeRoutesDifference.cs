using System.Collections.Immutable;

namespace Antrea.Migration.Routing;

/// <summary>What one kernel has more and less than another, whose memory it shares.</summary>
internal sealed class NodeRoutesDifference
{
    private readonly HashSet<Route> _removed;

    /// <summary>Notes the difference to a kernel that shares nothing itself.</summary>
    public NodeRoutesDifference(NodeRoutes shared, ImmutableArray<Route> added, HashSet<Route> removed)
    {
        (Shared, Added, _removed) = (shared, added, removed);
    }

    /// <summary>The kernel that is shared.</summary>
    public NodeRoutes Shared { get; }

    /// <summary>The routes more, in the order given.</summary>
    public ImmutableArray<Route> Added { get; }

    /// <summary>The routes less; perhaps some that are not in <see cref="Shared"/>.</summary>
    public IReadOnlyCollection<Route> Removed => _removed;

    /// <summary>How many routes are left and added.</summary>
    public int RouteCount => Added.Length + Shared.RouteCount - _removed.Sum(Shared.CountOf);

    /// <summary>Whether the kernel has a route of the shared one.</summary>
    public bool IsLeft(Route shared) => !_removed.Contains(shared);

    /// <summary>The routes added, then those of the shared kernel that are left.</summary>
    public ImmutableArray<Route> Routes() => [.. Added, .. Shared.Routes.Where(IsLeft)];

    /// <summary>The difference to the same kernel when more is added and removed.</summary>
    public NodeRoutesDifference With(ImmutableArray<Route> added, HashSet<Route> removed) =>
        new(Shared, [.. added, .. Added.Where(r => !removed.Contains(r))], [.. _removed, .. removed]);

    /// <summary>The tables, each made when it is first asked: the shared one itself where nothing differs.</summary>
    public ImmutableSortedDictionary<string, Lazy<RouteTable>> Tables()
    {
        var added = Added.ToLookup(r => NodeRoutes.Canonical(r.Table), StringComparer.Ordinal);
        var removed = _removed.ToLookup(r => NodeRoutes.Canonical(r.Table), StringComparer.Ordinal);
        return Shared.TableNames.Union(added.Select(g => g.Key)).ToImmutableSortedDictionary(
            name => name,
            name => new Lazy<RouteTable>(() => Shared.Table(name) is not { } shared ? new RouteTable(added[name])
                : added.Contains(name) || removed.Contains(name) ? shared.With(added[name], removed[name])
                : shared),
            StringComparer.Ordinal);
    }
}
