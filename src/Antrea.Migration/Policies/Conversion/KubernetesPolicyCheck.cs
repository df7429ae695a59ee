using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Decides whether Kubernetes NetworkPolicies may stay native beside a converted policy.</summary>
/// <remarks>
/// In Calico they stand at order 1000 inside tier default; in Antrea behind all tiers but baseline. That is the same only where
/// no policy of tier default, or of a tier behind it, governs a Pod and direction that a Kubernetes policy governs. Tiers before default
/// are no problem: what they decide is final in both, and what they end in Pass with goes on to the Kubernetes policy in both.
/// Sources: Calico <c>libcalico-go/lib/backend/k8s/conversion</c>; Antrea docs/design/ovs-pipeline.md.
/// </remarks>
internal sealed class KubernetesPolicyCheck(CalicoPolicySet set, PolicyWorld world)
{
    /// <summary>What is to say about one policy, whose selector has these alternatives.</summary>
    public IEnumerable<PolicyFinding> Check(CalicoPolicy policy, IReadOnlyCollection<SelectorTerm> terms)
    {
        if (set.Tiers.Select(t => t.Name).TakeWhile(n => n != CalicoTier.DefaultName).Contains(policy.Tier))
        {
            yield break;
        }

        foreach (var kubernetes in set.KubernetesPolicies.Select(k => k.Policy).Where(k => policy.IsGlobal || k.Namespace == policy.Namespace))
        {
            var directions = new List<string>();
            if (policy.GovernsIngress && kubernetes.TypesIngress)
            {
                directions.Add("ingress");
            }

            if (policy.GovernsEgress && kubernetes.TypesEgress)
            {
                directions.Add("egress");
            }

            if (directions.Count == 0
                || SelectorTerm.Of(kubernetes.PodSelector, kubernetes.Namespace) is not { } other
                || terms.Select(t => t.And(other)).OfType<SelectorTerm>().ToList() is not { Count: > 0 } shared)
            {
                continue;
            }

            // The Namespace of the Kubernetes policy is known, and so are its labels: as long as they stay.
            var labels = world.LabelsOf(kubernetes.Namespace);
            var isKnown = world.Namespaces.ContainsKey(kubernetes.Namespace);
            if (!isKnown || shared.Any(t => t.ToNamespaceSelector().Matches(labels)))
            {
                yield return PolicyCode.KubernetesPolicyOverlap.At(
                    "spec.selector",
                    $"Kubernetes NetworkPolicy {kubernetes} can select the same Pods for {string.Join(" and ", directions)}; "
                    + "Calico evaluates it at order 1000 of tier default, Antrea behind all tiers");
            }
            else
            {
                yield return PolicyCode.KubernetesPolicyApart.At(
                    "spec.selector", $"only labels of Namespace {kubernetes.Namespace} keep it apart from Kubernetes NetworkPolicy {kubernetes}");
            }
        }
    }
}
