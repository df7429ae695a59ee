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
        foreach (var group in policies.Select(p => new Member(p)).GroupBy(m => m.Policy.Order))
        {
            var global = group.Where(m => m.Policy.IsGlobal).ToList();
            var local = group.Where(m => !m.Policy.IsGlobal).ToLookup(m => m.Policy.Namespace, StringComparer.Ordinal);
            foreach (var one in group)
            {
                var others = one.Policy.IsGlobal ? group : local[one.Policy.Namespace].Concat(global);
                if (others.FirstOrDefault(o => one.DisagreesWith(o) && Share(one.Compiled, o.Compiled)) is { } other)
                {
                    var first = CalicoOrder.Sort([one.Policy, other.Policy], version).First();
                    findings[one.Policy] = PolicyCode.OrderTie.At(
                        "spec.order", $"{other.Policy} has the same order and decides otherwise; Calico {version} takes {first} first");
                }
            }
        }

        return findings;
    }

    /// <summary>A policy and whether it has rules of each action, in each direction that it governs.</summary>
    private sealed class Member(CompiledPolicy compiled)
    {
        private readonly bool _allowsIngress = Has(compiled.Policy.GovernsIngress, compiled.Policy.Ingress, CalicoAction.Allow);
        private readonly bool _deniesIngress = Has(compiled.Policy.GovernsIngress, compiled.Policy.Ingress, CalicoAction.Deny);
        private readonly bool _allowsEgress = Has(compiled.Policy.GovernsEgress, compiled.Policy.Egress, CalicoAction.Allow);
        private readonly bool _deniesEgress = Has(compiled.Policy.GovernsEgress, compiled.Policy.Egress, CalicoAction.Deny);

        public CompiledPolicy Compiled => compiled;

        public CalicoPolicy Policy => compiled.Policy;

        public bool DisagreesWith(Member other) =>
            !ReferenceEquals(this, other)
            && ((_allowsIngress && other._deniesIngress) || (_deniesIngress && other._allowsIngress)
                || (_allowsEgress && other._deniesEgress) || (_deniesEgress && other._allowsEgress));

        private static bool Has(bool governs, IEnumerable<CalicoRule> rules, CalicoAction action) =>
            governs && rules.Any(r => r.Action == action);
    }

    private static bool Share(CompiledPolicy one, CompiledPolicy other) =>
        one.Terms.Any(a => other.Terms.Any(b => a.And(b) is not null));
}
