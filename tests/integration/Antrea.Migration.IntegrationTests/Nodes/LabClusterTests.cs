using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Lab.Scenarios;
using k8s;

namespace Antrea.Migration.IntegrationTests.Nodes;

/// <summary>The lab cluster as it comes: the seed's, before anything is migrated.</summary>
public sealed class LabClusterTests
{
    [Test]
    [CancelAfter(180_000)]
    public async Task Twenty_one_Nodes_start_with_everything_ready(CancellationToken cancellationToken)
    {
        var before = GC.GetTotalMemory(true);
        var watch = Stopwatch.StartNew();
        await using var cluster = await LabCluster.StartAsync(null, cancellationToken);
        TestContext.Out.WriteLine(
            $"started in {watch.Elapsed.TotalSeconds:F2} s, {(GC.GetTotalMemory(true) - before) / 1048576.0:F1} MiB of objects");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.Store.PeekAll(ResourceType.Node), Has.Count.EqualTo(21));
            Assert.That(
                cluster.Store.PeekAll(ResourceType.Pod).Count(p => p.ConditionIsTrue("Ready")),
                Is.EqualTo(4 + 21 + 21 + 1 + 2 + 20 + 1),
                "static Pods, kube-proxy, calico-node, kube-controllers, CoreDNS, nginx, client");
            Assert.That(cluster.Kubeconfig, Does.Contain("127.0.0.1"));
            Assert.That(await File.ReadAllTextAsync(cluster.KubeconfigPath, cancellationToken), Is.EqualTo(cluster.Kubeconfig));
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task The_seeds_cluster_has_its_Nodes_PodCIDRs_blocks_and_addresses(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Name = LabScenario.Seed }, cancellationToken);
        var worker2 = cluster.RoutesOn("worker2");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(cluster.PodOn("nginx-ds", "worker3").Address(), Is.EqualTo(IPAddress.Parse("10.10.4.129")));
            Assert.That(cluster.PodOn("nginx-ds", "worker5").Address(), Is.EqualTo(IPAddress.Parse("10.10.8.129")));
            Assert.That(cluster.PodOn("nginx-ds", "worker11").Address(), Is.EqualTo(IPAddress.Parse("10.10.6.65")));
            Assert.That(
                cluster.Fleet.Nodes.Select(n => n.PodCidrs.Single().ToString()),
                Is.EquivalentTo(Enumerable.Range(0, 21).Select(i => $"10.10.{i}.0/24")));
            Assert.That(cluster.Node("worker2").PodCidrs.Single().ToString(), Is.EqualTo("10.10.9.0/24"));
            Assert.That(worker2, Does.Contain("10.10.4.128/26 via 172.18.0.19 dev tunl0 proto bird onlink"));
            Assert.That(worker2, Does.Contain("10.10.6.64/26 via 172.18.0.6 dev tunl0 proto bird onlink"));
            Assert.That(worker2, Does.Contain("10.10.8.128/26 via 172.18.0.15 dev tunl0 proto bird onlink"));
            Assert.That(worker2, Does.Contain("blackhole 10.10.39.192/26 proto bird"));
            Assert.That(worker2.Count(r => r.Contains("proto bird")), Is.EqualTo(21));
        }
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Dual_stack_cluster_has_addresses_and_ways_of_both_families(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(
            new LabClusterOptions { Workers = 2, PodSubnet6 = Cidr.Parse("fd00:10:10::/56"), CalicoPool6 = Cidr.Parse("fd00:10:20::/64") }, cancellationToken);
        var server = cluster.Store.Peek(ResourceType.Pod, "default", cluster.PodOn("nginx-ds", "worker2").NameOf())!;
        var addresses = server.Items("status", "podIPs").Select(ip => IPAddress.Parse(ip.Text("ip")!)).ToList();
        var clusterIPs = cluster.Store.Peek(ResourceType.Service, "default", "nginx-origin")!["spec"].Texts("clusterIPs").ToList();

        var pages = new List<string>();
        foreach (var address in addresses.Select(a => a.ToString()).Concat(clusterIPs))
        {
            pages.Add(await cluster.GetAsync("client", $"http://{(address.Contains(':') ? $"[{address}]" : address)}/", cancellationToken));
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(addresses, Has.Count.EqualTo(2));
            Assert.That(Cidr.Parse("fd00:10:20::/64").Contains(addresses[1]), $"{addresses[1]}");
            Assert.That(clusterIPs, Has.Count.EqualTo(2));
            Assert.That(pages, Has.Count.EqualTo(4).And.All.StartsWith("default/nginx-ds-"));
            Assert.That(cluster.Node("worker").PodCidrs.Select(c => $"{c}"), Is.EqualTo((string[])["10.10.1.0/24", "fd00:10:10:1::/64"]));
            Assert.That(cluster.RoutesOn("worker").Where(r => r.StartsWith("fd00:10:20:", StringComparison.Ordinal) && r.Contains("/122 via fd00:172:18::")), Is.Not.Empty);
        }
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Tunnel_address_moves_when_every_other_Node_has_a_route_to_it(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 3, Workloads = false }, cancellationToken);
        var hosts = cluster.Fleet.Nodes.Select(node => node.Host).ToList();
        ConcurrentQueue<string> early = [];
        hosts.ForEach(host => host.Changed += () => Look(host));

        cluster.Apply(
            """
            {apiVersion: crd.projectcalico.org/v1, kind: IPPool, metadata: {name: next}, spec: {cidr: 10.20.0.0/16, blockSize: 26, ipipMode: Always, natOutgoing: true}}

            """);
        cluster.Store.Mutate(CniKinds.IPPool, "", "default-ipv4-ippool", pool =>
        {
            pool.Ensure("spec")["disabled"] = true;
            return true;
        });
        await cluster.SettledAsync(cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(hosts.Select(host => $"{host.State.Device("tunl0")!.Addresses.Single().Address}"), Has.All.StartsWith("10.20."));
            Assert.That(early, Is.Empty);
        }

        void Look(HostNetns host)
        {
            if (host.State.Device("tunl0")?.Addresses is [{ Address: { } address }])
            {
                hosts.Where(other => other != host && !other.State.Routing.Routes.Any(r => r.Destination.Contains(address) && host.Address.Equals(r.Gateway)))
                    .ToList().ForEach(other => early.Enqueue($"{other.Name} has no route to {address} of {host.Name}"));
            }
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task A_client_reaches_the_Service_by_name_and_a_mistyped_name_is_a_DNS_failure(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 3 }, cancellationToken);

        var page = await cluster.GetAsync("client", "http://nginx-origin/", cancellationToken);
        var byAddress = await cluster.GetAsync("client", "http://10.96.117.185/", cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(page, Does.StartWith("default/nginx-ds-"));
            Assert.That(byAddress, Does.StartWith("default/nginx-ds-"));
            Assert.That(
                () => cluster.GetAsync("client", "http://nginx-orign/", cancellationToken),
                Throws.InstanceOf<HttpRequestException>().With.InnerException.InstanceOf<SocketException>()
                    .And.InnerException.Property(nameof(SocketException.SocketErrorCode)).EqualTo(SocketError.HostNotFound));
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task KubernetesClient_reaches_a_Nodes_files_through_a_node_agent(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 1 }, cancellationToken);
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(cluster.KubeconfigPath));
        var agent = await cluster.RunAsync("agent", "antrea-migration/node-agent:v1", "worker", cancellationToken);

        var files = "";
        var code = await client.NamespacedPodExecAsync(
            agent.NameOf(),
            "default",
            "main",
            NodeCommands.ListDirectory(NodeCommands.CniConfigDirectory).ToArgv(),
            false,
            async (_, output, _) => files = await new StreamReader(output).ReadToEndAsync(cancellationToken),
            cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(code, Is.Zero);
            Assert.That(files, Is.EqualTo("10-calico.conflist\ncalico-kubeconfig\n"));
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task A_rolling_restart_of_the_server_loses_no_request(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 4 }, cancellationToken);
        var generation = 1 + cluster.Store.Mutate(ResourceType.DaemonSet, "default", "nginx-ds", d =>
        {
            d.Ensure("spec").Ensure("template").Ensure("metadata").Ensure("annotations")["kubectl.kubernetes.io/restartedAt"] = "now";
            return true;
        }).Number("metadata", "generation") - 1;

        var restarted = cluster.Store.UntilAsync(
            () => cluster.Store.Peek(ResourceType.DaemonSet, "default", "nginx-ds") is { } d
                && d.Number("status", "observedGeneration") == generation && d.Number("status", "updatedNumberScheduled") == 4
                && d.Number("status", "numberReady") == 4,
            cancellationToken);
        var requests = 0;
        while (!restarted.IsCompleted)
        {
            Assert.That(await cluster.GetAsync("client", "http://nginx-origin/", cancellationToken), Does.StartWith("default/nginx-ds-"));
            requests++;
        }

        await restarted;
        Assert.That(requests, Is.Positive);
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task A_broken_first_CNI_file_makes_the_Node_NotReady_until_it_is_gone(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 2 }, cancellationToken);
        var files = cluster.Node("worker").Files;

        files.Write("/etc/cni/net.d/20-broken.conf", "{");
        var behind = IsReady();
        files.Write("/etc/cni/net.d/00-broken.conf", "{");
        var first = IsReady();
        files.Remove("/etc/cni/net.d/00-broken.conf");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(behind, Is.True, "a broken file behind the first valid one is never read");
            Assert.That(first, Is.False);
            Assert.That(IsReady(), Is.True);
        }

        bool IsReady() => cluster.Store.Peek(ResourceType.Node, "", "c2a6-worker")!.ConditionIsTrue("Ready");
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Equal_clusters_have_equal_dumps_and_unequal_ones_not(CancellationToken cancellationToken)
    {
        var options = new LabClusterOptions { Workers = 3 };
        await using var one = await LabCluster.StartAsync(options, cancellationToken);
        await using var other = await LabCluster.StartAsync(options, cancellationToken);
        await one.ReplaceAsync(one.PodOn("nginx-ds", "worker2"), cancellationToken);

        var dump = await one.DumpAsync(cancellationToken);
        Assert.That(dump, Is.EqualTo(await other.DumpAsync(cancellationToken)));

        other.Node("worker").Files.Remove(CniRuntime.ConfigDirectory + "/10-calico.conflist");
        Assert.That(await other.DumpAsync(cancellationToken), Is.Not.EqualTo(dump));
    }

    [Test]
    public void Options_out_of_range_are_refused_by_name()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                () => LabCluster.StartAsync(new LabClusterOptions { Workers = 0 }),
                Throws.InstanceOf<ArgumentException>().With.Message.Contains("Workers"));
            Assert.That(
                () => LabCluster.StartAsync(new LabClusterOptions { PodSubnet = Addressing.Cidr.Parse("10.10.0.0/22") }),
                Throws.InstanceOf<ArgumentException>().With.Message.Contains("PodSubnet"));
            Assert.That(
                () => LabCluster.StartAsync(new LabClusterOptions { CalicoPool = Addressing.Cidr.Parse("10.10.0.0/27") }),
                Throws.InstanceOf<ArgumentException>().With.Message.Contains("CalicoPool"));
            Assert.That(() => LabManifests.Antrea("newest"), Throws.InstanceOf<FormatException>());
        }
    }
}
