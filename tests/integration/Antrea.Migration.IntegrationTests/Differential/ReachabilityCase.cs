using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.IntegrationTests.Fabric;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Routing.Reachability;
using LibraryRoutes = Antrea.Migration.Routing.Reachability.MultusRoutes;
using PodRoutes = Antrea.Migration.IntegrationTests.Fabric.MultusRoutes;

namespace Antrea.Migration.IntegrationTests.Differential;

/// <summary>One cluster, told to both sides: as a topology of the lab's fabric and as a model of the library's.</summary>
/// <param name="Text">Lines as <see cref="FabricTopology"/> reads them.</param>
/// <param name="Options">The rest of it.</param>
internal sealed record ReachabilityCase(string Text, FabricOptions Options)
{
    public static readonly ImmutableArray<PodRoutes> Variants = [PodRoutes.Stock, PodRoutes.Rule, PodRoutes.Prefixes, PodRoutes.Routes];

    /// <summary>What the two sides say differently; empty when they agree on every pair.</summary>
    public IReadOnlyList<string> Differences()
    {
        var topology = FabricTopology.Build(Text, Options);
        var predictor = new ReachabilityPredictor(Model(topology));
        string[] all = [.. topology.PodNames, .. topology.Nodes.Keys];
        var differences = new List<string>();
        foreach (var (family, from) in topology.Families.SelectMany(family => all.Select(from => (family, from))))
        {
            foreach (var to in all.Where(to => to != from))
            {
                var predicted = predictor.Predict(Endpoint(topology, from, family), Endpoint(topology, to, family));
                var walked = topology.Fabric.Connect(topology[from], topology.MainAddressOf(to, family), 80, TransportProtocol.Tcp, topology[to]);
                if (Difference(predicted, walked) is { } what && Explanation(topology, from, to) is null)
                {
                    differences.Add($"{from} -> {to}: {what}\n  predicted {predicted.Verdict}: {predicted.Reason}\n  walked {walked}");
                }
            }
        }

        return differences;
    }

    /// <summary>The same for a Service of each end's own: everybody asks for its ClusterIP, a Pod for its own too (not a Node: the lab's
    /// loopback does not undo a translation).</summary>
    public IReadOnlyList<string> ServiceDifferences()
    {
        var topology = FabricTopology.Build(Text, Options);
        var predictor = new ReachabilityPredictor(Model(topology));
        var differences = new List<string>();
        foreach (var (to, clusterIP) in Serve(topology))
        {
            var family = clusterIP.AddressFamily;
            foreach (var from in topology.PodNames.Concat(topology.Nodes.Keys).Where(from => from != to || topology.Pods.ContainsKey(from)))
            {
                var predicted = predictor.PredictService(Endpoint(topology, from, family), Endpoint(topology, to, family), clusterIP);
                var walked = topology.Connect(from, clusterIP.ToString());
                if (Difference(predicted, walked) is { } what && Explanation(topology, from, to) is null)
                {
                    differences.Add($"{from} -> Service of {to}: {what}\n  predicted {predicted.Verdict}: {predicted.Reason}\n  walked {walked}");
                }
            }
        }

        return differences;
    }

    /// <summary>Gives each end a Service of its own, in each family.</summary>
    public static IReadOnlyList<(string To, IPAddress ClusterIP)> Serve(FabricTopology topology)
    {
        var services = topology.Families.SelectMany(family => topology.PodNames.Concat(topology.Nodes.Keys).Select((to, i) => (
            To: to,
            ClusterIP: Cidr.Parse(family == AddressFamily.InterNetwork ? FabricTopology.ServiceCidr : FabricTopology.ServiceCidr6).AddressAt((UInt128)i + 10)))).ToList();
        services.ForEach(service => topology.Serve(service.ClusterIP.ToString(), 80, TransportProtocol.Tcp, service.To));
        return services;
    }

    /// <summary>The cluster as a fixture to paste, and every difference.</summary>
    public string Report(IReadOnlyList<string> differences) =>
        new StringBuilder().Append(differences.Count).Append(" differences in\n").Append(Text).Append(Options).Append('\n')
            .AppendJoin('\n', differences.Take(3))
            .Append("\nall of them:\n").AppendJoin('\n', differences.Select(text => text[..text.IndexOf('\n', StringComparison.Ordinal)])).ToString();

    /// <summary>Why the two sides may differ about this pair; null when they must not.</summary>
    public static string? Explanation(FabricTopology topology, string from, string to)
    {
        var (source, destination) = (AddressesOf(topology, from), AddressesOf(topology, to));
        IPAddress[] ends = [.. source, .. destination];
        if (source.Distinct().Count() + destination.Distinct().Count() < ends.Length)
        {
            return "Both networks gave one Pod the same address, so either path leads to it: the library's rules know ranges only.";
        }

        return ends.Any(end => topology.PodNames.Count(pod => AddressesOf(topology, pod).Contains(end)) > 1)
            ? "Another Pod has one of the addresses too: packets may end there, or its answer to ARP lets them pass. The library's rules know ranges only."
            : null;
    }

    private static IReadOnlyList<IPAddress> AddressesOf(FabricTopology topology, string name) =>
        topology.Pods.ContainsKey(name) ? topology.AddressesOf(name) : [];

    private static string? Difference(ReachabilityAnswer predicted, ConnectionVerdict walked) =>
        Difference(predicted, walked.Outcome, walked.IsWrongReceiver, walked.SourceSeen);

    /// <summary>What happened otherwise than predicted; null when nothing did.</summary>
    public static string? Difference(ReachabilityAnswer predicted, ConnectionOutcome outcome, bool isWrongReceiver, IPAddress? sourceSeen)
    {
        // Nobody listens on a Node: that it says so means that the packets found both ways.
        var arrives = outcome is ConnectionOutcome.Delivered or ConnectionOutcome.Refused && !isWrongReceiver;
        return predicted.Verdict switch
        {
            ReachabilityVerdict.Degraded => null,
            ReachabilityVerdict.Unreachable => arrives ? "predicted to fail, arrives" : null,
            _ when !arrives => "predicted to arrive, fails",
            _ when sourceSeen is { } seen && predicted.SourceSeen is { } expected && seen.ToString() != expected =>
                $"predicted to be seen as {expected}, is seen as {seen}",
            _ => null,
        };
    }

    /// <summary>The cluster as the library is told of it.</summary>
    public ReachabilityModel Model(FabricTopology topology) => new()
    {
        Nodes =
        [
            .. topology.Nodes.Select(node => new ReachabilityNode
            {
                Name = node.Key,
                PodCidrs = topology.PodCidrsOf(node.Key),
                InternalIPs = node.Value.Addresses,
                TunnelAddresses = [.. topology.TunnelsOf(node.Key)],
            }),
        ],
        Blocks = [.. topology.Nodes.Keys.SelectMany(node => topology.BlocksOf(node).Select(block => new ReachabilityBlock(block, node)))],
        Pools = [.. Options.Pool.Split(',').Select(Cidr.Parse).Select(pool => new ReachabilityPool(
            pool, Options.NatOutgoing, Encapsulation: pool.IsIPv6 && !Options.Vxlan ? EncapsulationMode.Never : EncapsulationMode.Always))],
        AntreaEncap = Options.Encap ? AntreaEncapMode.Encap : AntreaEncapMode.NoEncap,
        NoSnat = Options.NoSnat,
        KubeProxyDropsInvalid = Options.DropsInvalid,
        ReversePathFilter = Options.RpFilter switch
        {
            0 => ReversePathFilter.Off,
            1 => ReversePathFilter.Strict,
            _ => ReversePathFilter.Loose,
        },
        LeadsCalicoByItsTunnel = Options.PolicyRoute,
        LabelsNodeAddresses = Options.LabelsAddresses,
        EgressEnabled = Options.Egress,
        KubeProxyClusterCidrs = Options.KubeProxyClusterCidr is { } cluster ? [.. cluster.Split(',').Select(Cidr.Parse)] : [],
        ServiceCidrs = Options.Multus == PodRoutes.Prefixes || Options.ServicesByNet1 ? [Cidr.Parse(FabricTopology.ServiceCidr), Cidr.Parse(FabricTopology.ServiceCidr6)] : [],
        MultusRoutes = Options.Multus switch
        {
            PodRoutes.Stock => LibraryRoutes.Stock,
            PodRoutes.Rule => LibraryRoutes.V1,
            PodRoutes.Prefixes => LibraryRoutes.V2,
            PodRoutes.Routes => LibraryRoutes.ByPodCidr,
            var other => throw new NotSupportedException($"The library knows no routes {other}."),
        },
    };

    /// <summary>A Pod or Node as the library is told of it.</summary>
    public static ReachabilityEndpoint Endpoint(FabricTopology topology, string name, AddressFamily family)
    {
        if (topology.Nodes.TryGetValue(name, out var node))
        {
            return ReachabilityEndpoint.Host(name, node.AddressOf(family)!);
        }

        var (at, calico, antrea) = (topology.NodeOf(name), topology.CalicoAddress(name, family), topology.AntreaAddress(name, family));
        return (calico, antrea) switch
        {
            (IPAddress c, IPAddress a) => ReachabilityEndpoint.Multus(at, c, a),
            (IPAddress c, null) => ReachabilityEndpoint.Calico(at, c),
            _ => ReachabilityEndpoint.Antrea(at, antrea!),
        };
    }
}
