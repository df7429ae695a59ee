using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Routing;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>What a Multus Pod's routes look like; the names are those of facts about real plugins.</summary>
internal enum MultusRoutes
{
    /// <summary>Two default routes of one metric, the one by net1 first: what Multus and Antrea leave.</summary>
    Stock,

    /// <summary>V1: <see cref="Net1"/>, and answers from the Calico address by eth0.</summary>
    Rule,

    /// <summary>V2: default by eth0, every PodCIDR and the Services by net1, and both addresses answer by their own way.</summary>
    Prefixes,

    /// <summary>Only the default by eth0.</summary>
    Eth0,

    /// <summary>Only the default by net1.</summary>
    Net1,

    /// <summary>Default by eth0, the other Nodes' PodCIDRs by net1, no rule.</summary>
    Routes,

    /// <summary>What the sbr plugin leaves.</summary>
    Sbr,

    /// <summary><see cref="Routes"/> and <see cref="Sbr"/>.</summary>
    SbrRoutes,
}

internal sealed record FabricOptions
{
    public MultusRoutes Multus { get; init; } = MultusRoutes.Rule;

    public int RpFilter { get; init; } = 1;

    public bool DropsInvalid { get; init; } = true;

    /// <summary>All that there are, with commas between.</summary>
    public string Pool { get; init; } = "10.10.0.0/16";

    public bool NatOutgoing { get; init; } = true;

    public bool Vxlan { get; init; }

    public bool Encap { get; init; } = true;

    public bool Egress { get; init; } = true;

    public bool NoSnat { get; init; }

    /// <summary>With <see cref="MultusRoutes.Routes"/> the Services too are reached by net1.</summary>
    public bool ServicesByNet1 { get; init; }

    /// <summary>kube-proxy's <c>--cluster-cidr</c>: one of a family, with a comma between.</summary>
    public string? KubeProxyClusterCidr { get; init; }

    /// <summary>Calico sources reach the PodCIDRs by Calico's tunnel.</summary>
    public bool PolicyRoute { get; init; }

    /// <summary>Nodes send to their own Calico Pods from their own IPv6 addresses.</summary>
    public bool LabelsAddresses { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Builds a fabric as Calico, Antrea and Multus would leave it, out of a few lines of text.</summary>
/// <remarks><c>node NAME NODE-IP BLOCK PODCIDR</c> and <c>pod NAME NODE calico|antrea|multus CALICO-IP|- ANTREA-IP|-</c>; where there are both
/// families, each has two values with a comma between.</remarks>
internal sealed class FabricTopology
{
    public const string ServiceCidr = "10.96.0.0/16";
    public const string ServiceCidr6 = "fd00:10::a60:0/112";

    private static readonly string LeadTable = CalicoLead.Table.ToString(CultureInfo.InvariantCulture);
    private static readonly IPAddress LinkLocal = IPAddress.Parse("169.254.1.1");
    private static readonly IPAddress LinkLocal6 = IPAddress.Parse("fe80::ecee:eeff:feee:eeee");

    private readonly FabricOptions _options;
    private readonly List<NodeLine> _nodes = [];
    private readonly List<PodLine> _pods = [];

    private FabricTopology(FabricOptions options)
    {
        _options = options;
        Fabric = new SimulatedFabric(options.Time);
    }

    public SimulatedFabric Fabric { get; }

    public Dictionary<string, HostNetns> Nodes { get; } = [];

    public Dictionary<string, PodNetns> Pods { get; } = [];

    public IReadOnlyList<string> PodNames => [.. _pods.Select(pod => pod.Name)];

    public static FabricTopology Build(string text, FabricOptions? options = null)
    {
        var topology = new FabricTopology(options ?? new FabricOptions());
        foreach (var fields in text.Split('\n').Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (fields is ["node", var name, var address, var block, var podCidr])
            {
                topology._nodes.Add(new NodeLine(name, ParseAddresses(address), ParseCidrs(block), ParseCidrs(podCidr)));
            }
            else if (fields is ["pod", var pod, var node, var kind, var calico, var antrea])
            {
                topology._pods.Add(new PodLine(pod, node, kind, ParseAddresses(calico), ParseAddresses(antrea)));
            }
        }

        foreach (var node in topology._nodes)
        {
            topology.AddNode(node);
        }

        foreach (var pod in topology._pods)
        {
            topology.AddPod(pod);
        }

        return topology;
    }

    /// <summary>The families that Nodes have addresses of.</summary>
    public IReadOnlyList<AddressFamily> Families => [.. _nodes[0].Addresses.Select(address => address.AddressFamily)];

    public IPAddress? CalicoAddress(string pod, AddressFamily family = AddressFamily.InterNetwork) => Of(Line(pod).Calico, family);

    public IPAddress? AntreaAddress(string pod, AddressFamily family = AddressFamily.InterNetwork) => Of(Line(pod).Antrea, family);

    /// <summary>A Pod's Calico addresses, then its Antrea ones, as far as it has them; a Node's own.</summary>
    public IReadOnlyList<IPAddress> AddressesOf(string name) => Nodes.TryGetValue(name, out var node)
        ? node.Addresses
        : [.. Line(name).Calico, .. Line(name).Antrea];

    /// <summary>The address others use, Calico's before Antrea's.</summary>
    public IPAddress MainAddressOf(string name, AddressFamily family) => Of([.. AddressesOf(name)], family)!;

    public string KindOf(string pod) => Line(pod).Kind;

    public string NodeOf(string pod) => Line(pod).Node;

    public IPAddress TunnelOf(string node) => BlockOf(node).FirstAddress;

    public Cidr PodCidrOf(string node) => PodCidrsOf(node)[0];

    public Cidr BlockOf(string node) => BlocksOf(node)[0];

    /// <summary>Of each family that has a tunnel: IPv6 only has VXLAN.</summary>
    public IEnumerable<IPAddress> TunnelsOf(string node) => BlocksOf(node).Where(block => TunnelDevice(block.IsIPv6) is not null).Select(block => block.FirstAddress);

    public ImmutableArray<Cidr> PodCidrsOf(string node) => NodeNamed(node).PodCidrs;

    public ImmutableArray<Cidr> BlocksOf(string node) => NodeNamed(node).Blocks;

    public NetworkNamespace this[string name] => Pods.TryGetValue(name, out var pod) ? pod : Nodes[name];

    public ConnectionVerdict Connect(string from, string to, int port = 80, TransportProtocol protocol = TransportProtocol.Tcp) =>
        Connect(this[from], to, port, protocol);

    public ConnectionVerdict Connect(NetworkNamespace from, string to, int port = 80, TransportProtocol protocol = TransportProtocol.Tcp)
    {
        // NAME is a Pod's own (status) address, NAME.net1 a Multus Pod's Antrea address; else it is an address.
        if (IPAddress.TryParse(to, out var address))
        {
            return Fabric.Connect(from, address, port, protocol);
        }

        var name = to.Replace(".net1", "", StringComparison.Ordinal);
        if (Nodes.TryGetValue(name, out var node))
        {
            return Fabric.Connect(from, node.Address, port, protocol, node);
        }

        var line = Line(name);
        var target = to.EndsWith(".net1", StringComparison.Ordinal) ? line.Antrea[0] : AddressesOf(name)[0];
        return Fabric.Connect(from, target, port, protocol, Pods[name]);
    }

    /// <summary>Serves one ClusterIP and port with the Pods, or Nodes, of these names.</summary>
    public void Serve(string clusterIP, int port, TransportProtocol protocol, params string[] pods)
    {
        var before = Fabric.Services;
        var address = IPAddress.Parse(clusterIP);
        ImmutableArray<IPEndPoint> endpoints = [.. pods.Select(pod => new IPEndPoint(MainAddressOf(pod, address.AddressFamily), port))];
        Fabric.Services = (asked, askedPort, askedProtocol) =>
            asked.Equals(address) && askedPort == port && askedProtocol == protocol
                ? endpoints
                : before(asked, askedPort, askedProtocol);
        var row = new ServicePort(new IPEndPoint(address, port), protocol, endpoints);
        ImmutableArray<ServicePort> rows =
            [.. Fabric.ServicePorts().Where(other => !other.Address.Equals(row.Address) || other.Protocol != protocol), row];
        Fabric.ServicePorts = () => rows;
        Fabric.ServicesChanged();
    }

    /// <summary>What <c>kubectl delete -f calico.yaml</c> takes away: nothing on the Nodes. This is the cleaning behind it.</summary>
    public void CleanCalico(string node, bool routes, bool chains)
    {
        var host = Nodes[node];
        if (routes)
        {
            host.RemoveRoutes(route => route.Protocol == "bird");
            host.RemoveDevice(TunnelDevice(isIPv6: false)!);
        }

        if (chains)
        {
            host.Update(state => state with { Calico = null });
        }
    }

    public void RemovePod(string name)
    {
        var line = Line(name);
        var host = Nodes[line.Node];
        host.RemoveVeth(Veth(name));
        host.State.Ovs!.RemovePorts(Pods[name]);
        Pods.Remove(name);
        _pods.Remove(line);
    }

    public PodNetns AddPod(string name, string node, string kind, string? calico, string? antrea)
    {
        var line = new PodLine(name, node, kind, ParseAddresses(calico ?? "-"), ParseAddresses(antrea ?? "-"));
        _pods.Add(line);
        AddPod(line);
        return Pods[name];
    }

    /// <summary>Null where Calico does without a tunnel: it has no IPIP for IPv6.</summary>
    private string? TunnelDevice(bool isIPv6) => (isIPv6, _options.Vxlan) switch
    {
        (false, true) => "vxlan.calico",
        (false, false) => "tunl0",
        (true, true) => "vxlan-v6.calico",
        _ => null,
    };

    private void AddNode(NodeLine line)
    {
        var host = new HostNetns(
            line.Name,
            [.. line.Addresses.Select(address => new LinkAddress(address, address.AddressFamily == AddressFamily.InterNetwork ? 16 : 64))],
            [.. line.Addresses.Select(address => IPAddress.Parse(address.AddressFamily == AddressFamily.InterNetwork ? "172.18.0.1" : "fd00:172:18::1"))]);
        Nodes[line.Name] = host;
        var pools = ParseCidrs(_options.Pool);
        var bridge = new OvsBridge(line.PodCidrs);
        host.Update(state => state with
        {
            RpFilter = _options.RpFilter,
            KubeProxy = new KubeProxy(_options.DropsInvalid, ParseCidrs(_options.KubeProxyClusterCidr ?? "-")),
            Calico = new CalicoNetfilter(_options.NatOutgoing ? pools : [], pools) { DropsInvalid = _options.DropsInvalid },
            Antrea = new AntreaNetfilter(line.PodCidrs, [.. _nodes.SelectMany(node => node.PodCidrs)], _options.NoSnat),
            Ovs = bridge,
            AddressLabels = _options.LabelsAddresses ? [.. AddressLabelVerbs.Read(NodeCommands.LabelAddresses(line.Addresses, line.PodCidrs, pools).Arguments)] : [],
        });
        foreach (var block in line.Blocks)
        {
            if (TunnelDevice(block.IsIPv6) is { } tunnel)
            {
                host.AddDevice(new HostDevice(tunnel, _options.Vxlan ? HostDeviceKind.VxlanTunnel : HostDeviceKind.IpipTunnel, block.FirstAddress));
            }
        }

        bridge.Update(state => state with { Egress = _options.Egress });
        foreach (var block in line.Blocks)
        {
            host.ReplaceRoute(new Route { Destination = block, Type = RouteType.Blackhole, Protocol = "bird" });
        }

        // Calico was there first. In this order alone the kernel takes all IPv6 routes: a next hop must not lie behind another device's route.
        var peers = _nodes.Where(peer => peer != line).ToList();
        foreach (var route in peers.SelectMany(peer => peer.Blocks.Select((block, i) => RouteToBlock(block, peer.Addresses[i]))))
        {
            host.TryAddRoute(route);
        }

        host.AddDevice(new HostDevice("antrea-gw0", HostDeviceKind.AntreaGateway, bridge.Gateways));
        foreach (var (podCidr, address) in peers.SelectMany(peer => peer.PodCidrs.Zip(peer.Addresses)))
        {
            AddPeer(host, bridge, podCidr, address);
        }

        if (_options.PolicyRoute)
        {
            foreach (var (priority, source, table) in line.PodCidrs.Select(own => (CalicoLead.OwnPriority, own, RoutingState.MainTable))
                .Concat(pools.Select(pool => (CalicoLead.CalicoPriority, pool, LeadTable))))
            {
                host.AddRule(new RoutingRule(priority, source, null, table));
            }
        }

        Fabric.Register(host);
    }

    private Route RouteToBlock(Cidr block, IPAddress node) => TunnelDevice(block.IsIPv6) is { } tunnel
        ? new Route { Destination = block, Gateway = _options.Vxlan ? block.FirstAddress : node, Device = tunnel, Protocol = "bird", OnLink = true }
        : new Route { Destination = block, Gateway = node, Device = HostNetns.UplinkName, Protocol = "bird" };

    private void AddPeer(HostNetns host, OvsBridge bridge, Cidr podCidr, IPAddress node)
    {
        var gateway = podCidr.AddressAt(1);
        if (podCidr.IsIPv6 && _options.Encap)
        {
            host.ReplaceRoute(new Route { Destination = Cidr.Host(gateway), Device = "antrea-gw0" });
        }

        host.ReplaceRoute(_options.Encap
            ? new Route { Destination = podCidr, Gateway = gateway, Device = "antrea-gw0", OnLink = !podCidr.IsIPv6 }
            : new Route { Destination = podCidr, Gateway = node, Device = HostNetns.UplinkName });
        bridge.SetPeer(new OvsPeer(podCidr, node, _options.Encap));
        if (_options.PolicyRoute && TunnelDevice(podCidr.IsIPv6) is { } tunnel)
        {
            host.ReplaceRoute(new Route { Destination = podCidr, Gateway = node, Device = tunnel, OnLink = true, Table = LeadTable });
        }
    }

    private void AddPod(PodLine line)
    {
        var host = Nodes[line.Node];
        var pod = new PodNetns("default", line.Name);
        Pods[line.Name] = pod;
        if (!line.Calico.IsEmpty)
        {
            pod.AddInterface(new PodInterface("eth0", [.. line.Calico.Select(LinkAddress.Host)], AttachmentKind.CalicoVeth, host, Veth(line.Name)));
            host.AddVeth(new WorkloadVeth(Veth(line.Name), pod, "eth0"));
            foreach (var calico in line.Calico)
            {
                if (calico.AddressFamily == AddressFamily.InterNetwork)
                {
                    pod.TryAddRoute(new Route { Destination = Cidr.Host(LinkLocal), Device = "eth0", Scope = "link" });
                }

                pod.TryAddRoute(ByEth0(calico));
                host.ReplaceRoute(new Route { Destination = Cidr.Host(calico), Device = Veth(line.Name), Scope = calico.AddressFamily == AddressFamily.InterNetwork ? "link" : null });
            }
        }

        if (!line.Antrea.IsEmpty)
        {
            var bridge = host.State.Ovs!;
            var name = line.Calico.IsEmpty ? "eth0" : "net1";
            pod.AddInterface(new PodInterface(
                name,
                [.. line.Antrea.Zip(bridge.PodCidrs, (address, podCidr) => new LinkAddress(address, podCidr.PrefixLength))],
                AttachmentKind.OvsPort,
                host,
                $"{line.Name}-ovs"));
            foreach (var (antrea, i) in line.Antrea.Select((antrea, i) => (antrea, i)))
            {
                bridge.AddPort(new OvsPort($"{line.Name}-ovs", antrea, pod, name));
                if (line.Calico.IsEmpty)
                {
                    pod.TryAddRoute(Default("eth0", bridge.Gateways[i].Address));
                }
                else
                {
                    AddMultusRoutes(pod, bridge.PodCidrs[i], line.Calico[i], antrea);
                }
            }
        }

        pod.Listen(80);
    }

    private void AddMultusRoutes(PodNetns pod, Cidr own, IPAddress calico, IPAddress antrea)
    {
        var byNet1 = Default("net1", own.AddressAt(1));
        var services = Cidr.Parse(own.IsIPv6 ? ServiceCidr6 : ServiceCidr);
        switch (_options.Multus)
        {
            case MultusRoutes.Stock:
                pod.PrependRoute(byNet1);
                break;
            case MultusRoutes.Net1 or MultusRoutes.Rule:
                pod.ReplaceRoute(byNet1);
                break;
            case MultusRoutes.Routes or MultusRoutes.SbrRoutes or MultusRoutes.Prefixes:
                foreach (var podCidr in _nodes.SelectMany(node => node.PodCidrs).Where(podCidr => podCidr.IsIPv6 == own.IsIPv6 && podCidr != own))
                {
                    pod.TryAddRoute(byNet1 with { Destination = podCidr });
                }

                if (_options.ServicesByNet1 && _options.Multus == MultusRoutes.Routes)
                {
                    pod.TryAddRoute(byNet1 with { Destination = services });
                }

                break;
        }

        switch (_options.Multus)
        {
            case MultusRoutes.Rule:
                AnswerBy(ByEth0(calico), calico);
                break;
            case MultusRoutes.Prefixes:
                pod.TryAddRoute(byNet1 with { Destination = services });
                AnswerBy(ByEth0(calico), calico);
                AddOnLink("net1");
                AnswerBy(byNet1, antrea);
                break;
            case MultusRoutes.Sbr or MultusRoutes.SbrRoutes:
                if (_options.Multus == MultusRoutes.Sbr)
                {
                    pod.RemoveRoutes(route => route.Destination == own);
                }

                AddOnLink("net1");
                AnswerBy(byNet1, antrea);
                break;
        }

        // Without it a Pod of the same Node is asked for by the gateway's MAC address, and the Node's conntrack sees one side.
        void AddOnLink(string table) => pod.TryAddRoute(
            new Route { Destination = own, Device = "net1", Source = antrea, Table = table });

        void AnswerBy(Route route, IPAddress from)
        {
            pod.TryAddRoute(route with { Table = route.Device! });
            pod.AddRule(new RoutingRule(32764, Cidr.Host(from), null, route.Device!));
        }
    }

    private static Route Default(string device, IPAddress gateway) =>
        new() { Destination = Cidr.Containing(gateway, 0), Device = device, Gateway = gateway };

    private static Route ByEth0(IPAddress calico) => Default("eth0", calico.AddressFamily == AddressFamily.InterNetwork ? LinkLocal : LinkLocal6);

    private static string Veth(string pod) => $"cali{pod}";

    private static ImmutableArray<IPAddress> ParseAddresses(string text) => text == "-" ? [] : [.. text.Split(',').Select(IPAddress.Parse)];

    private static ImmutableArray<Cidr> ParseCidrs(string text) => text == "-" ? [] : [.. text.Split(',').Select(Cidr.Parse)];

    private static IPAddress? Of(ImmutableArray<IPAddress> addresses, AddressFamily family) =>
        addresses.FirstOrDefault(address => address.AddressFamily == family);

    private PodLine Line(string pod) =>
        _pods.Find(line => line.Name == pod)
        ?? throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"The topology has no Pod {pod}."), nameof(pod));

    private NodeLine NodeNamed(string node) => _nodes.Single(line => line.Name == node);

    private sealed record NodeLine(string Name, ImmutableArray<IPAddress> Addresses, ImmutableArray<Cidr> Blocks, ImmutableArray<Cidr> PodCidrs);

    private sealed record PodLine(string Name, string Node, string Kind, ImmutableArray<IPAddress> Calico, ImmutableArray<IPAddress> Antrea);
}
