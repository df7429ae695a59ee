using Antrea.Migration.Clusters;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Lab.Policies;

/// <summary>Antrea's policies and tiers, and Kubernetes' NetworkPolicies.</summary>
internal sealed class AntreaPolicyBook(ObjectStore store, Action<Exception> fail, Action wake) : PolicyBook(store, fail, wake)
{
    protected override PolicyInput Classify(string group, string kind) => (group, kind) switch
    {
        (CniKinds.AntreaGroup, "ClusterNetworkPolicy" or "NetworkPolicy") => PolicyInput.Policy,
        (CniKinds.AntreaGroup, "Tier" or "ClusterGroup" or "Group") => PolicyInput.Context,
        (KubernetesPolicyReader.Group, "NetworkPolicy") => PolicyInput.Policy,
        _ => PolicyInput.None,
    };

    protected override IPolicyEvaluator Evaluator(ClusterSnapshot snapshot) =>
        PolicyEvaluators.AntreaTables(snapshot, snapshot.Objects.Where(AntreaPolicySet.Holds).Select(o => o.Json));

    protected override PacketFilter Filter(ClusterSnapshot snapshot) =>
        PacketFilter.ForAntrea(snapshot, snapshot.Objects.Where(AntreaPolicySet.Holds).Select(o => o.Json));
}
