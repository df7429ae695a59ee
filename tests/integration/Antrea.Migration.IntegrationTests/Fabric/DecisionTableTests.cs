using System.Net;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>The decision table by its rows, the Node's own connections, and addresses that two Pods have.</summary>
[TestFixture]
internal sealed class DecisionTableTests
{
    private static readonly MultusRoutes[] Repaired = [MultusRoutes.Rule, MultusRoutes.Prefixes];

    [TestCase("n1c", "n2c", null, TestName = "Calico to Calico, other Node")]
    [TestCase("n3c", "n3m", null, TestName = "Calico to Multus, same Node, overlapped")]
    [TestCase("n3c", "n2m", null, TestName = "Calico to Multus, other Node, overlapped")]
    [TestCase("n1c", "n1a", null, TestName = "Calico to Antrea, same Node")]
    [TestCase("n1c", "n2a", "n2 antrea-gw0: cali-tw|n2: KUBE-FORWARD", TestName = "Calico to Antrea, other Node")]
    [TestCase("n6c", "n2a", null, TestName = "Calico in its own Node's PodCIDR to Antrea, other Node")]
    [TestCase("n6c", "n6a", "ARP for 10.10.6.129", TestName = "Calico in its own Node's PodCIDR to Antrea, same Node")]
    [TestCase("n3c", "n4a", "ARP for 10.10.4.129", TestName = "Calico in the server's PodCIDR to Antrea")]
    [TestCase("n3c", "n1a", "n4 br-int antrea-tun0: ConntrackState", TestName = "Calico in a third PodCIDR to Antrea")]
    [TestCase("n1a", "n2c", null, TestName = "Antrea to Calico, other Node")]
    [TestCase("n1a", "n3c", "n4 br-int antrea-tun0: EgressMark", TestName = "Antrea to overlapped Calico")]
    [TestCase("n4a", "n3c", "ARP for 10.10.4.129", TestName = "Antrea to Calico in the client's own PodCIDR")]
    [TestCase("n1a", "n2a", null, TestName = "Antrea to Antrea")]
    [TestCase("n1a", "n2m", null, TestName = "Antrea to Multus")]
    [TestCase("n1a", "n3m", "n4 br-int antrea-tun0: EgressMark", TestName = "Antrea to overlapped Multus")]
    [TestCase("n2m", "n1a", null, TestName = "Multus to Antrea, other Node")]
    [TestCase("n2m", "n2a", null, TestName = "Multus to Antrea, same Node")]
    [TestCase("n2m", "n1c", null, TestName = "Multus to Calico")]
    [TestCase("n2m", "n1m", null, TestName = "Multus to Multus")]
    [TestCase("n2m", "n3c", "n4 br-int antrea-tun0: EgressMark", TestName = "Multus to overlapped Calico")]
    [TestCase("n2m", "n3m", "n4 br-int antrea-tun0: EgressMark", TestName = "Multus to overlapped Multus")]
    public void Row_holds_with_either_repair_of_Multus_routes(string client, string server, string? lostAt)
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (var routes in Repaired)
            {
                var verdict = FabricTopology.Build(KernelMeasurements.Small, new() { Multus = routes }).Connect(client, server);
                Assert.That(verdict.Outcome == ConnectionOutcome.Delivered, Is.EqualTo(lostAt is null), verdict.ToString());
                if (lostAt is not null)
                {
                    Assert.That(lostAt.Split('|').Any(part => verdict.Reason!.Contains(part, StringComparison.Ordinal)), verdict.Reason);
                }
            }
        }
    }

    [Test]
    public void With_V2_a_Multus_Pod_reaches_Calico_with_its_Calico_address()
    {
        var verdict = FabricTopology.Build(KernelMeasurements.Small, new() { Multus = MultusRoutes.Prefixes }).Connect("n2m", "n1c");

        Assert.That(verdict.SourceSeen, Is.EqualTo(IPAddress.Parse("10.10.72.2")));
    }

    [TestCase("n1", "n1a", "10.10.1.1")]
    [TestCase("n1", "n2a", "10.10.1.1")]
    [TestCase("n1", "n1c", "172.18.0.11")]
    [TestCase("n1", "n2c", "10.10.39.192")]
    [TestCase("n1", "n3c", "10.10.39.192")]
    [TestCase("n1", "n2m", "10.10.39.192")]
    public void Node_reaches_Pods_of_every_kind(string node, string pod, string seen)
    {
        var verdict = FabricTopology.Build(KernelMeasurements.Small).Connect(node, pod);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(verdict.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), verdict.ToString());
            Assert.That(verdict.SourceSeen, Is.EqualTo(IPAddress.Parse(seen)));
        }
    }

    [TestCase("n1c")]
    [TestCase("n2c")]
    [TestCase("n1a")]
    [TestCase("n2a")]
    [TestCase("n2m")]
    [TestCase("n2")]
    public void HostNetwork_Pod_is_reached_at_its_Node(string client)
    {
        var topology = FabricTopology.Build(KernelMeasurements.Small);
        topology.Nodes["n1"].Listen(9100, owner: "monitoring/node-exporter");

        var verdict = topology.Connect(client, "n1", 9100);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(verdict.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), verdict.ToString());
            Assert.That(verdict.Receiver, Is.EqualTo("n1"));
            Assert.That(verdict.Listener!.Owner, Is.EqualTo("monitoring/node-exporter"));
        }
    }

    [Test]
    public void Antrea_Pod_inside_a_Calico_block_is_lost_to_every_Node_and_every_Calico_Pod()
    {
        var topology = FabricTopology.Build(KernelMeasurements.Small);
        topology.AddPod("late", "n1", "antrea", null, "10.10.1.66"); // inside n5's block 10.10.1.64/26

        using (Assert.EnterMultipleScope())
        {
            foreach (var client in new[] { "n1", "n2", "n5", "n1c", "n2c" })
            {
                Assert.That(topology.Connect(client, "late").Outcome, Is.Not.EqualTo(ConnectionOutcome.Delivered), client);
            }

            Assert.That(topology.Connect("n1", "late").Reason, Does.Contain("n5 tunl0: route blackhole 10.10.1.64/26"));
            Assert.That(topology.Connect("n2a", "late").Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(topology.Connect("n2m", "late").Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
        }
    }

    [Test]
    public void Routes_that_Calico_leaves_behind_lose_Antrea_Pods_until_they_are_cleaned()
    {
        var topology = FabricTopology.Build(
            """
            node n1 172.18.0.11 10.10.2.64/26 10.10.1.0/24
            node n2 172.18.0.12 10.10.72.0/26 10.10.2.0/24
            pod a n2 antrea - 10.10.2.66
            """);
        var fromItsNode = topology.Connect("n2", "a");
        var fromTheHolder = topology.Connect("n1", "a");
        topology.CleanCalico("n2", routes: true, chains: true);
        var cleanedThere = topology.Connect("n2", "a");
        var notHere = topology.Connect("n1", "a");
        topology.CleanCalico("n1", routes: true, chains: true);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(fromItsNode.Outcome, Is.EqualTo(ConnectionOutcome.TimedOut));
            Assert.That(fromItsNode.Reason, Does.Contain("n1 tunl0: route blackhole 10.10.2.64/26"));
            Assert.That(fromTheHolder.Outcome, Is.EqualTo(ConnectionOutcome.NoRoute), "its own blackhole: EINVAL at once");
            Assert.That(cleanedThere.Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(notHere.Outcome, Is.EqualTo(ConnectionOutcome.NoRoute));
            Assert.That(topology.Connect("n1", "a").Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
        }
    }

    [Test]
    public void Packet_for_a_Calico_Pod_ends_at_the_Antrea_Pod_that_has_its_address_too()
    {
        var topology = FabricTopology.Build(KernelMeasurements.Clash);

        var verdict = topology.Connect("n1a", "n7c");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(verdict.Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(verdict.Receiver, Is.EqualTo("default/n2a"));
            Assert.That(verdict.IsWrongReceiver, Is.True);
            Assert.That(verdict.AlsoHeldBy, Is.EqualTo(new[] { "default/n7c" }));
            Assert.That(verdict.ToString(), Does.Contain("at the WRONG receiver default/n2a"));
        }
    }

    [Test]
    public void Calico_Pod_with_the_address_of_a_gateway_is_a_martian_to_that_Node()
    {
        var topology = FabricTopology.Build(KernelMeasurements.Clash, new() { RpFilter = 0 });

        Assert.That(topology.Connect("n7g", "n2c").Reason, Does.Contain("n2 tunl0: martian"));
    }

    [Test]
    public void Calico_Pod_with_the_last_address_of_a_PodCIDR_is_cut_off_from_the_Node_that_keeps_it_for_broadcasts()
    {
        var topology = FabricTopology.Build(KernelMeasurements.LastAddress);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(topology.Connect("c2", "next").Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(topology.Connect("c3", "last").Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(topology.Connect("n2", "last").Outcome, Is.EqualTo(ConnectionOutcome.NoRoute));
            Assert.That(topology.Connect("c2", "last").Reason, Does.Contain("n2 calic2: a broadcast address here"));
            Assert.That(topology.Connect("last", "c2").Reason, Does.Contain("n2 tunl0: rp_filter"));
        }
    }

    [TestCase(0, true, "n2 calin2m: cali-PREROUTING rpfilter")]
    [TestCase(1, false, "n2 calin2m: rp_filter")]
    [TestCase(2, false, "n2 calin2m: rp_filter")]
    public void Address_of_net1_does_not_get_out_by_eth0(int rpFilter, bool hasCalicoChains, string lostAt)
    {
        var topology = FabricTopology.Build(
            KernelMeasurements.Small, new() { RpFilter = rpFilter, Multus = MultusRoutes.Eth0 });
        topology.Nodes["n2"].Update(state => hasCalicoChains ? state : state with { Calico = null });
        var warmedUp = topology.Connect("n2m", "n1c");
        var pod = topology.Pods["n2m"];
        var byEth0 = pod.State.Routing.Routes.Single(route => route.Destination.PrefixLength == 0);
        pod.ReplaceRoute(byEth0 with { Source = topology.AntreaAddress("n2m") });

        using (Assert.EnterMultipleScope())
        {
            Assert.That(warmedUp.Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
            Assert.That(topology.Connect("n2m", "n1c").Reason, Does.Contain(lostAt));
        }
    }

    [Test]
    public void Seed_client_reaches_seventeen_Calico_Pods_and_misses_three()
    {
        // Third octet and last octet of every Calico Pod in the seed's listing, and the third octet of each Node's PodCIDR.
        (string Node, string Block, string Pod, int PodCidr)[] nodes =
        [
            ("w1", "222.64", "222.65", 1), ("w2", "39.192", "39.193", 20), ("w3", "4.128", "4.129", 2), ("w4", "72.0", "72.1", 3),
            ("w5", "8.128", "8.129", 5), ("w6", "247.64", "247.65", 4), ("w7", "129.192", "129.193", 6),
            ("w8", "244.64", "244.65", 8), ("w9", "126.128", "126.129", 7), ("w10", "253.0", "253.1", 9),
            ("w11", "6.64", "6.65", 10), ("w12", "209.64", "209.65", 11), ("w13", "134.128", "134.131", 12),
            ("w14", "85.0", "85.1", 13), ("w15", "93.0", "93.1", 14), ("w16", "253.128", "253.129", 15),
            ("w17", "115.0", "115.1", 16), ("w18", "226.128", "226.129", 17), ("w19", "79.64", "79.65", 18),
            ("w20", "123.128", "123.129", 19),
        ];
        var text = string.Join('\n', nodes.Select((node, i) => $"node {node.Node} 172.18.0.{i + 3} 10.10.{node.Block}/26 10.10.{node.PodCidr}.0/24"))
            + "\nnode cp 172.18.0.2 10.10.36.64/26 10.10.0.0/24\n"
            + string.Join('\n', nodes.Select(node => $"pod {node.Node}-nginx {node.Node} calico 10.10.{node.Pod} -"))
            + "\npod client w2 antrea - 10.10.20.2";
        var topology = FabricTopology.Build(text);

        var unreachable = nodes.Where(node => topology.Connect("client", $"{node.Node}-nginx").Outcome != ConnectionOutcome.Delivered)
            .Select(node => node.Node);

        Assert.That(unreachable, Is.EqualTo(new[] { "w3", "w5", "w11" }));
    }
}
