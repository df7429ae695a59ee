using System.Net;
using System.Text;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Routing;
using CsCheck;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>What holds for every walk in every cluster, sensible or not.</summary>
[TestFixture]
internal sealed class ConnectionWalkPropertyTests
{
    private static readonly string[] Kinds = ["calico", "antrea", "multus"];

    // Blocks and PodCIDRs from one small range, so that most clusters have overlaps, equal prefixes and clashing addresses.
    private static readonly Gen<(string Text, FabricOptions Options)> Clusters =
        from nodes in Gen.Select(Gen.Int[0, 15], Gen.Int[0, 3], Gen.Int[23, 27], Gen.Int[24, 27]).Array[2, 4]
        from pods in Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2], Gen.Int[1, 20], Gen.Int[2, 20]).Array[1, 8]
        from multus in Gen.Enum<MultusRoutes>()
        from rpFilter in Gen.Int[0, 2]
        from flags in Gen.Int[0, 127]
        select (Text(nodes, pods), new FabricOptions
        {
            Multus = multus,
            RpFilter = rpFilter,
            DropsInvalid = (flags & 1) == 0,
            NatOutgoing = (flags & 2) == 0,
            Vxlan = (flags & 4) == 0,
            Encap = (flags & 8) == 0,
            Egress = (flags & 16) == 0,
            NoSnat = (flags & 32) != 0,
            PolicyRoute = (flags & 64) != 0,
            Pool = (flags & 3) == 3 ? "192.168.0.0/16" : "10.10.0.0/16",
        });

    [Test]
    public void Walk_ends_and_says_why_and_a_delivered_one_came_back_to_the_socket_it_left() =>
        Clusters.Sample(
            cluster =>
            {
                var topology = FabricTopology.Build(cluster.Text, cluster.Options);
                foreach (var client in topology.Pods.Keys.Concat(topology.Nodes.Keys))
                {
                    foreach (var address in Addresses(topology))
                    {
                        Check(topology[client], address, topology.Fabric.Connect(topology[client], address, 80));
                    }
                }
            },
            iter: 300);

    [Test]
    public void Walk_is_repeatable_where_no_Pod_chooses_between_default_routes() =>
        Clusters.Where(cluster => cluster.Options.Multus != MultusRoutes.Stock).Sample(
            cluster =>
            {
                var topology = FabricTopology.Build(cluster.Text, cluster.Options);
                foreach (var client in topology.Pods.Values)
                {
                    foreach (var address in Addresses(topology))
                    {
                        var (one, other) = (topology.Fabric.Connect(client, address, 80), topology.Fabric.Connect(client, address, 80));
                        if ((one.Outcome, one.Receiver, one.SourceSeen) != (other.Outcome, other.Receiver, other.SourceSeen))
                        {
                            throw new InvalidOperationException($"{one}\n{other}");
                        }
                    }
                }
            },
            iter: 100);

    [Test]
    public void Walks_and_changes_may_run_at_once()
    {
        var topology = FabricTopology.Build(KernelMeasurements.Small, new() { Multus = MultusRoutes.Stock });
        var node = topology.Nodes["n2"];
        var route = node.State.Routing.Routes.First(candidate => candidate.Device == "tunl0");
        var spare = new PodNetns("default", "spare");
        var port = new OvsPort("spare", IPAddress.Parse("10.10.2.77"), spare, "eth0");

        Parallel.For(0, 4000, i =>
        {
            switch (i % 8)
            {
                case 0:
                    node.RemoveRoutes(candidate => candidate == route);
                    node.TryAddRoute(route);
                    break;
                case 1:
                    node.State.Ovs!.AddPort(port);
                    node.State.Ovs!.RemovePorts(spare);
                    break;
                case 2:
                    node.AddDevice(new HostDevice("dummy0", HostDeviceKind.Other, IPAddress.Parse("10.200.0.1"), 24));
                    node.RemoveDevice("dummy0");
                    break;
                default:
                    var verdict = topology.Connect(topology.PodNames[i % topology.PodNames.Count], "n2m");
                    Check(topology[topology.PodNames[i % topology.PodNames.Count]], IPAddress.Parse("10.10.72.2"), verdict);
                    break;
            }
        });

        using (Assert.EnterMultipleScope())
        {
            Assert.That(node.State.Routing.Routes.Count(candidate => candidate == route), Is.EqualTo(1));
            Assert.That(node.State.Device("dummy0"), Is.Null);
            Assert.That(node.State.Ovs!.State.Ports, Does.Not.ContainKey(port.Address));
        }
    }

    private static void Check(NetworkNamespace client, IPAddress address, ConnectionVerdict verdict)
    {
        var packets = verdict.Path.GroupBy(hop => hop.Packet).ToDictionary(group => group.Key, group => group.ToList());
        Demand(packets.Values.All(hops => hops.Count <= 6 * 64), "a packet went on beyond its TTL");
        Demand(verdict.Outcome == ConnectionOutcome.Delivered == verdict.Reason is null, "exactly a failure has a reason");
        Demand(!verdict.Path.IsEmpty, "nothing happened");
        if (verdict.Outcome != ConnectionOutcome.Delivered)
        {
            return;
        }

        var sent = packets["SYN"][0];
        Demand(sent.Where == client.Name, "the SYN left somebody else");
        Demand(verdict.ReceiverNamespace!.Holds(address), "received by one that does not have the address");
        foreach (var name in new[] { "SYN-ACK", "DATA" })
        {
            var back = packets[name][^1];
            Demand(back.Where == client.Name, $"the {name} did not come back to the client");
            var ends = sent.Flow.Split(" > ");
            Demand(back.Flow == $"{ends[1]} > {ends[0]}", $"the {name} is not of the client's connection");
        }

        Demand(packets["ACK"][^1].Where == verdict.Receiver, "the ACK went to somebody else");
        Demand(packets["SYN"][^1].Flow.StartsWith($"{verdict.SourceSeen}:", StringComparison.Ordinal), "another source was seen");

        void Demand(bool holds, string what)
        {
            if (!holds)
            {
                throw new InvalidOperationException($"{what}: {verdict}");
            }
        }
    }

    private static IEnumerable<IPAddress> Addresses(FabricTopology topology) =>
        topology.PodNames.SelectMany(pod => new[] { topology.CalicoAddress(pod), topology.AntreaAddress(pod) })
            .Concat(topology.Nodes.Values.Select(node => node.Address))
            .Append(IPAddress.Parse("10.10.0.40")).Append(IPAddress.Parse("192.0.2.1"))
            .OfType<IPAddress>().Distinct();

    private static string Text((int Block, int Quarter, int BlockLength, int PodCidrLength)[] nodes, (int Node, int Kind, int Calico, int Antrea)[] pods)
    {
        var text = new StringBuilder();
        var blocks = new List<Cidr>();
        var podCidrs = new List<Cidr>();
        foreach (var (node, i) in nodes.Select((node, i) => (node, i)))
        {
            var block = Cidr.Containing(new IPAddress([10, 10, (byte)(node.Block % 5), (byte)(node.Quarter * 64)]), node.BlockLength);
            block = blocks.Exists(other => other.Overlaps(block)) ? Cidr.Parse($"10.10.{100 + i}.0/26") : block;
            blocks.Add(block);
            podCidrs.Add(Cidr.Parse($"10.10.{i}.0/{node.PodCidrLength}"));
            text.Append($"node n{i} 172.18.0.{10 + i} {block} {podCidrs[i]}\n");
        }

        var (usedByCalico, usedByAntrea) = (new HashSet<IPAddress>(), new HashSet<IPAddress>());
        foreach (var (pod, i) in pods.Select((pod, i) => (pod, i)))
        {
            var at = pod.Node % nodes.Length;
            var kind = Kinds[pod.Kind];
            var calico = kind == "antrea" ? null : Free(blocks[at], pod.Calico, usedByCalico);
            var antrea = kind == "calico" ? null : Free(podCidrs[at], pod.Antrea, usedByAntrea);
            text.Append($"pod p{i} n{at} {kind} {calico?.ToString() ?? "-"} {antrea?.ToString() ?? "-"}\n");
        }

        return text.ToString();

        // One allocator never gives an address twice; two allocators do, and shall.
        IPAddress Free(Cidr range, int wish, HashSet<IPAddress> used)
        {
            var index = Math.Min((uint)wish, (uint)range.AddressCount - 1);
            while (!used.Add(range.AddressAt(index)))
            {
                index = (index + 1) % (uint)range.AddressCount;
            }

            return range.AddressAt(index);
        }
    }
}
