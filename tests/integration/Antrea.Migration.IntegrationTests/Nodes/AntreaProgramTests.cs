using System.Text.Json.Nodes;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Nodes;

namespace Antrea.Migration.IntegrationTests.Nodes;

/// <summary>What antrea-agent and antrea-controller do besides forwarding.</summary>
public sealed class AntreaProgramTests
{
    [TestCase("v1.14.0", true, TestName = "An agent of v1.14 collects nothing at its start")]
    [TestCase("v2.4.0", false, TestName = "An agent of v2.4 frees the second address of a Multus Pod at its start")]
    [TestCase("v2.5.3", true, TestName = "An agent of v2.5.3 keeps the second address of a Multus Pod at its start")]
    [TestCase("v2.6.2", false, TestName = "An agent of v2.6.2 frees the second address of a Multus Pod at its start")]
    [TestCase("v2.7.0", true, TestName = "An agent of v2.7 keeps the second address of a Multus Pod at its start")]
    [CancelAfter(180_000)]
    public async Task Restart(string version, bool keeps, CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 1 }, cancellationToken);
        await cluster.InstallMultusAsync(cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken, version);
        cluster.WriteMultusConf(cluster.SteeredIpam());
        await cluster.RunAsync("bridge", "nginx", "worker", cancellationToken);

        await cluster.ReplaceAsync(cluster.PodOn("antrea-agent", "worker"), cancellationToken);

        Assert.That(cluster.Node("worker").Files.FileExists("/var/run/antrea/cni/networks/antrea/10.10.1.2"), Is.EqualTo(keeps));
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task While_the_agent_is_away_no_Antrea_Pod_starts_or_ends(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 1 }, cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);
        await cluster.RunAsync("old", "nginx", "worker", cancellationToken);
        var manifest = cluster.Store.Get(ResourceType.DaemonSet, "kube-system", "antrea-agent")!;
        cluster.Store.Delete(ResourceType.DaemonSet, "kube-system", "antrea-agent");
        await cluster.Store.UntilAsync(() => cluster.Node("worker").AntreaAgent is null, cancellationToken);

        cluster.Create("new", "nginx", "worker");
        cluster.Store.MarkForDeletion(ResourceType.Pod, "default", "old", 1);
        await cluster.Store.UntilAsync(
            () => cluster.Store.Peek(ResourceType.Pod, "default", "new").Items("status", "containerStatuses").FirstOrDefault()
                .Text("state", "waiting", "message")?.Contains("cni.sock", StringComparison.Ordinal) == true,
            cancellationToken);
        var stillThere = cluster.Store.Peek(ResourceType.Pod, "default", "old");
        cluster.Store.CreateOrReplace(ResourceType.DaemonSet, manifest);
        await cluster.Store.UntilAsync(
            () => cluster.Store.Peek(ResourceType.Pod, "default", "old") is null
                && cluster.Store.Peek(ResourceType.Pod, "default", "new")!.ConditionIsTrue("Ready"),
            cancellationToken);

        Assert.That(stillThere, Is.Not.Null);
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task A_policy_is_realized_on_the_Nodes_of_its_Pods(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 3 }, cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);
        cluster.Apply(
            """
            apiVersion: crd.antrea.io/v1beta1
            kind: ClusterNetworkPolicy
            metadata: {name: web}
            spec:
              tier: application
              priority: 5
              appliedTo: [{podSelector: {matchLabels: {app: nginx-ds}}, namespaceSelector: {}}]
              ingress: [{action: Allow}]
            ---
            apiVersion: crd.antrea.io/v1beta1
            kind: NetworkPolicy
            metadata: {name: without-rules, namespace: default}
            spec: {priority: 5, appliedTo: [{podSelector: {matchLabels: {app: client}}}]}
            ---
            apiVersion: crd.antrea.io/v1beta1
            kind: NetworkPolicy
            metadata: {name: elsewhere, namespace: kube-system}
            spec: {priority: 5, appliedTo: [{podSelector: {matchLabels: {app: client}}}], egress: [{action: Drop}]}
            """);
        await cluster.SettledAsync(cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Status(CniKinds.AntreaClusterNetworkPolicy, "", "web"), Is.EqualTo(("Realized", 3L, 3L)));
            Assert.That(Status(CniKinds.AntreaNetworkPolicy, "default", "without-rules"), Is.EqualTo(("Realizing", 0L, 1L)));
            Assert.That(Status(CniKinds.AntreaNetworkPolicy, "kube-system", "elsewhere"), Is.EqualTo(("Realized", 0L, 0L)));
            Assert.That(cluster.Store.PeekAll(CniKinds.AntreaTier).Select(t => t.NameOf()), Does.Contain("application"));
        }

        (string? Phase, long? Current, long? Desired) Status(ResourceType type, string policyNamespace, string name)
        {
            var policy = cluster.Store.Peek(type, policyNamespace, name);
            Assert.That(policy.Number("status", "observedGeneration"), Is.EqualTo(policy.Number("metadata", "generation")));
            return (policy.Text("status", "phase"), policy.Number("status", "currentNodesRealized"), policy.Number("status", "desiredNodesRealized"));
        }
    }
}
