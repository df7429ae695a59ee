using System.Text.Json.Nodes;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>What Calico's manifests of any version bring is gone when it is removed, and nothing else.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class CalicoRemovalTests
{
    private const string Shared = "clusternetworkpolicies.policy.networking.k8s.io";

    /// <summary>What refuses to go, or would refuse others, and what is not Calico's.</summary>
    private const string Extras =
        """
        apiVersion: apiregistration.k8s.io/v1
        kind: APIService
        metadata: {name: v3.projectcalico.org}
        spec: {group: projectcalico.org, version: v3, groupPriorityMinimum: 1500, versionPriority: 200, service: {name: calico-api, namespace: calico-apiserver} }
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: calico-apiserver}
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: {name: calico-webhooks}
        webhooks: [{name: tiered-rbac.projectcalico.org, admissionReviewVersions: [v1], sideEffects: None, failurePolicy: Fail, clientConfig: {service: {name: calico-webhooks, namespace: kube-system}}}]
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: MutatingWebhookConfiguration
        metadata: {name: api.projectcalico.org}
        webhooks: [{name: api.projectcalico.org, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {service: {name: calico-api, namespace: calico-apiserver}}}]
        ---
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingWebhookConfiguration
        metadata: {name: users}
        webhooks:
        - {name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {service: {name: calico-api, namespace: calico-apiserver}}}
        - {name: b.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: {service: {name: users, namespace: default}}}
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: calico-tier-getter}
        rules: [{apiGroups: [projectcalico.org], resources: [tiers], verbs: [get]}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: calico-users-own}
        rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
        ---
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: tiers.crd.projectcalico.org}
        spec:
          group: crd.projectcalico.org
          scope: Cluster
          names: {kind: Tier, listKind: TierList, plural: tiers, singular: tier}
          versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: Tier
        metadata: {name: default, finalizers: [projectcalico.org/tier-controller]}
        spec: {order: 1000000}

        """;

    private const string SharedDefinition =
        $$$$"""
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: {{{{Shared}}}}, annotations: {policy.networking.k8s.io/bundle-version: v0.2.0} }
        spec:
          group: policy.networking.k8s.io
          scope: Cluster
          names: {kind: ClusterNetworkPolicy, listKind: ClusterNetworkPolicyList, plural: clusternetworkpolicies, singular: clusternetworkpolicy}
          versions: [{name: v1alpha2, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}]
        ---
        apiVersion: rbac.authorization.k8s.io/v1
        kind: ClusterRole
        metadata: {name: calico-node}
        rules: [{apiGroups: [policy.networking.k8s.io], resources: [clusternetworkpolicies], verbs: [watch, list]}]
        ---

        """;

    private static readonly string[] Files = ["calico-v3.26.1/calico.yaml", "calico-v3.26.1/apiserver.yaml", "calico-v3.32.1/calico.yaml", "calico-v3.32.1/calico-vxlan.yaml", "calico-v3.32.1/apiserver.yaml"];

    [Test]
    [CancelAfter(600_000)]
    public async Task Finalizers_are_released_and_APIService_webhooks_and_roles_go(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, new LabClusterOptions { Name = "c2a0", Workers = 1 }, BridgeKind.PolicyRoute);
        var store = migration.Lab.Store;

        var events = await RunAsync(migration, cancellationToken, () =>
        {
            migration.Lab.Apply(Extras);
            foreach (var pool in PoolsOf(store))
            {
                store.Mutate(pool.Type, "", pool.Name, json =>
                {
                    json["metadata"]!["finalizers"] = new JsonArray("projectcalico.org/ippool-finalizer");
                    return true;
                });
            }
        });

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));
            Assert.That(Left(store, Extras), Is.EqualTo(["ValidatingWebhookConfiguration/users", "ClusterRole/calico-users-own"]));
            Assert.That(PoolsOf(store), Is.Empty);
        }
    }

    [TestCase("", true)]
    [TestCase("apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: mine}\nspec: {tier: Admin, priority: 1}\n", false)]
    [TestCase("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: users}\nrules: [{apiGroups: [policy.networking.k8s.io], resources: [clusternetworkpolicies], verbs: [get]}]\n", false)]
    [TestCase("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: adminnetworkpolicies.policy.networking.k8s.io}\nspec: {group: policy.networking.k8s.io, scope: Cluster, names: {kind: AdminNetworkPolicy, listKind: AdminNetworkPolicyList, plural: adminnetworkpolicies, singular: adminnetworkpolicy}, versions: [{name: v1alpha1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}\n", false)]
    [TestCase("labelled", false)]
    [TestCase("not asked for", false)]
    [CancelAfter(600_000)]
    public async Task Shared_definition_goes_only_where_nobody_else_needs_it(string also, bool goes, CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, new LabClusterOptions { Name = "c2a0", Workers = 1, Workloads = false }, BridgeKind.PolicyRoute);

        var events = await RunAsync(migration, cancellationToken, () => migration.Lab.Apply(also switch
        {
            "labelled" => SharedDefinition.Replace("annotations:", "labels: {app.kubernetes.io/managed-by: Helm}, annotations:", StringComparison.Ordinal),
            "not asked for" => SharedDefinition.Replace("resources: [clusternetworkpolicies]", "resources: [others]", StringComparison.Ordinal),
            _ => SharedDefinition + also,
        }));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));
            Assert.That(migration.Lab.Store.Peek(ResourceType.CustomResourceDefinition, "", Shared) is null, Is.EqualTo(goes));
            Assert.That(events.OfType<StepCompleted>().Single(e => e.Step.Kind == MigrationStepKind.RemoveCalico).ToString().Contains("stays, for", StringComparison.Ordinal), Is.EqualTo(!goes));
        }
    }

    [TestCaseSource(nameof(Files))]
    [CancelAfter(600_000)]
    public async Task Nothing_of_upstreams_manifests_is_left(string file, CancellationToken cancellationToken)
    {
        var text = await File.ReadAllTextAsync(Upstream(file), cancellationToken);
        await using var migration = await LabMigration.StartAsync(cancellationToken, new LabClusterOptions { Name = "c2a0", Workers = 1, Workloads = false }, BridgeKind.PolicyRoute);
        List<string> there = [];

        var events = await RunAsync(migration, cancellationToken, () =>
        {
            migration.Lab.Apply(text);
            there = Left(migration.Lab.Store, text);
        });

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));
            Assert.That(there, Has.Count.EqualTo(ManifestReader.Read(text).Count()), "all of them were there");
            Assert.That(Left(migration.Lab.Store, text), Is.Empty);
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Verification_fails_while_an_object_is_left(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, new LabClusterOptions { Name = "c2a0", Workers = 1, Workloads = false }, BridgeKind.PolicyRoute);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, e => e is StepStarted { Step.Kind: MigrationStepKind.Verify }, cancellationToken);
        migration.Lab.Apply("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: calico-crds}\nrules: []\n");

        var failed = (await migration.ExecuteAsync(plan, cancellationToken))[^1] as StepFailed;

        Assert.That(failed?.Message, Does.Contain("clusterroles/calico-crds"));
    }

    /// <summary>Changes the cluster just before Calico is removed.</summary>
    private static async Task<List<MigrationEvent>> RunAsync(LabMigration migration, CancellationToken cancellationToken, Action change)
    {
        using var client = migration.Client();
        return await migration.ExecuteAsync(
            await migration.PlanAsync(cancellationToken),
            new MigrationExecutor(client, new ConfigMapJournal(client)),
            cancellationToken,
            atEvent: e =>
            {
                if (e is StepStarted { Step.Kind: MigrationStepKind.RemoveCalico })
                {
                    change();
                }
            });
    }

    private static List<string> Left(ObjectStore store, string yaml)
    {
        var types = store.Types().ToList();
        return
        [
            .. ManifestReader.Read(yaml)
                .Where(o => types.Find(t => t.Kind == o.Text("kind") && t.ApiVersion == o.Text("apiVersion")) is { } type && store.Peek(type, o.NamespaceOf(), o.NameOf()) is not null)
                .Select(o => $"{o.Text("kind")}/{o.NameOf()}"),
        ];
    }

    private static List<(ResourceType Type, string Name)> PoolsOf(ObjectStore store) =>
        [.. store.Types().Where(t => t.Kind == "IPPool").SelectMany(t => store.PeekAll(t).Select(p => (t, p.NameOf())))];

    private static string Upstream(string file)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (Path.Combine(folder.FullName, "shared", "upstream", file) is var candidate && File.Exists(candidate))
            {
                return candidate;
            }
        }

        throw Requires.Missing("manifests", $"there is no {file} in a folder shared/upstream above the tests; the projects' manifests are not part of the repository");
    }
}
