using Antrea.Migration.Execution;
using Antrea.Migration.IntegrationTests.Conformance;
using Antrea.Migration.IntegrationTests.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.ControlPlane.Real;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.RealKubernetes;

/// <summary>The Simple scenario on Kubernetes' own control plane: its controllers, its scheduler, its conflicts, its authorization;
/// only the Nodes are hollow.</summary>
[CancelAfter(600_000)]
public sealed class RealScenarioTests
{
    /// <summary>A workload that nobody rolls: its Pods are evicted, within a budget.</summary>
    private const string Budgeted =
        """
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata: {name: bare, namespace: default}
        spec:
          replicas: 2
          selector: {matchLabels: {app: bare}}
          template:
            metadata: {labels: {app: bare}}
            spec: {containers: [{name: main, image: bare}]}
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: bare, namespace: default}
        spec: {minAvailable: 1, selector: {matchLabels: {app: bare}}}

        """;

    private const string Bindings =
        """
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRoleBinding
        metadata: {name: antrea-migrator}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: antrea-migrator}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: migrator}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: antrea-migrator, namespace: kube-system}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: antrea-migrator}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: migrator}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: RoleBinding
        metadata: {name: antrea-migrator, namespace: antrea-migration}
        roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: antrea-migrator}
        subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: migrator}]

        """;

    [Test]
    public async Task Operator_with_the_least_rights_migrates_a_cluster_whose_control_plane_is_Kubernetes_own(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(
            cancellationToken,
            new LabClusterOptions { Name = "c2a0", Workers = 3, KubernetesBinaries = Requires.ControlPlane(), ExtraObjects = Budgeted });
        var plane = ((RealLabControlPlane)migration.Lab.ControlPlane).Plane;

        migration.Account = plane.KubeconfigFor("nobody");
        Assert.That(
            () => migration.PlanAsync(cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.Contains("forbids listing nodes").And.Property("Next").Contains("list"));

        migration.Lab.Apply(MigrationRequirements.RoleManifest + "---\n" + Bindings);
        migration.Account = plane.KubeconfigFor("migrator");
        var plan = await migration.PlanAsync(cancellationToken);
        Assert.That(plan.IsExecutable, Is.True, string.Join('\n', plan.Findings));

        var events = await migration.ExecuteAsync(plan, cancellationToken);

        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(5)));
        var dump = await migration.DumpAsync(cancellationToken);
        using var client = migration.Client();
        var api = new RawApi(client);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(dump, Does.Not.Contain("tunl0 10.").And.Not.Contain("10-calico.conflist").And.Not.Contain("00-multus.conf"));
            Assert.That(migration.Lab.Store.Types().Select(t => t.Group), Does.Not.Contain("crd.projectcalico.org"));
            Assert.That(migration.Lab.Store.PeekAll(ResourceType.PodDisruptionBudget).Select(b => b.NameOf()), Is.EqualTo((string[])["bare"]), "Calico's is gone, whatever version it is served in");
            Assert.That((await api.GetAsync("api/v1/secrets")).Outcome, Is.EqualTo("403 Forbidden"), "nobody's Secrets are read");
            Assert.That((await api.GetAsync("api/v1/namespaces/kube-system/secrets")).Outcome, Is.EqualTo("403 Forbidden"));
            Assert.That((await api.GetAsync("api/v1/namespaces/default/configmaps")).Outcome, Is.EqualTo("403 Forbidden"));
            Assert.That((await api.DeleteAsync("api/v1/namespaces/default/pods/x")).Outcome, Is.EqualTo("403 Forbidden"), "Pods are evicted, not deleted");
            Assert.That((await api.DeleteAsync("api/v1/nodes/c2a0-worker")).Outcome, Is.EqualTo("403 Forbidden"));
            Assert.That((await api.DeleteAsync("api/v1/namespaces/default")).Outcome, Is.EqualTo("403 Forbidden"));
            Assert.That((await api.DeleteAsync("apis/apps/v1/namespaces/default/daemonsets/nginx-ds")).Outcome, Is.EqualTo("403 Forbidden"));
            Assert.That((await api.PostAsync("api/v1/namespaces/kube-system/pods/x/exec?command=id", "{}")).Outcome, Is.EqualTo("403 Forbidden"));
            Assert.That((await api.PostAsync("api/v1/namespaces/default/pods", """{"metadata":{"name":"x"}}""")).Outcome, Is.EqualTo("403 Forbidden"));
        }
    }
}
