using System.Net;
using System.Text;
using Antrea.Migration.Addressing;
using Antrea.Migration.IntegrationTests.Fabric;
using CsCheck;

namespace Antrea.Migration.IntegrationTests.Differential;

/// <summary>The clusters that the predictor, the walk and the kernel are compared on.</summary>
internal static class RandomClusters
{
    /// <summary>Node and block of the seed's cluster; PodCIDRs are 10.10.0.0/24, 10.10.1.0/24… in this order.</summary>
    private static readonly string[] SeedNodes =
    [
        "cp 10.10.36.64", "worker 10.10.222.64", "worker9 10.10.126.128", "worker3 10.10.4.128", "worker4 10.10.72.0",
        "worker5 10.10.8.128", "worker6 10.10.247.64", "worker7 10.10.129.192", "worker8 10.10.244.64", "worker2 10.10.39.192",
        "worker10 10.10.253.0", "worker11 10.10.6.64", "worker12 10.10.209.64", "worker13 10.10.134.128", "worker14 10.10.85.0",
        "worker15 10.10.93.0", "worker16 10.10.253.128", "worker17 10.10.115.0", "worker18 10.10.226.128", "worker19 10.10.79.64",
        "worker20 10.10.123.128",
    ];

    /// <summary>Behind it a place stands for the block's last address, which a PodCIDR around it may have for broadcasts; without a tunnel, which
    /// would have it, for the first, which routers have in IPv6.</summary>
    private const int LastPlaces = 16;

    private static readonly Gen<(int Where, int Quarter, int BlockLength, int PodCidrLength)> NodeGen =
        Gen.Select(Gen.Int[0, 6], Gen.Int[0, 3], Gen.Int[25, 27], Gen.Int[0, 3]);

    /// <summary>Three to six Nodes, blocks in PodCIDRs of every kind or in none, Pods of every kind.</summary>
    public static readonly Gen<ReachabilityCase> Any = Of(Families.IPv4);

    /// <summary>The same with IPv6, or with both families, each with blocks and PodCIDRs of its own.</summary>
    public static readonly Gen<ReachabilityCase> AnyWithIPv6 = Gen.OneOf(Of(Families.IPv6), Of(Families.Both));

    private enum Families
    {
        IPv4,
        IPv6,
        Both,
    }

    private static Gen<ReachabilityCase> Of(Families families) =>
        from layouts in Gen.Int[3, 6].SelectMany(count => NodeGen.Array[count].Array[2])
        from pods in Gen.Int[1, 7].Array[6]
        from places in Gen.Int[2, 20].Array[12].Array[2]
        from variant in Gen.Int[0, ReachabilityCase.Variants.Length - 1]
        from rpFilter in Gen.Int[0, 2]
        from flags in Gen.Int[0, 511]
        from services in Gen.Int[0, 3]
        from labels in Gen.Bool
        from isPartial in Gen.Bool
        from leads in Gen.Bool
        let isLed = leads && families == Families.IPv4 && (flags & 16) == 0
        let isDisjoint = isLed || (flags & 3) == 3
        let texts = new Func<int, string>(i =>
            Text(layouts[i], pods, places[i], isDisjoint, isIPv6: i == 1, isTunnelled: i == 0 || (flags & 16) != 0))
        select new ReachabilityCase(
            InFamilies(families, texts),
            new FabricOptions
            {
                Multus = ReachabilityCase.Variants[variant],
                RpFilter = rpFilter,
                Pool = InFamilies(families, i => isPartial
                    ? PartialPools(texts(i), Cidr.Parse(Ranged("10.10.0.0/23", isIPv6: i == 1)))
                    : Ranged(isDisjoint ? "10.20.0.0/16" : "10.10.0.0/16", isIPv6: i == 1)),
                NatOutgoing = (flags & 4) == 0,
                DropsInvalid = (flags & 8) == 0,
                Vxlan = (flags & 16) != 0,
                Egress = (flags & 32) == 0,
                NoSnat = (flags & 192) == 192,
                Encap = (flags & 256) == 0,
                PolicyRoute = isLed,
                LabelsAddresses = labels && families != Families.IPv4,
                ServicesByNet1 = (services & 1) != 0,
                KubeProxyClusterCidr = services == 0
                    ? null
                    : InFamilies(families, i => Ranged(services switch { 1 => "10.10.0.0/16", 2 => "10.20.0.0/16", _ => "10.10.2.0/23" }, isIPv6: i == 1)),
            });

    /// <summary>Pools that hold every block, and the PodCIDRs of the first two Nodes, but not all of the others'.</summary>
    private static string PartialPools(string text, Cidr first) => string.Join(',', text.Split('\n').Select(line => line.Split(' '))
        .Where(fields => fields[0] == "node").Select(fields => Cidr.Parse(fields[3])).Where(block => !first.Contains(block.FirstAddress)).Prepend(first));

    /// <summary>IPv6 ranges and addresses are the IPv4 ones behind 96 bits in front, and so lie in each other as those do.</summary>
    private static readonly byte[] Front = IPAddress.Parse("fd00:10::").GetAddressBytes();

    private static string Ranged(string cidr, bool isIPv6) => isIPv6 ? $"{InIPv6(Cidr.Parse(cidr))}" : cidr;

    private static Cidr InIPv6(Cidr cidr) => Cidr.Containing(new IPAddress([.. Front[..12], .. cidr.FirstAddress.GetAddressBytes()]), 96 + cidr.PrefixLength);

    /// <summary>What the two families say, line by line and word by word: words that differ with a comma between.</summary>
    private static string InFamilies(Families families, Func<int, string> text) => families switch
    {
        Families.IPv4 => text(0),
        Families.IPv6 => text(1),
        _ => string.Join('\n', text(0).Split('\n').Zip(text(1).Split('\n'), (one, other) =>
            string.Join(' ', one.Split(' ').Zip(other.Split(' '), (word, word6) => word == word6 ? word : $"{word},{word6}")))),
    };

    /// <summary>The seed's cluster with a Pod of each kind on every Node.</summary>
    public static string Seed()
    {
        var text = new StringBuilder();
        foreach (var (line, i) in SeedNodes.Select((line, i) => (line.Split(' '), i)))
        {
            var block = IPAddress.Parse(line[1]).GetAddressBytes();
            string Calico(int index) => $"{block[0]}.{block[1]}.{block[2]}.{block[3] + index}";
            text.Append($"node {line[0]} 172.18.0.{i + 2} {line[1]}/26 10.10.{i}.0/24\n");
            text.Append($"pod {line[0]}c {line[0]} calico {Calico(2)} -\n");
            text.Append($"pod {line[0]}a {line[0]} antrea - 10.10.{i}.2\n");
            text.Append($"pod {line[0]}m {line[0]} multus {Calico(3)} 10.10.{i}.3\n");
        }

        return text.ToString();
    }

    private static string Text(
        (int Where, int Quarter, int BlockLength, int PodCidrLength)[] nodes, int[] pods, int[] places, bool disjoint, bool isIPv6, bool isTunnelled)
    {
        var text = new StringBuilder();
        var blocks = new List<Cidr>();
        foreach (var (node, i) in nodes.Select((node, i) => (node, i)))
        {
            // In the PodCIDR of the Node of that number, its own perhaps, or outside all of them.
            var third = node.Where < nodes.Length ? node.Where : 100 + i;
            var block = Cidr.Containing(new IPAddress([10, (byte)(disjoint ? 20 : 10), (byte)third, (byte)(node.Quarter * 64)]), node.BlockLength);
            block = blocks.Exists(other => other.Overlaps(block)) ? Cidr.Parse($"10.{(disjoint ? 20 : 10)}.{150 + i}.0/26") : block;
            blocks.Add(block);
            var podCidr = Cidr.Parse($"10.10.{i}.0/{(node.PodCidrLength == 0 ? 26 : 24)}");
            (block, podCidr) = isIPv6 ? (InIPv6(block), InIPv6(podCidr)) : (block, podCidr);
            text.Append($"node n{i} {(isIPv6 ? "fd00:172:18::" : "172.18.0.")}{i + 10} {block} {podCidr}\n");
            var place = places[i * 2];
            var atEnd = isTunnelled ? block.LastAddress : block.FirstAddress;
            var (calico, other) = (place > LastPlaces ? atEnd : block.AddressAt((UInt128)place), block.AddressAt((UInt128)(place + 1)));
            var (antrea, net1) = (podCidr.AddressAt((UInt128)places[(i * 2) + 1]), podCidr.AddressAt((UInt128)(places[(i * 2) + 1] + 1)));
            text.Append((pods[i] & 1) != 0 ? $"pod n{i}c n{i} calico {calico} -\n" : "");
            text.Append((pods[i] & 2) != 0 ? $"pod n{i}a n{i} antrea - {antrea}\n" : "");
            text.Append((pods[i] & 4) != 0 ? $"pod n{i}m n{i} multus {other} {net1}\n" : "");
        }

        return text.ToString();
    }
}
