using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Kind;

/// <summary>What a rehearsal takes over from somebody's cluster: which Nodes it stands for, and the ranges they have.</summary>
/// <remarks>
/// <para>Taken over: the Nodes' PodCIDRs, labels and taints; Calico's pools, and each Node's own blocks, empty; Namespaces and ServiceAccounts, policies, Services, and
/// Deployments, StatefulSets and DaemonSets with at most two replicas, whose containers are one that serves their TCP ports. All of it of IPv4.</para>
/// <para>A Node without a block gets one outside all PodCIDRs, where a pool has one: Calico would draw one from the Node's name, and maybe an overlap that is not in the snapshot.</para>
/// <para>A kind cluster has one control plane. It stands for the first of the snapshot's, or for no Node where the snapshot has none; it has a free PodCIDR then.</para>
/// </remarks>
public sealed class KindLikeness
{
    private const int DefaultMostWorkers = 20;
    private const int MostCandidates = 65_536;
    private const int LongestServices = 28;

    private static readonly Cidr KindsServices = Cidr.Parse("10.96.0.0/16");

    private readonly ImmutableArray<KindCounterpart> _nodes;

    private KindLikeness(ClusterSnapshot snapshot, ImmutableArray<KindCounterpart> nodes, Cidr podSubnet, Cidr? services, ImmutableArray<string> leftOut)
    {
        Snapshot = snapshot;
        _nodes = nodes;
        PodSubnet = podSubnet;
        ServiceSubnet = services ?? KindsServices;
        KeepsServiceAddresses = services is not null;
        LeftOut = leftOut;
    }

    /// <summary>How many workers, beside the control plane.</summary>
    public int Workers => _nodes.Length - 1;

    /// <summary>The range that kube-proxy and Nodes know as the Pods'.</summary>
    public Cidr PodSubnet { get; }

    /// <summary>Where Services get their addresses from; kind's own range where the snapshot does not say.</summary>
    public Cidr ServiceSubnet { get; }

    /// <summary>What of the snapshot the rehearsal cannot show, one sentence each.</summary>
    public ImmutableArray<string> LeftOut { get; }

    /// <summary>The Nodes that are stood for, control plane first; null for one that is nobody's.</summary>
    public IEnumerable<string?> NodeNames => _nodes.Select(n => n.Name);

    internal ClusterSnapshot Snapshot { get; }

    internal bool KeepsServiceAddresses { get; }

    /// <summary>What a cluster must have to be like <paramref name="snapshot"/>.</summary>
    /// <param name="snapshot">The cluster, as <c>antrea-migrator snapshot</c> saves it.</param>
    /// <param name="workers">How many workers at most, beside the control plane; <see langword="null"/> for 20. Nodes whose blocks or PodCIDRs overlap come first.</param>
    /// <exception cref="MigrationException">Nothing can be made like it; the message says why.</exception>
    public static KindLikeness Of(ClusterSnapshot snapshot, int? workers = null)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var most = workers ?? DefaultMostWorkers;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(most, nameof(workers));
        var all = snapshot.Nodes.Where(n => n.OperatingSystem == "linux").ToList();
        var podCidrs = all.SelectMany(n => n.PodCidrs).Where(c => !c.IsIPv6).ToList();
        if (podCidrs.Count == 0)
        {
            throw new MigrationException(
                "The snapshot has no Linux Node with an IPv4 PodCIDR; a rehearsal is made like clusters of IPv4.", "Take a snapshot of the whole cluster: antrea-migrator snapshot --to FOLDER.");
        }

        var controlPlanes = all.Where(n => IsControlPlane(snapshot, n)).ToList();
        var involved = Overlapping(snapshot.CalicoIpam, all);
        var chosen = all.Except(controlPlanes.Take(1)).OrderByDescending(n => involved.Contains(n.Name)).Take(most)
            .OrderBy(n => n.Name, StringComparer.Ordinal).ToList();
        if (chosen.Count == 0)
        {
            throw new MigrationException("The snapshot has no Node beside its control plane, and workloads need one.", "Take a snapshot of the whole cluster.");
        }

        var podSubnet = snapshot.ClusterCidrs.Where(c => !c.IsIPv6).Cast<Cidr?>().FirstOrDefault() ?? Covering(podCidrs);
        var services = snapshot.ServiceCidrs.Where(c => !c.IsIPv6).Cast<Cidr?>().FirstOrDefault();
        if (services is { PrefixLength: > LongestServices })
        {
            throw new MigrationException($"Services get their addresses from {services}, too few for a rehearsal's own.", $"A rehearsal needs a Service range of /{LongestServices} or shorter.");
        }

        var blocks = snapshot.CalicoIpam.Blocks.Where(b => !b.Cidr.IsIPv6).ToLookup(b => b.Node);
        List<Cidr> taken = [.. podCidrs, .. blocks.SelectMany(g => g.Select(b => b.Cidr))];
        var first = controlPlanes.Count > 0 ? Counterpart(controlPlanes[0]) : New();
        return new KindLikeness(
            snapshot,
            [first, .. chosen.Select(Counterpart)],
            podSubnet,
            services,
            [.. KindLikenessGaps.Of(snapshot, [.. chosen.Concat(controlPlanes.Take(1))], involved)]);

        KindCounterpart Counterpart(NodeInfo node) =>
            new(node.Name, node.PodCidrs.Where(c => !c.IsIPv6).Cast<Cidr?>().FirstOrDefault(), Blocks(blocks[node.Name]));

        KindCounterpart New()
        {
            var podCidr = Free(podSubnet, podCidrs[0].PrefixLength, taken) ?? throw new MigrationException(
                $"The snapshot has no control plane, and {podSubnet} has no PodCIDR left for that of the rehearsal.", "Give the snapshot a Node with the label node-role.kubernetes.io/control-plane.");
            taken.Add(podCidr);
            return new KindCounterpart(null, podCidr, Blocks([]));
        }

        ImmutableArray<IpamBlock> Blocks(IEnumerable<IpamBlock> own)
        {
            ImmutableArray<IpamBlock> known = [.. own];
            var pool = snapshot.CalicoIpam.Pools.FirstOrDefault(p => p is { Cidr.IsIPv6: false, Disabled: false });
            if (!known.IsEmpty || pool is null || Free(pool.Cidr, pool.BlockSize, taken) is not { } free)
            {
                return known;
            }

            taken.Add(free);
            return [new IpamBlock { Name = KindBlocks.NameOf(free), Cidr = free }];
        }
    }

    /// <summary>The Nodes of a cluster with this name, each with what it stands for.</summary>
    internal IEnumerable<(string Node, KindCounterpart Of)> NodesOf(string cluster) => KindAddressPlan.Nodes(cluster, Workers).Zip(_nodes);

    /// <summary>The first names that fit; addresses are the snapshot's whatever the name is.</summary>
    internal IEnumerable<KindAddressPlan> Plans(string prefix)
    {
        var pool = Snapshot.CalicoIpam.Pools.FirstOrDefault(p => !p.Cidr.IsIPv6);
        return KindAddressPlan.Names(prefix).Select(n => new KindAddressPlan(n, pool?.Cidr ?? PodSubnet, pool?.BlockSize ?? KindAddressPlan.CalicosBlockLength));
    }

    /// <summary>An address that no Service of the snapshot has.</summary>
    internal IPAddress FreeServiceAddress()
    {
        var taken = Snapshot.OfKind("", "Service").Select(s => s.Json.TextAt("spec", "clusterIP")).ToHashSet();
        var size = (ulong)UInt128.Min(ServiceSubnet.AddressCount, MostCandidates);
        for (var i = size - 2; i > 1; i--)
        {
            if (ServiceSubnet.AddressAt(i) is var address && !taken.Contains(address.ToString()))
            {
                return address;
            }
        }

        throw new MigrationException($"Every address of {ServiceSubnet} is some Service's.", "Leave some Services out of the snapshot.");
    }

    private static bool IsControlPlane(ClusterSnapshot snapshot, NodeInfo node) =>
        snapshot.OfKind("", "Node").First(n => n.Name == node.Name).Json.MapAt("metadata", "labels")
            .Any(l => l.Key is "node-role.kubernetes.io/control-plane" or "node-role.kubernetes.io/master");

    /// <summary>The Nodes that have a block in some PodCIDR, and those whose PodCIDRs these are.</summary>
    private static HashSet<string> Overlapping(CalicoIpam ipam, List<NodeInfo> nodes)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (var block in ipam.Blocks)
        {
            foreach (var node in nodes.Where(n => n.PodCidrs.Any(c => c.Overlaps(block.Cidr))))
            {
                names.Add(node.Name);
                names.Add(block.Node ?? node.Name);
            }
        }

        return names;
    }

    /// <summary>The longest prefix that holds them all.</summary>
    private static Cidr Covering(List<Cidr> cidrs)
    {
        var (first, last) = (cidrs.Min(), cidrs.Max());
        var covering = first;
        while (!(covering.Contains(first) && covering.Contains(last)))
        {
            covering = Cidr.Containing(first.FirstAddress, covering.PrefixLength - 1);
        }

        return covering;
    }

    /// <summary>The first of a range's subnets that touches nothing; null where there is none.</summary>
    private static Cidr? Free(Cidr range, int length, List<Cidr> taken)
    {
        var count = length < range.PrefixLength ? 0 : Math.Min(1L << (length - range.PrefixLength), MostCandidates);
        for (var i = 0L; i < count; i++)
        {
            if (range.Subnet(length, (ulong)i) is var cidr && !taken.Exists(c => c.Overlaps(cidr)))
            {
                return cidr;
            }
        }

        return null;
    }
}

/// <summary>A Node that is stood for.</summary>
/// <param name="Name">Its name; null for none.</param>
/// <param name="PodCidr">Its PodCIDR; null where it has none.</param>
/// <param name="Blocks">Calico's blocks that are affine to it.</param>
internal sealed record KindCounterpart(string? Name, Cidr? PodCidr, ImmutableArray<IpamBlock> Blocks);
