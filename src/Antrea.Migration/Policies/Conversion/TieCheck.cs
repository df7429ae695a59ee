using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Reports policies of one tier and order that disagree about Pods they share: which one wins depends on Calico's version.</summary>
internal static class TieCheck
{
    /// <summary>One finding for each policy that ties with another, by policy.</summary>
    /// <param name="policies">Those of one tier that are not refused.</param>
    /// <param name="version">The Calico version that breaks the tie.</param>
    public static Dictionary<CalicoPolicy, PolicyFinding> Check(IEnumerable<CompiledPolicy> policies, ReleaseVersion version)
    {
        var findings = new Dictionary<CalicoPolicy, PolicyFinding>();
        foreach (var group in policies.GroupBy(p => p.Policy.Order))
        {
            var global = group.Where(p => p.Policy.IsGlobal).ToList();
            var local = group.Where(p => !p.Policy.IsGlobal).ToLookup(p => p.Policy.Namespace, StringComparer.Ordinal);
            foreach (var one in group)
            {
                var others = one.Policy.IsGlobal ? group : local[one.Policy.Namespace].Concat(global);
                if (others.FirstOrDefault(o => Disagree(one, o) && Share(one, o)) is { } other)
                {
                    var first = CalicoOrder.Sort([one.Policy, other.Policy], version).First();
                    findings[one.Policy] = PolicyCode.OrderTie.At(
                        "spec.order", $"{other.Policy} has the same order and decides otherwise; Calico {version} takes {first} first");
                }
            }
        }

        return findings;
    }

    private static bool Disagree(CompiledPolicy one, CompiledPolicy other) =>
        !ReferenceEquals(one, other)
        && (Disagree(one.Policy.GovernsIngress ? one.Policy.Ingress : [], other.Policy.GovernsIngress ? other.Policy.Ingress : [])
            || Disagree(one.Policy.GovernsEgress ? one.Policy.Egress : [], other.Policy.GovernsEgress ? other.Policy.Egress : []));

    private static bool Disagree(IReadOnlyCollection<CalicoRule> one, IReadOnlyCollection<CalicoRule> other) =>
        one.Any(a => other.Any(b => a.Action != b.Action));

    private static bool Share(CompiledPolicy one, CompiledPolicy other) =>
        one.Terms.Any(a => other.Terms.Any(b => a.And(b) is not null));
}
