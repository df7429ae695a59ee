using System.Collections.Immutable;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Analysis;

/// <summary>Collects conflicts and puts equal ones of several Nodes together.</summary>
internal sealed class RouteConflictList
{
    private readonly Dictionary<(string Id, string Evidence, string Dies), (RouteConflict First, ImmutableArray<string>.Builder Nodes)> _conflicts = [];

    /// <param name="node">The Node whose table shows it.</param>
    /// <param name="id">The conflict's id.</param>
    /// <param name="severity">How much it weighs.</param>
    /// <param name="route">The route; null where one is missing.</param>
    /// <param name="evidence">What was seen; the same words for the same conflict on another Node.</param>
    /// <param name="dies">Who loses whom.</param>
    /// <param name="remedy">What to do.</param>
    public void Add(string node, string id, Severity severity, Route? route, string evidence, string dies, string remedy)
    {
        if (!_conflicts.TryGetValue((id, evidence, dies), out var known))
        {
            known = (new RouteConflict(id, severity, [], route?.ToString() ?? "", evidence, dies, remedy), ImmutableArray.CreateBuilder<string>());
            _conflicts.Add((id, evidence, dies), known);
        }

        if (known.Nodes.Count == 0 || known.Nodes[^1] != node)
        {
            known.Nodes.Add(node);
        }
    }

    /// <summary>The heaviest first, then by id, evidence and what dies.</summary>
    public ImmutableArray<RouteConflict> ToImmutable() =>
    [
        .. _conflicts.Values.Select(c => c.First with { Nodes = [.. c.Nodes.Order(StringComparer.Ordinal)] })
            .OrderByDescending(c => c.Severity)
            .ThenBy(c => c.Id, StringComparer.Ordinal)
            .ThenBy(c => c.Evidence, StringComparer.Ordinal)
            .ThenBy(c => c.Dies, StringComparer.Ordinal),
    ];
}
