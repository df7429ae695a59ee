using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Clusters;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SnapshotWriterTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("snapshot-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [TestCase("test")]
    [TestCase("odd")]
    public async Task WriteAsync_ReadBack_GivesTheSameAnalysis(string name)
    {
        var before = await SnapshotFixtures.ReadAsync(name);
        await SnapshotWriter.WriteAsync(before, _folder);
        var after = await new FolderClusterReader(_folder).ReadAsync();
        var ignoringSecrets = before with { ReadFindings = [.. before.ReadFindings.Where(f => f.Id != "secrets-left-out")] };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(after.Nodes.Select(Describe), Is.EqualTo(before.Nodes.Select(Describe)));
            Assert.That(after.Pods.Select(Describe), Is.EqualTo(before.Pods.Select(Describe)));
            Assert.That(after.CalicoIpam.Pools, Is.EqualTo(before.CalicoIpam.Pools));
            Assert.That(after.CalicoIpam.Affinities, Is.EqualTo(before.CalicoIpam.Affinities));
            Assert.That(after.CalicoIpam.Blocks.Select(b => (b.Name, b.Cidr, b.Node)), Is.EqualTo(before.CalicoIpam.Blocks.Select(b => (b.Name, b.Cidr, b.Node))));
            Assert.That(after.CalicoIpam.Blocks.SelectMany(b => b.Allocations), Is.EqualTo(before.CalicoIpam.Blocks.SelectMany(b => b.Allocations)));
            Assert.That(after.ServiceCidrs, Is.EqualTo(before.ServiceCidrs));
            Assert.That(Preflight.Check(after), Is.EqualTo(Preflight.Check(ignoringSecrets)));
        }
    }

    [Test]
    public async Task WriteAsync_Files_OneAKindInStableOrder()
    {
        var snapshot = await SnapshotFixtures.ReadAsync("test");
        var files = await SnapshotWriter.WriteAsync(snapshot, _folder);
        var again = Directory.CreateDirectory(Path.Combine(_folder, "again")).FullName;
        await SnapshotWriter.WriteAsync(snapshot with { Objects = [.. snapshot.Objects.Reverse()] }, again);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                files.Select(Path.GetFileName),
                Is.EqualTo(new[]
                {
                    "blockaffinity.crd.projectcalico.org.yaml", "configmap.yaml", "daemonset.apps.yaml", "ipamblock.crd.projectcalico.org.yaml",
                    "ippool.crd.projectcalico.org.yaml", "node.yaml", "pod.yaml",
                }));
            Assert.That(files.Select(File.ReadAllText), Is.EqualTo(Directory.GetFiles(again).Order(StringComparer.Ordinal).Select(File.ReadAllText)));
        }
    }

    [Test]
    public async Task WriteAsync_WhatNobodyShouldFind_IsNotThere()
    {
        var snapshot = SnapshotFixtures.Read("""
            apiVersion: v1
            kind: Pod
            metadata:
              name: p
              namespace: "n"
              labels: {app: kept-label}
              annotations: {vault/token: hidden-1, cni.projectcalico.org/podIP: 10.0.0.1/32, kubectl.kubernetes.io/last-applied-configuration: hidden-2}
              managedFields: [{manager: hidden-3}]
            spec:
              nodeName: kept-node
              containers:
              - name: calico-node
                image: kept-image
                command: [sh, -c, hidden-4]
                args: [--password=hidden-5, --cluster-cidr=10.99.0.0/16]
                env: [{name: PASSWORD, value: hidden-6}, {name: IP_AUTODETECTION_METHOD, value: kept-method}]
                livenessProbe: {exec: {command: [hidden-7]}}
              - {name: other, env: [{name: IP, value: hidden-8}]}
              volumes: [{name: v, csi: {driver: hidden-9}}, {name: h, hostPath: {path: /kept-path}}]
            status: {phase: Running, podIP: 10.0.0.1, containerStatuses: [{name: hidden-10}]}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: d, namespace: "n", annotations: {note: hidden-11}}
            spec: {template: {metadata: {annotations: {note: hidden-12}}, spec: {containers: [{name: c, env: [{name: A, value: hidden-13}]}]}}}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: app, namespace: "n"}
            data: {key: hidden-14}
            ---
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: kube-proxy, namespace: kube-system}
            data: {config.conf: "mode: kept-mode", kubeconfig.conf: hidden-15}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: s, namespace: "n"}
            data: {key: hidden-16}
            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingWebhookConfiguration
            metadata: {name: w}
            webhooks: [{name: kept-webhook, clientConfig: {caBundle: hidden-17, service: {name: s, namespace: "n"}}}]
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: a, namespace: "n", labels: {role: kept-role}}
            secrets: [{name: hidden-18}]
            """);
        var text = string.Concat((await SnapshotWriter.WriteAsync(snapshot, _folder)).Select(File.ReadAllText));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(text, Does.Not.Contain("hidden-"));
            foreach (var kept in new[]
            {
                "kept-label", "kept-node", "kept-image", "kept-method", "kept-path", "kept-mode", "kept-webhook", "kept-role", "10.0.0.1/32", "--cluster-cidr=10.99.0.0/16",
            })
            {
                Assert.That(text, Does.Contain(kept));
            }
        }
    }

    [Test]
    public async Task WriteAsync_KindThatIsAPath_StaysInTheFolder()
    {
        var folder = Path.Combine(_folder, "inner");
        var snapshot = SnapshotFixtures.Read("apiVersion: ../../x/v1\nkind: ../../escaped\nmetadata: {name: a}\n");
        var file = (await SnapshotWriter.WriteAsync(snapshot, folder)).Single();
        Assert.That(Path.GetDirectoryName(Path.GetFullPath(file)), Is.EqualTo(Path.GetFullPath(folder)));
    }

    [Test]
    public async Task WriteAsync_FolderWithSomethingInIt_IsRefusedUntouched()
    {
        var file = Path.Combine(_folder, "mine.txt");
        await File.WriteAllTextAsync(file, "x");
        Assert.That(() => SnapshotWriter.WriteAsync(new ClusterSnapshot(), _folder), Throws.TypeOf<IOException>().With.Message.Contains(_folder));
        Assert.That(Directory.GetFileSystemEntries(_folder), Is.EqualTo(new[] { file }));
    }

    [Test]
    public async Task WriteAsync_LivePolicy_KeepsItsRulesToTheLetter()
    {
        const string policy = """
            {"apiVersion":"crd.projectcalico.org/v1","kind":"NetworkPolicy","metadata":{"name":"default.p","namespace":"n","annotations":{"projectcalico.org/metadata":"{\"uid\":\"x\"}"}},
             "spec":{"order":1e3,"selector":"app == 'yes' && n != \"0644\"","types":["Ingress"],"ingress":[{"action":"Allow","protocol":6,"source":{"nets":["10.0.0.0/8"]},"destination":{"ports":["80:90",443]}}]}}
            """;
        var snapshot = SnapshotFixtures.Read(policy);
        await SnapshotWriter.WriteAsync(snapshot, _folder);
        var after = await new FolderClusterReader(_folder).ReadAsync();
        Assert.That(System.Text.Json.Nodes.JsonNode.DeepEquals(after.Objects.Single().Json, snapshot.Objects.Single().Json), Is.True);
    }

    private static string Describe(NodeInfo n) =>
        $"{n.Name} {string.Join(',', n.PodCidrs)} {string.Join(',', n.InternalIPs)} {string.Join(',', n.CalicoTunnelAddresses)} {n.Ready} {n.Unschedulable} {n.NetworkUnavailableReason} {n.ContainerRuntime} {n.OperatingSystem} {n.KubeletVersion}";

    private static string Describe(PodInfo p) =>
        $"{p} {p.Uid} {p.NodeName} {p.HostNetwork} {string.Join(',', p.PodIPs)} {p.Phase} {p.Ready} {p.Terminating} {p.Controller} {string.Join(',', p.Labels)} {string.Join(',', p.Annotations)} {p.RestartPolicy}";
}
