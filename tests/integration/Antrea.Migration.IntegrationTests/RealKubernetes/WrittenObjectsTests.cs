using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.IntegrationTests.Conformance;
using Antrea.Migration.IntegrationTests.Execution;
using Antrea.Migration.IntegrationTests.Kind;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;
using k8s;

namespace Antrea.Migration.IntegrationTests.RealKubernetes;

/// <summary>Whole migrations on Kubernetes' own API server under the products' own schemas, which refuse what they forbid and drop without a word what they
/// lack: everything written is stored as it was sent, and what was saved of Calico goes back as it was.</summary>
[CancelAfter(600_000)]
internal sealed class WrittenObjectsTests
{
    private const string Calicos = "projectcalico.org";

    /// <summary>Objects with fields that a migration has to carry through or to convert, beside those that the lab has anyway. No CronJob: 1.20 has them in v1beta1 only.</summary>
    private const string Objects =
        """
        {apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkSet, metadata: {name: corp, labels: {role: corp}}, spec: {nets: [198.51.100.0/24, 198.51.100.0/25]}}
        ---
        {apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {env: prod}}}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: GlobalNetworkPolicy
        metadata: {name: default.guard}
        spec:
          order: 10
          namespaceSelector: env == 'prod'
          types: [Ingress]
          ingress:
          - {action: Deny, source: {selector: role == 'corp'}}
          - {action: Allow, protocol: TCP, destination: {ports: [22, '3000:3010']}}
          - {action: Allow, protocol: ICMP, icmp: {type: 8}}
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: NetworkPolicy
        metadata: {name: default.web, namespace: shop}
        spec:
          order: 1.5
          selector: app in {'web', 'www'} || !has(app)
          types: [Ingress, Egress]
          ingress:
          - {action: Allow, protocol: TCP, source: {nets: [192.0.2.0/24], notNets: [192.0.2.7/32]}, destination: {ports: [80]}}
          egress:
          - {action: Allow, protocol: UDP, destination: {namespaceSelector: has(env), ports: [53]}}
        ---
        {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: old, namespace: shop}, spec: {podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 80}]}]}}

        """;

    [TestCase("v1.14.0", BridgeKind.PolicyRoute, "c2a0", true)]
    [TestCase("v2.7.0", BridgeKind.Multus, LabScenario.Crowded, false)]
    [TestCase("v2.7.0", BridgeKind.PolicyRoute, LabScenario.Crowded, true)]
    public async Task Everything_that_a_migration_writes_is_stored_as_it_is(
        string version, BridgeKind bridge, string name, bool isLong, CancellationToken cancellationToken)
    {
        if (isLong)
        {
            Requires.LongRun();
        }

        await using var migration = await LabMigration.StartAsync(
            cancellationToken,
            new LabClusterOptions
            {
                Name = name,
                Workers = 3,
                KubernetesBinaries = Requires.ControlPlane(),
                Definitions = OldServerManifests.CalicoDefinitions(),
                ExtraObjects = Objects,
            },
            bridge);
        migration.Options = migration.Options with { AntreaManifest = Antrea(version), AntreaVersion = version };
        using var recorder = new WriteRecorder();
        using var client = migration.Client(recorder);
        var plan = await migration.PlanAsync(cancellationToken);
        Assert.That(plan.IsExecutable, Is.True, string.Join('\n', plan.Findings));
        var before = await CalicosObjectsAsync(client, cancellationToken);

        var events = await migration.ExecuteAsync(plan, new MigrationExecutor(client, new ConfigMapJournal(client)), cancellationToken);

        TestContext.Out.WriteLine(string.Join(", ", recorder.Written.OrderBy(w => w.Key).Select(w => $"{w.Key} {w.Value}")));
        Assert.That(recorder.Wrong, Is.Empty);
        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(5)));
        Assert.That(recorder.Written.Keys, Is.SupersetOf(Expected(plan)));
        await EverythingSavedGoesBackAsync(migration, client, before, cancellationToken);
    }

    private static IEnumerable<string> Expected(MigrationPlan plan) =>
    [
        "ClusterNetworkPolicy", "NetworkPolicy", "CustomResourceDefinition", "DaemonSet", "Deployment", "ConfigMap", "Namespace", "Lease", "ClusterRole", "Node",
        .. plan.Readdressing is null ? Array.Empty<string>() : ["IPPool", "BlockAffinity"],
    ];

    /// <summary>Calico's objects by the names of their backup files.</summary>
    private static async Task<ImmutableSortedDictionary<string, JsonObject>> CalicosObjectsAsync(Kubernetes client, CancellationToken cancellationToken)
    {
        var snapshot = await new KubernetesClusterReader(client).ReadAsync(cancellationToken);
        return snapshot.Objects.Where(o => o.Group.EndsWith(Calicos, StringComparison.Ordinal)).ToImmutableSortedDictionary(o => o.ToString(), o => o.Json);
    }

    /// <summary>What a migration removed, from its own backup: definitions first, then every object, given to an API server that has none of them.</summary>
    private static async Task EverythingSavedGoesBackAsync(
        LabMigration migration, Kubernetes client, ImmutableSortedDictionary<string, JsonObject> before, CancellationToken cancellationToken)
    {
        var api = new RawApi(client);
        var saved = Directory.GetFiles(Path.Combine(migration.BackupDirectory, "objects"))
            .Select(file => new ClusterObject((JsonObject)JsonNode.Parse(File.ReadAllText(file))!, Path.GetFileName(file))).ToList();
        var definitions = saved.Where(o => o.Kind == "CustomResourceDefinition").ToList();
        var objects = saved.Where(o => o.Group.EndsWith(Calicos, StringComparison.Ordinal)).ToImmutableSortedDictionary(o => o.ToString(), o => o.Json);
        Assert.That(objects.Keys, Is.EqualTo(before.Keys));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(definitions.Select(d => d.Name).Order(), Is.EqualTo(OldServerManifests.CalicoDefinitions().Select(d => d.Name).Order()));
            Assert.That(objects.Where(o => !JsonNode.DeepEquals(AsWritten(o.Value), AsWritten(before[o.Key]))).Select(o => o.Value), Is.Empty, "saved as they were");
        }

        foreach (var definition in definitions)
        {
            var made = await api.PostAsync("apis/apiextensions.k8s.io/v1/customresourcedefinitions", AsWritten(definition.Json).ToJsonString());
            Assert.That(made.Code, Is.EqualTo(201), made.Body.ToJsonString());
        }

        foreach (var (what, obj) in objects)
        {
            var plural = definitions.First(d => d.Json.Text("spec", "names", "kind") == obj.Text("kind")).Json.Text("spec", "names", "plural");
            var list = obj.NamespaceOf() is { Length: > 0 } home ? $"apis/crd.projectcalico.org/v1/namespaces/{home}/{plural}" : $"apis/crd.projectcalico.org/v1/{plural}";
            await api.UntilAsync(list, answer => answer.Code == 200, cancellationToken);
            var made = await api.PostAsync(list, AsWritten(obj).ToJsonString());
            Assert.That(made.Code, Is.EqualTo(201), $"{what}: {made.Body.ToJsonString()}");
            Assert.That(AsWritten(made.Body).ToJsonString(), Is.EqualTo(AsWritten(obj).ToJsonString()), what);
        }
    }

    /// <summary>Without what the API server gives every object, and without the status that is others' to write.</summary>
    private static JsonObject AsWritten(JsonObject obj)
    {
        var copy = obj.Copy();
        copy.Remove("status");
        foreach (var field in (string[])["uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"])
        {
            (copy["metadata"] as JsonObject)?.Remove(field);
        }

        return copy;
    }

    /// <summary>The release's manifest. Its webhooks would be asked on a Service that nothing here serves.</summary>
    private static ImmutableArray<ClusterObject> Antrea(string version) =>
        [.. OldServerManifests.Antrea(version).Where(o => o.Kind is not ("MutatingWebhookConfiguration" or "ValidatingWebhookConfiguration"))];
}
