using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Lab.Policies;

/// <summary>Calico's policies, as custom resources, and Kubernetes' NetworkPolicies.</summary>
internal sealed class CalicoPolicyBook(ObjectStore store, Action<Exception> fail, Action wake) : PolicyBook(store, fail, wake)
{
    private volatile string? _version;

    /// <summary>Puts a Node's felix to work.</summary>
    /// <param name="node">The Node.</param>
    /// <param name="enforcer">Its enforcer.</param>
    /// <param name="version">Felix's release; the newest one to start decides how the policies are read.</param>
    public void Attach(string node, CalicoEnforcer enforcer, string version)
    {
        _version = ReleaseVersion.TryParse(version, out _) ? version : null;
        Attach(node, enforcer);
    }

    protected override PolicyInput Classify(string group, string kind) => (group, kind) switch
    {
        (CniKinds.CalicoGroup, "GlobalNetworkPolicy" or "NetworkPolicy") => PolicyInput.Policy,
        (CniKinds.CalicoGroup, "Tier" or "NetworkSet" or "GlobalNetworkSet" or "HostEndpoint" or "ClusterInformation" or "FelixConfiguration") =>
            PolicyInput.Context,
        ("apps", "DaemonSet") => PolicyInput.Context,
        ("", "Service" or "ServiceAccount") or ("discovery.k8s.io", "EndpointSlice") => PolicyInput.Context,
        (KubernetesPolicyReader.Group, "NetworkPolicy") => PolicyInput.Policy,
        _ => PolicyInput.None,
    };

    protected override IPolicyEvaluator Evaluator(ClusterSnapshot snapshot) =>
        PolicyEvaluators.CalicoTables(snapshot, new PolicyConversionOptions { CalicoVersion = _version });

    protected override PacketFilter Filter(ClusterSnapshot snapshot) =>
        PacketFilter.ForCalico(snapshot, new PolicyConversionOptions { CalicoVersion = _version });

    protected override IEnumerable<string> Unenforced(ClusterSnapshot snapshot) =>
        snapshot.OfKind(CniKinds.CalicoGroup, "HostEndpoint")
            .Where(e => e.Json.Texts("spec", "profiles").SingleOrDefault() != "projectcalico-default-allow")
            .Select(e => $"Not enforced: {e}: the lab has no host endpoints.");

    protected override bool AnswersDenials(ClusterSnapshot snapshot)
    {
        var check = new ClusterCheck(snapshot);
        check.Run();
        return check.DenyAnswers;
    }
}
