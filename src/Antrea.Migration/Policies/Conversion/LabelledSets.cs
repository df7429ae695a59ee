using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>The network sets and host endpoints of a cluster, found by selectors, with a note of which were found.</summary>
/// <remarks>Safe for use by several threads.</remarks>
internal sealed class LabelledSets(CalicoPolicySet set)
{
    private readonly Lock _lock = new();
    private readonly HashSet<CalicoLabelledSet> _reached = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<CalicoLabelledSet, ImmutableArray<Cidr>> _compacted = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, IReadOnlyList<CalicoLabelledSet>> _found = new(StringComparer.Ordinal);

    private readonly ILookup<string, CalicoLabelledSet> _byNamespace = set.NetworkSets.ToLookup(s => s.Namespace, StringComparer.Ordinal);

    private readonly IReadOnlyList<CalicoLabelledSet> _all = [.. set.NetworkSets, .. set.HostEndpoints.Select(h => h.Endpoint)];

    /// <summary>Those that a selector of a rule selects, network sets first.</summary>
    /// <param name="expression">The selector, on effective labels.</param>
    /// <param name="boundNamespace">The Namespace that the selector is bound to, so that only sets there can satisfy it; null when it is bound to none.</param>
    public IReadOnlyList<CalicoLabelledSet> Reach(SelectorExpression expression, string? boundNamespace)
    {
        var candidates = boundNamespace is null ? _all : _byNamespace[boundNamespace];
        if (!candidates.Any())
        {
            return [];
        }

        // Equal selectors are common, and each may face many sets.
        var key = $"{boundNamespace}\n{expression}";
        lock (_lock)
        {
            if (!_found.TryGetValue(key, out var found))
            {
                found = [.. candidates.Where(s => expression.Matches(s.Labels))];
                _found[key] = found;
                _reached.UnionWith(found);
            }

            return found;
        }
    }

    /// <summary>The networks of a set or endpoint; written with fewer prefixes where there are more than a rule takes.</summary>
    public ImmutableArray<Cidr> NetsOf(CalicoLabelledSet one)
    {
        if (one.Nets.Length <= NetworkPlacement.MaxNetworks)
        {
            return one.Nets;
        }

        lock (_lock)
        {
            if (!_compacted.TryGetValue(one, out var nets))
            {
                nets = [.. AddressRanges.Of(one.Nets).ToPrefixes()];
                _compacted[one] = nets;
            }

            return nets;
        }
    }

    /// <summary>A host endpoint that declares a port by one of these names; null when there is none.</summary>
    public CalicoLabelledSet? DeclaredByHostEndpoint(IReadOnlyCollection<string> names) =>
        set.HostEndpoints.Select(h => h.Endpoint).FirstOrDefault(e => e.Ports.Any(p => names.Contains(p.Name)));

    /// <summary>Whether any rule has reached this one.</summary>
    public bool IsReached(CalicoLabelledSet one)
    {
        lock (_lock)
        {
            return _reached.Contains(one);
        }
    }
}
