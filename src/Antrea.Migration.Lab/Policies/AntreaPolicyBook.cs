using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Lab.Policies;

/// <summary>Antrea's policies and tiers, and Kubernetes' NetworkPolicies.</summary>
internal sealed class AntreaPolicyBook(ObjectStore store, Action<Exception> fail, Action wake) : PolicyBook(store, fail, wake)
{
    protected override PolicyInput Classify(string group, string kind) => (group, kind) switch
    {
        (CniKinds.AntreaGroup, "ClusterNetworkPolicy" or "NetworkPolicy") => PolicyInput.Policy,
        (CniKinds.AntreaGroup, "Tier") => PolicyInput.Context,
        (KubernetesPolicyReader.Group, "NetworkPolicy") => PolicyInput.Policy,
        _ => PolicyInput.None,
    };

    protected override IPolicyEvaluator Evaluator(ClusterSnapshot snapshot)
    {
        // Antrea obeys rules of a direction that policyTypes leaves out, and so does its evaluator.
        var blockers = snapshot.OfKind(KubernetesPolicyReader.Group, "NetworkPolicy").Select(KubernetesPolicyReader.Read)
            .SelectMany(p => p.Findings, (p, f) => (p.Policy, Finding: f))
            .Where(p => p.Finding.Severity == Severity.Blocker && p.Finding.Code != PolicyCode.KubernetesPolicyTypes.Id)
            .Select(p => $"Kubernetes NetworkPolicy {p.Policy} {p.Finding.Path}: {p.Finding.Message}")
            .ToList();
        return blockers.Count > 0
            ? throw new NotSupportedException(string.Join("; ", blockers))
            : PolicyEvaluators.ForAntrea(
                snapshot, snapshot.Objects.Where(o => o.Group == CniKinds.AntreaGroup).Select(o => o.Json));
    }
}
