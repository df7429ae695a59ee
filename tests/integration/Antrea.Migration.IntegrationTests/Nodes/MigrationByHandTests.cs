using System.Text.Json.Nodes;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Nodes;

namespace Antrea.Migration.IntegrationTests.Nodes;

/// <summary>The whole way from Calico to Antrea done by hand on a lab cluster, with a client that asks all along.</summary>
public sealed class MigrationByHandTests
{
    [Test]
    [CancelAfter(600_000)]
    public async Task Every_request_is_answered_from_Calico_over_Multus_to_Antrea(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 6 }, cancellationToken);
        using var stop = new CancellationTokenSource();
        var probing = ProbeAsync(cluster, stop.Token);

        cluster.WriteMultusConf(antrea: false);
        await cluster.InstallMultusAsync(cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);
        cluster.WriteMultusConf(cluster.SteeredIpam());
        await RestartAllAsync(cluster, cancellationToken);
        var bridged = PodNetworks(cluster);
        cluster.RemoveMultusConf();
        await RestartAllAsync(cluster, cancellationToken);
        var moved = PodNetworks(cluster);
        await RemoveCalicoAsync(cluster, cancellationToken);
        await stop.CancelAsync();
        var (requests, failures) = await probing;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(requests, Is.GreaterThan(20));
            Assert.That(failures, Is.Empty);
            Assert.That(bridged, Has.All.EqualTo("eth0 CalicoVeth, net1 OvsPort"));
            Assert.That(moved, Has.All.EqualTo("eth0 OvsPort"));
            Assert.That(await cluster.DumpAsync(cancellationToken), Does.Not.Contain("\"bird\"").And.Not.Contains("tunl0").And.Contains("veths 0"));
        }
    }

    private static async Task<(int Requests, List<string> Failures)> ProbeAsync(LabCluster cluster, CancellationToken stop)
    {
        var (requests, failures) = (0, new List<string>());
        while (!stop.IsCancellationRequested)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
            try
            {
                await cluster.GetAsync("client", "http://nginx-origin/", patience.Token);
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                failures.Add($"{requests}: {e.Message} {e.InnerException?.Message}");
            }

            requests++;
        }

        return (requests, failures);
    }

    /// <summary>Restarts every workload of the Pod network, as <c>kubectl rollout restart</c> does, and waits for all.</summary>
    private static async Task RestartAllAsync(LabCluster cluster, CancellationToken cancellationToken)
    {
        foreach (var (type, podNamespace, name) in new[]
        {
            (ResourceType.Deployment, "kube-system", "coredns"),
            (ResourceType.Deployment, "kube-system", "calico-kube-controllers"),
            (ResourceType.DaemonSet, "default", "nginx-ds"),
            (ResourceType.Deployment, "default", "client"),
        })
        {
            cluster.Store.Mutate(type, podNamespace, name, json =>
            {
                json.Ensure("spec").Ensure("template").Ensure("metadata").Ensure("annotations")["kubectl.kubernetes.io/restartedAt"] = Guid.NewGuid().ToString();
                return true;
            });
            await cluster.SettledAsync(cancellationToken);
            await cluster.AllReadyAsync(cancellationToken);
        }

        // Deployments count no terminating Pods; their networks are taken down by what is loaded now.
        await cluster.Store.UntilAsync(() => cluster.Store.PeekAll(ResourceType.Pod).TrueForAll(p => !p.IsTerminating()), cancellationToken);
    }

    private static List<string> PodNetworks(LabCluster cluster) =>
    [
        .. cluster.Store.PeekAll(ResourceType.Pod).Where(p => !p.Flag("spec", "hostNetwork"))
            .Select(p => string.Join(", ", cluster.Netns(p).State.Interfaces.Select(i => $"{i.Name} {i.Attachment}"))),
    ];

    private static async Task RemoveCalicoAsync(LabCluster cluster, CancellationToken cancellationToken)
    {
        cluster.Store.Delete(ResourceType.DaemonSet, "kube-system", "calico-node");
        cluster.Store.Delete(ResourceType.Deployment, "kube-system", "calico-kube-controllers");
        cluster.Store.Delete(ResourceType.ConfigMap, "kube-system", "calico-config");
        await cluster.Store.UntilAsync(
            () => cluster.Store.PeekAll(ResourceType.Pod).TrueForAll(p => !p.NameOf().StartsWith("calico-", StringComparison.Ordinal)),
            cancellationToken);
        foreach (var node in cluster.Fleet.Nodes)
        {
            Assert.That(CalicoLeftovers.Audit(node, []).Output, Does.Contain("proto bird").Or.Contain("route: blackhole"), "the routes stay");
            CalicoLeftovers.Clean(node, []);
            Assert.That(CalicoLeftovers.Audit(node, []).Output, Is.Empty);
        }
    }
}
