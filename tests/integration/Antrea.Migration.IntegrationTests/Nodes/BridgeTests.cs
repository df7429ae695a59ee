using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Lab.Scenarios;

namespace Antrea.Migration.IntegrationTests.Nodes;

/// <summary>The seed's experiments: Antrea straight next to Calico, Multus between them, and the three overlapped Nodes.</summary>
public sealed class BridgeTests
{
    [Test]
    [CancelAfter(180_000)]
    public async Task Antrea_straight_next_to_Calico_cuts_Calico_Pods_off_from_new_Pods(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Name = LabScenario.Seed }, cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);

        var antrea = await cluster.ReplaceAsync(cluster.PodOn("nginx-ds", "worker2"), cancellationToken);
        var calico = cluster.PodOn("nginx-ds", "worker8");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(antrea.Address(), Is.EqualTo(IPAddress.Parse("10.10.9.2")));
            Assert.That(calico.Address(), Is.EqualTo(IPAddress.Parse("10.10.244.65")));
            Assert.That(cluster.Connect(antrea, calico), Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(cluster.Connect(calico, antrea), Is.EqualTo(ConnectionOutcome.TimedOut));
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Antrea_agents_report_four_conditions_and_routes_to_every_peer(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 3 }, cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);
        await cluster.SettledAsync(cancellationToken);

        // An agent that came up before its controller says so with its next report.
        await cluster.Store.UntilAsync(
            () => cluster.Store.PeekAll(CniKinds.AntreaAgentInfo).SelectMany(i => i.Items("agentConditions")).All(c => c.Text("status") == "True"), cancellationToken);

        var infos = cluster.Store.PeekAll(CniKinds.AntreaAgentInfo);
        var routes = cluster.RoutesOn("worker").Where(r => r.Contains("dev antrea-gw0"));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(infos.Select(i => i.NameOf()), Is.EquivalentTo(cluster.Fleet.Nodes.Select(n => n.Name)));
            Assert.That(
                infos.SelectMany(i => i.Items("agentConditions")).Select(c => c.Text("status")),
                Has.All.EqualTo("True"));
            Assert.That(infos, Has.All.Matches<JsonObject>(i => i.Items("agentConditions").Count() == 4));
            Assert.That(
                routes,
                Is.EquivalentTo(new[]
                {
                    "10.10.0.0/24 via 10.10.0.1 dev antrea-gw0 onlink",
                    "10.10.1.0/24 dev antrea-gw0 proto kernel scope link src 10.10.1.1",
                    "10.10.2.0/24 via 10.10.2.1 dev antrea-gw0 onlink",
                    "10.10.3.0/24 via 10.10.3.1 dev antrea-gw0 onlink",
                }));
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task A_Multus_Pod_has_Calicos_address_first_and_two_default_routes(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 3 }, cancellationToken);
        await cluster.InstallMultusAsync(cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);
        cluster.WriteMultusConf();

        var pod = await cluster.RunAsync("bridge", "nginx", "worker2", cancellationToken);
        var netns = cluster.Netns(pod).State;

        using (Assert.EnterMultipleScope())
        {
            Assert.That(netns.Interfaces.Select(i => i.Name), Is.EqualTo(new[] { "eth0", "net1" }));
            Assert.That(netns.Interface("eth0")!.Addresses.Single().Address, Is.EqualTo(pod.Address()));
            Assert.That(netns.Interface("net1")!.Addresses.Single().Address, Is.EqualTo(IPAddress.Parse("10.10.2.2")));
            Assert.That(
                netns.Routing.Routes.Where(r => r.Destination.PrefixLength == 0).Select(r => r.Device),
                Is.EqualTo(new[] { "net1", "eth0" }),
                "Antrea's default is put before Calico's");
            Assert.That(pod.Text("metadata", "annotations", "cni.projectcalico.org/podIP"), Is.EqualTo($"{pod.Address()}/32"));
            Assert.That(pod.At("metadata", "annotations", "k8s.v1.cni.cncf.io/network-status"), Is.Null, "no kubeconfig, no annotation");
            Assert.That(
                cluster.Node("worker2").Files.Files("/var/lib/cni/multus"),
                Is.EqualTo(new[] { pod.Text("metadata", "annotations", "cni.projectcalico.org/containerID") }));
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task A_steered_Multus_Pod_bridges_both_ways(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 4 }, cancellationToken);
        await cluster.InstallMultusAsync(cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);
        cluster.WriteMultusConf(cluster.SteeredIpam());
        var multus = await cluster.RunAsync("bridge", "nginx", "worker2", cancellationToken);
        cluster.RemoveMultusConf();
        var antrea = await cluster.RunAsync("new", "nginx", "worker3", cancellationToken);
        var calico = cluster.PodOn("nginx-ds", "worker4");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                cluster.Netns(multus).State.Routing.Routes.Where(r => r.Destination.PrefixLength == 0).Select(r => (r.Device, r.Table)),
                Is.EquivalentTo(new[] { ("net1", "101"), ("eth0", "main") }));
            Assert.That(antrea.Address(), Is.EqualTo(IPAddress.Parse("10.10.3.2")));
            Assert.That(cluster.Connect(multus, antrea), Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(cluster.Connect(multus, calico), Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(cluster.Connect(antrea, multus), Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(cluster.Connect(calico, multus), Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(cluster.Connect(calico, antrea), Is.EqualTo(ConnectionOutcome.TimedOut));
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Before_Antrea_v2_4_routes_in_ipam_are_not_looked_at(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 2 }, cancellationToken);
        await cluster.InstallMultusAsync(cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken, "v1.14.0");
        cluster.WriteMultusConf(cluster.SteeredIpam());

        var pod = await cluster.RunAsync("bridge", "nginx", "worker", cancellationToken);

        Assert.That(
            cluster.Netns(pod).State.Routing.Routes.Where(r => r.Destination.PrefixLength == 0).Select(r => (r.Device, r.Table)),
            Is.EqualTo(new[] { ("net1", "main"), ("eth0", "main") }));
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task In_the_seeds_cluster_Antrea_NICs_cannot_reach_three_Calico_Pods(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Name = LabScenario.Seed }, cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);

        var client = await cluster.RunAsync("seed-client", "client", "worker2", cancellationToken);
        var unreachable = Enumerable.Range(1, 20).Select(i => i == 1 ? "worker" : $"worker{i}")
            .Where(w => cluster.Connect(client, cluster.PodOn("nginx-ds", w)) != ConnectionOutcome.Delivered);

        Assert.That(unreachable, Is.EqualTo(new[] { "worker3", "worker5", "worker11" }));
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Removing_a_Multus_Pod_under_Multus_leaves_nothing_but_without_00_multus_conf_it_leaks(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 2 }, cancellationToken);
        await cluster.InstallMultusAsync(cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);
        cluster.WriteMultusConf(cluster.SteeredIpam());
        var node = cluster.Node("worker");
        var clean = Leaks();

        await cluster.RunAsync("first", "nginx", "worker", cancellationToken);
        var whileRunning = Leaks();
        await DeleteAsync("first");
        var afterMultusDelete = Leaks();
        await cluster.RunAsync("second", "nginx", "worker", cancellationToken);
        cluster.RemoveMultusConf();
        await DeleteAsync("second");
        var afterAntreaDelete = Leaks();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(whileRunning, Is.EqualTo((clean.Calico + 1, 1, 1, 1)));
            Assert.That(afterMultusDelete, Is.EqualTo(clean));
            Assert.That(afterAntreaDelete, Is.EqualTo((clean.Calico + 1, 1, 1, 0)), "Calico was never asked; net1's file and the cache stay");
        }

        (int Calico, int HostLocal, int Caches, int Ports) Leaks() => (
            cluster.Store.PeekAll(CniKinds.IpamBlock).Sum(b => new CalicoBlock(b.Copy()).Allocations().Count()),
            node.Files.Files("/var/run/antrea/cni/networks/antrea").Count(f => f.StartsWith("10.", StringComparison.Ordinal)),
            node.Files.Files("/var/lib/cni/multus").Count,
            node.Host.State.Ovs!.State.Ports.Count);

        async Task DeleteAsync(string name)
        {
            cluster.Store.MarkForDeletion(ResourceType.Pod, "default", name, 1);
            await cluster.Store.UntilAsync(() => cluster.Store.Peek(ResourceType.Pod, "default", name) is null, cancellationToken);
        }
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Multus_as_released_takes_Antrea_for_the_master_and_fails_without_its_binary(CancellationToken cancellationToken)
    {
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Workers = 2 }, cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);
        cluster.Apply(LabManifests.Multus());
        await cluster.AllReadyAsync(cancellationToken);

        var pod = await cluster.RunAsync("generated", "nginx", "worker", cancellationToken);
        cluster.Node("worker").Files.Remove("/opt/cni/bin/multus");
        cluster.Create("refused", "nginx", "worker");
        await cluster.Store.UntilAsync(() => Waiting("refused") is not null, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(pod.Address(), Is.EqualTo(IPAddress.Parse("10.10.1.2")));
            Assert.That(pod.Text("metadata", "annotations", "k8s.v1.cni.cncf.io/network-status"), Does.Contain("10.10.1.2"));
            Assert.That(Waiting("refused"), Does.Contain("failed to find plugin \"multus\""));
        }

        string? Waiting(string name) => cluster.Store.Peek(ResourceType.Pod, "default", name)
            .Items("status", "containerStatuses").FirstOrDefault().Text("state", "waiting", "message");
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task An_Antrea_Pod_inside_a_Calico_block_never_gets_ready(CancellationToken cancellationToken)
    {
        // The pool is the first /20 of the Pod subnet: every Node's block lies in some PodCIDR.
        await using var cluster = await LabCluster.StartAsync(
            new LabClusterOptions { Workers = 3, CalicoPool = Addressing.Cidr.Parse("10.10.0.0/22") }, cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);
        var (node, block) = (
            from n in cluster.Fleet.Nodes
            from r in n.Host.State.Routing.Routes
            where r.Protocol == "bird" && r.Destination.PrefixLength == 26 && n.PodCidrs[0].Contains(r.Destination)
            select (n, r.Destination)).First();

        // host-local goes round; it is put right before the block.
        node.Files.Write("/var/run/antrea/cni/networks/antrea/last_reserved_ip.0", block.AddressAt(1).ToString());
        var suffix = node.Name[(cluster.Name.Length + 1)..];
        cluster.Create("shadowed", "nginx", suffix, probed: true);
        cluster.Create("unprobed", "nginx", suffix);
        await cluster.Store.UntilAsync(
            () => cluster.Store.Peek(ResourceType.Pod, "default", "unprobed")!.ConditionIsTrue("Ready")
                && cluster.Store.Peek(ResourceType.Pod, "default", "shadowed").Text("status", "phase") == "Running",
            cancellationToken);

        var shadowed = cluster.Store.Peek(ResourceType.Pod, "default", "shadowed")!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(block.Contains(shadowed.Address()), Is.True);
            Assert.That(shadowed.ConditionIsTrue("Ready"), Is.False);
            Assert.That(cluster.Network.Trace(node.Name, shadowed.Address(), 80).Outcome, Is.Not.EqualTo(ConnectionOutcome.Delivered));
        }
    }
}
