using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>The order in which Calico evaluates tiers, and policies within a tier.</summary>
/// <remarks>Source: Calico <c>felix/calc/policy_sorter.go</c>, <c>policy_resolver.go</c>; the tie-break key changed in v3.32.</remarks>
internal static class CalicoOrder
{
    /// <summary>The order that Kubernetes NetworkPolicies have in tier default.</summary>
    public const double KubernetesPolicyOrder = 1000;

    /// <summary>By order, then by name.</summary>
    public static IEnumerable<CalicoTier> Sort(IEnumerable<CalicoTier> tiers) =>
        tiers.OrderBy(t => t.Order).ThenBy(t => t.Name, ByteOrder.Comparer);

    /// <summary>The tiers that exist, in evaluation order, and behind them those that policies name and that do not exist, by name: Felix
    /// enforces these last, and they end in Deny.</summary>
    public static IEnumerable<CalicoTier> TiersOf(CalicoPolicySet set) => set.Tiers.Concat(
        set.Policies.Select(p => p.Policy.Tier)
            .Except(set.Tiers.Select(t => t.Name), StringComparer.Ordinal)
            .Order(ByteOrder.Comparer)
            .Select(name => new CalicoTier(name, double.PositiveInfinity, EndsInPass: false)));

    /// <summary>What ties between policies of one tier and order are broken by.</summary>
    public static string TieKey(CalicoPolicy policy, ReleaseVersion version)
    {
        if (version >= new ReleaseVersion(3, 32))
        {
            return $"{policy.StoredName}/{policy.Namespace}/{policy.Kind}";
        }

        return policy.IsGlobal ? policy.StoredName : $"{policy.Namespace}/{policy.StoredName}";
    }

    /// <summary>The same for a Kubernetes NetworkPolicy.</summary>
    public static string TieKey(KubernetesPolicy policy, ReleaseVersion version) =>
        version >= new ReleaseVersion(3, 32)
            ? $"{policy.Name}/{policy.Namespace}/KubernetesNetworkPolicy"
            : $"{policy.Namespace}/knp.default.{policy.Name}";

    /// <summary>The policies of one tier in evaluation order.</summary>
    public static IOrderedEnumerable<CalicoPolicy> Sort(IEnumerable<CalicoPolicy> policies, ReleaseVersion version) =>
        policies.OrderBy(p => p.Order).ThenBy(p => TieKey(p, version), ByteOrder.Comparer);
}
