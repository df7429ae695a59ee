using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Tests.Generators;

/// <summary>The proposal's cluster <c>test</c>: a control plane and twenty workers, pool 10.10.0.0/16, the /26 blocks
/// its listings show, and PodCIDRs 10.10.0.0/24 to 10.10.20.0/24 in the order of the Nodes below.</summary>
internal static class SeedCluster
{
    /// <summary>Node and first address of its block, the control plane first, then workers in order of their
    /// numbers.</summary>
    public static readonly ImmutableArray<(string Node, string Block)> Blocks =
    [
        ("test-control-plane", "10.10.36.64"), ("test-worker", "10.10.222.64"), ("test-worker2", "10.10.39.192"),
        ("test-worker3", "10.10.4.128"), ("test-worker4", "10.10.72.0"), ("test-worker5", "10.10.8.128"),
        ("test-worker6", "10.10.247.64"), ("test-worker7", "10.10.129.192"), ("test-worker8", "10.10.244.64"),
        ("test-worker9", "10.10.126.128"), ("test-worker10", "10.10.253.0"), ("test-worker11", "10.10.6.64"),
        ("test-worker12", "10.10.209.64"), ("test-worker13", "10.10.134.128"), ("test-worker14", "10.10.85.0"),
        ("test-worker15", "10.10.93.0"), ("test-worker16", "10.10.253.128"), ("test-worker17", "10.10.115.0"),
        ("test-worker18", "10.10.226.128"), ("test-worker19", "10.10.79.64"), ("test-worker20", "10.10.123.128"),
    ];

    /// <summary>The cluster. Each block holds its Node's tunnel address first, as Calico gives it out.</summary>
    /// <param name="podCidrOrder">Which /24 each Node has, by the order of <see cref="Blocks"/>; null for 0, 1,
    /// 2…</param>
    public static ClusterSnapshot Snapshot(IReadOnlyList<int>? podCidrOrder = null)
    {
        var nodes = Blocks.Select((entry, i) => new NodeInfo
        {
            Name = entry.Node,
            PodCidrs = [Cidr.Parse($"10.10.{podCidrOrder?[i] ?? i}.0/24")],
            InternalIPs = [IPAddress.Parse($"172.18.0.{i + 2}")],
            CalicoTunnelAddresses = [IPAddress.Parse(entry.Block)],
            Ready = true,
        });
        var blocks = Blocks.Select(entry => new IpamBlock
        {
            Name = $"{entry.Block.Replace('.', '-')}-26",
            Cidr = Cidr.Parse($"{entry.Block}/26"),
            Node = entry.Node,
            Allocations =
            [
                new(IPAddress.Parse(entry.Block), $"ipip-tunnel-addr-{entry.Node}", entry.Node, null, null, "ipipTunnelAddress"),
            ],
        });
        var pool = new IPPool
        {
            Name = "default-ipv4-ippool",
            Cidr = Cidr.Parse("10.10.0.0/16"),
            BlockSize = 26,
            IpipMode = EncapsulationMode.Always,
            NatOutgoing = true,
        };
        return new ClusterSnapshot
        {
            Nodes = [.. nodes.OrderBy(n => n.Name, StringComparer.Ordinal)],
            CalicoIpam = new CalicoIpam(
                [pool],
                [.. blocks.OrderBy(b => b.Cidr)],
                [.. Blocks.Select(e => new BlockAffinity(e.Node, Cidr.Parse($"{e.Block}/26"), "confirmed")).OrderBy(a => a.Cidr)]),
            ServiceCidrs = [Cidr.Parse("10.96.0.0/16")],
        };
    }
}
