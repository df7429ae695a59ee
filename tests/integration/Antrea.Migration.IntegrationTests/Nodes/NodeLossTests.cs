using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Controllers;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Nodes;
using k8s;

namespace Antrea.Migration.IntegrationTests.Nodes;

/// <summary>A Node of the lab that is lost, as the cluster sees it.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class NodeLossTests
{
    private const string Lost = "c2a0-worker";

    [Test]
    [CancelAfter(180_000)]
    public async Task Lost_Node_is_unknown_and_out_of_reach_and_its_Pods_wait_for_it(CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 2 }, cancellationToken);
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(lab.KubeconfigPath));
        var pod = NginxOn(lab, Lost)!;
        var address = IPAddress.Parse(pod.Text("status", "podIP")!);
        var other = lab.Fabric.Find("c2a0-worker2")!;
        var reached = lab.Fabric.Connect(other, address, 80).Outcome;

        lab.Fleet.Lose(Lost);
        await lab.SettledAsync(cancellationToken);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(reached, Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(lab.Fabric.Connect(other, address, 80).Outcome, Is.Not.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(lab.Store.Peek(ResourceType.Node, "", Lost)!.Condition("Ready").Text("status"), Is.EqualTo("Unknown"));
            Assert.That(NginxOn(lab, Lost)!.IsReady(), Is.False);
            Assert.That(lab.Store.Peek(ResourceType.Endpoints, "default", "nginx-origin")!.Items("subsets").SelectMany(s => s.Items("addresses")).Select(a => a.Text("ip")), Has.None.EqualTo($"{address}"));
            Assert.That(
                async () => await PodExec.RunAsync(client, "default", pod.NameOf(), pod.Items("spec", "containers").First().Text("name")!, ["true"], cancellationToken),
                Throws.InstanceOf<Exception>().With.Matches<Exception>(e => PodExec.IsFailure(e!)));
        }

        await client.CoreV1.DeleteNamespacedPodAsync(pod.NameOf(), "default", cancellationToken: cancellationToken);
        await lab.SettledAsync(cancellationToken);
        Assert.That(lab.Store.Peek(ResourceType.Pod, "default", pod.NameOf())?.IsTerminating(), Is.True, "nobody says that it has ended");

        lab.Fleet.BringBack(Lost);
        await lab.Store.UntilAsync(() => lab.Store.Peek(ResourceType.Pod, "default", pod.NameOf()) is null, cancellationToken);
        await lab.AllReadyAsync(cancellationToken);
        Assert.That(lab.Fabric.Connect(other, IPAddress.Parse(NginxOn(lab, Lost)!.Text("status", "podIP")!), 80).Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Node_that_leaves_the_cluster_takes_its_Pods_along_and_may_join_again(CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 2 }, cancellationToken);
        lab.Fleet.Lose(Lost);
        lab.Store.Delete(ResourceType.Node, "", Lost);
        await lab.SettledAsync(cancellationToken);
        var left = lab.Store.PeekAll(ResourceType.Pod).Where(p => p.NodeName() == Lost).ToList();

        lab.Fleet.BringBack(Lost);
        await lab.Store.UntilAsync(() => NginxOn(lab, Lost)?.IsReady() == true, cancellationToken);

        Assert.That(left, Is.Empty);
    }

    private static JsonObject? NginxOn(LabCluster lab, string node) =>
        lab.Store.PeekAll(ResourceType.Pod, "default").SingleOrDefault(p => p.NodeName() == node && p.NameOf().StartsWith("nginx-ds-", StringComparison.Ordinal));
}
