using System.Collections.Immutable;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>A Calico tier with its policies in evaluation order, Kubernetes policies that are compiled in among them.</summary>
internal sealed class PolicyStage
{
    private readonly ILookup<string, (int Rank, CompiledPolicy Policy)> _byNamespace;

    /// <param name="tier">The tier.</param>
    /// <param name="policies">Its policies, in any order.</param>
    public PolicyStage(CalicoTier tier, IEnumerable<CompiledPolicy> policies)
    {
        Tier = tier;
        Policies = [.. policies.OrderBy(p => p.Policy.Order).ThenBy(p => p.TieKey, ByteOrder.Comparer)];
        _byNamespace = Policies.Select((p, i) => (i, p)).ToLookup(p => p.p.Policy.Namespace, StringComparer.Ordinal);
    }

    public CalicoTier Tier { get; }

    /// <summary>In evaluation order.</summary>
    public ImmutableArray<CompiledPolicy> Policies { get; }

    /// <summary>The policies that may govern some of these Pods, in evaluation order: those of other Namespaces are left out.</summary>
    public IEnumerable<CompiledPolicy> Near(IReadOnlyCollection<SelectorTerm> pods)
    {
        var namespaces = pods.Select(t => t.BoundNamespace).Distinct(StringComparer.Ordinal).ToList();
        return namespaces.Contains(null)
            ? Policies
            : namespaces.Append("").SelectMany(n => _byNamespace[n!]).OrderBy(p => p.Rank).Select(p => p.Policy);
    }
}
