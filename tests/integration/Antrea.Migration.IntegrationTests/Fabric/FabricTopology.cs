using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Fabric;
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

    public string Pool { get; init; } = "10.10.0.0/16";

    public bool NatOutgoing { get; init; } = true;

    public bool Vxlan { get; init; }

    public bool Encap { get; init; } = true;

    public bool Egress { get; init; } = true;

    public bool NoSnat { get; init; }

    /// <summary>With <see cref="MultusRoutes.Routes"/> the Services too are reached by net1.</summary>
    public bool ServicesByNet1 { get; init; }

    /// <summary>kube-proxy's <c>--cluster-cidr</c>.</summary>
    public string? KubeProxyClusterCidr { get; init; }

    /// <summary>Calico sources reach the PodCIDRs by Calico's tunnel.</summary>
    public bool PolicyRoute { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>Builds a fabric as Calico, Antrea and Multus would leave it, out of a few lines of text.</summary>
/// <remarks><c>node NAME NODE-IP BLOCK PODCIDR</c> and <c>pod NAME NODE calico|antrea|multus CALICO-IP|- ANTREA-IP|-</c>.</remarks>
internal sealed class FabricTopology
{
    public const string ServiceCidr = "10.96.0.0/16";

    private static readonly IPAddress LinkLocal = IPAddress.Parse("169.254.1.1");
    private static readonly Cidr Everything = Cidr.Parse("0.0.0.0/0");

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
                topology._nodes.Add(new NodeLine(name, IPAddress.Parse(address), Cidr.Parse(block), Cidr.Parse(podCidr)));
            }
            else if (fields is ["pod", var pod, var node, var kind, var calico, var antrea])
            {
                topology._pods.Add(new PodLine(pod, node, kind, ParseAddress(calico), ParseAddress(antrea)));
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

    public IPAddress? CalicoAddress(string pod) => Line(pod).Calico;

    public IPAddress? AntreaAddress(string pod) => Line(pod).Antrea;

    /// <summary>A Pod's Calico address, then its Antrea one, as far as it has them; a Node's own.</summary>
    public IReadOnlyList<IPAddress> AddressesOf(string name) => Nodes.TryGetValue(name, out var node)
        ? [node.Address]
        : [.. new[] { CalicoAddress(name), AntreaAddress(name) }.OfType<IPAddress>()];

    public string KindOf(string pod) => Line(pod).Kind;

    public string NodeOf(string pod) => Line(pod).Node;

    public IPAddress TunnelOf(string node) => NodeNamed(node).Block.FirstAddress;

    public Cidr PodCidrOf(string node) => NodeNamed(node).PodCidr;

    public Cidr BlockOf(string node) => NodeNamed(node).Block;

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
        var target = to.EndsWith(".net1", StringComparison.Ordinal) ? line.Antrea : line.Calico ?? line.Antrea;
        return Fabric.Connect(from, target!, port, protocol, Pods[name]);
    }

    /// <summary>Serves one ClusterIP and port with the Pods, or Nodes, of these names.</summary>
    public void Serve(string clusterIP, int port, TransportProtocol protocol, params string[] pods)
    {
        var before = Fabric.Services;
        var address = IPAddress.Parse(clusterIP);
        ImmutableArray<IPEndPoint> endpoints =
            [.. pods.Select(pod => new IPEndPoint(Nodes.TryGetValue(pod, out var node) ? node.Address : Line(pod).Calico ?? Line(pod).Antrea!, port))];
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
            host.RemoveDevice(TunnelName);
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
        var line = new PodLine(name, node, kind, calico is null ? null : IPAddress.Parse(calico), antrea is null ? null : IPAddress.Parse(antrea));
        _pods.Add(line);
        AddPod(line);
        return Pods[name];
    }

    private string TunnelName => _options.Vxlan ? "vxlan.calico" : "tunl0";

    private void AddNode(NodeLine line)
    {
        var host = new HostNetns(line.Name, line.Address, 16, IPAddress.Parse("172.18.0.1"));
        Nodes[line.Name] = host;
        var pool = Cidr.Parse(_options.Pool);
        var bridge = new OvsBridge(line.PodCidr);
        host.Update(state => state with
        {
            RpFilter = _options.RpFilter,
            KubeProxy = new KubeProxy(_options.DropsInvalid, _options.KubeProxyClusterCidr is { } cluster ? Cidr.Parse(cluster) : null),
            Calico = new CalicoNetfilter(_options.NatOutgoing ? [pool] : [], [pool]) { DropsInvalid = _options.DropsInvalid },
            Antrea = new AntreaNetfilter(line.PodCidr, [.. _nodes.Select(node => node.PodCidr)], _options.NoSnat),
            Ovs = bridge,
        });
        host.AddDevice(new HostDevice(
            TunnelName, _options.Vxlan ? HostDeviceKind.VxlanTunnel : HostDeviceKind.IpipTunnel, line.Block.FirstAddress));
        host.AddDevice(new HostDevice("antrea-gw0", HostDeviceKind.AntreaGateway, bridge.Gateway, line.PodCidr.PrefixLength));
        bridge.Update(state => state with { Egress = _options.Egress });
        host.ReplaceRoute(new Route { Destination = line.Block, Type = RouteType.Blackhole, Protocol = "bird" });
        foreach (var peer in _nodes.Where(peer => peer != line))
        {
            AddPeer(host, bridge, peer);
        }

        if (_options.PolicyRoute)
        {
            host.AddRule(new RoutingRule(1000, pool, null, "201"));
        }

        Fabric.Register(host);
    }

    private void AddPeer(HostNetns host, OvsBridge bridge, NodeLine peer)
    {
        host.TryAddRoute(new Route
        {
            Destination = peer.Block,
            Gateway = _options.Vxlan ? peer.Block.FirstAddress : peer.Address,
            Device = TunnelName,
            Protocol = "bird",
            OnLink = true,
        });
        host.ReplaceRoute(_options.Encap
            ? new Route { Destination = peer.PodCidr, Gateway = peer.PodCidr.AddressAt(1), Device = "antrea-gw0", OnLink = true }
            : new Route { Destination = peer.PodCidr, Gateway = peer.Address, Device = HostNetns.UplinkName });
        bridge.SetPeer(new OvsPeer(peer.PodCidr, peer.Address, _options.Encap));
        if (_options.PolicyRoute)
        {
            host.ReplaceRoute(new Route
            {
                Destination = peer.PodCidr,
                Gateway = peer.Address,
                Device = TunnelName,
                OnLink = true,
                Table = "201",
            });
        }
    }

    private void AddPod(PodLine line)
    {
        var host = Nodes[line.Node];
        var pod = new PodNetns("default", line.Name);
        Pods[line.Name] = pod;
        if (line.Calico is { } calico)
        {
            pod.AddInterface(new PodInterface("eth0", calico, 32, AttachmentKind.CalicoVeth, host, Veth(line.Name)));
            pod.TryAddRoute(new Route { Destination = Cidr.Host(LinkLocal), Device = "eth0", Scope = "link" });
            pod.TryAddRoute(Default("eth0", LinkLocal));
            host.AddVeth(new WorkloadVeth(Veth(line.Name), pod, "eth0"));
            host.ReplaceRoute(new Route { Destination = Cidr.Host(calico), Device = Veth(line.Name), Scope = "link" });
        }

        if (line.Antrea is { } antrea)
        {
            var bridge = host.State.Ovs!;
            var name = line.Calico is null ? "eth0" : "net1";
            pod.AddInterface(new PodInterface(
                name, antrea, bridge.PodCidr.PrefixLength, AttachmentKind.OvsPort, host, $"{line.Name}-ovs"));
            bridge.AddPort(new OvsPort($"{line.Name}-ovs", antrea, pod, name));
            if (line.Calico is null)
            {
                pod.TryAddRoute(Default("eth0", bridge.Gateway));
            }
            else
            {
                AddMultusRoutes(pod, bridge, line.Calico, antrea);
            }
        }

        pod.Listen(80);
    }

    private void AddMultusRoutes(PodNetns pod, OvsBridge bridge, IPAddress calico, IPAddress antrea)
    {
        var byNet1 = Default("net1", bridge.Gateway);
        switch (_options.Multus)
        {
            case MultusRoutes.Stock:
                pod.PrependRoute(byNet1);
                break;
            case MultusRoutes.Net1 or MultusRoutes.Rule:
                pod.ReplaceRoute(byNet1);
                break;
            case MultusRoutes.Routes or MultusRoutes.SbrRoutes or MultusRoutes.Prefixes:
                foreach (var podCidr in _nodes.Select(node => node.PodCidr).Where(podCidr => podCidr != bridge.PodCidr))
                {
                    pod.TryAddRoute(byNet1 with { Destination = podCidr });
                }

                if (_options.ServicesByNet1 && _options.Multus == MultusRoutes.Routes)
                {
                    pod.TryAddRoute(byNet1 with { Destination = Cidr.Parse(ServiceCidr) });
                }

                break;
        }

        switch (_options.Multus)
        {
            case MultusRoutes.Rule:
                AnswerBy(Default("eth0", LinkLocal), calico);
                break;
            case MultusRoutes.Prefixes:
                pod.TryAddRoute(byNet1 with { Destination = Cidr.Parse(ServiceCidr) });
                AnswerBy(Default("eth0", LinkLocal), calico);
                AddOnLink("net1");
                AnswerBy(byNet1, antrea);
                break;
            case MultusRoutes.Sbr or MultusRoutes.SbrRoutes:
                if (_options.Multus == MultusRoutes.Sbr)
                {
                    pod.RemoveRoutes(route => route.Destination == bridge.PodCidr);
                }

                AddOnLink("net1");
                AnswerBy(byNet1, antrea);
                break;
        }

        // Without it a Pod of the same Node is asked for by the gateway's MAC address, and the Node's conntrack sees one side.
        void AddOnLink(string table) => pod.TryAddRoute(
            new Route { Destination = bridge.PodCidr, Device = "net1", Source = antrea, Table = table });

        void AnswerBy(Route route, IPAddress from)
        {
            pod.TryAddRoute(route with { Table = route.Device! });
            pod.AddRule(new RoutingRule(32764, Cidr.Host(from), null, route.Device!));
        }
    }

    private static Route Default(string device, IPAddress gateway) =>
        new() { Destination = Everything, Device = device, Gateway = gateway };

    private static string Veth(string pod) => $"cali{pod}";

    private static IPAddress? ParseAddress(string text) => text == "-" ? null : IPAddress.Parse(text);

    private PodLine Line(string pod) =>
        _pods.Find(line => line.Name == pod)
        ?? throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"The topology has no Pod {pod}."), nameof(pod));

    private NodeLine NodeNamed(string node) => _nodes.Single(line => line.Name == node);

    private sealed record NodeLine(string Name, IPAddress Address, Cidr Block, Cidr PodCidr);

    private sealed record PodLine(string Name, string Node, string Kind, IPAddress? Calico, IPAddress? Antrea);
}
