using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Policies;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>antrea-agent: CNI files first, then bridge, gateway, routes to every peer, and its AntreaAgentInfo.</summary>
/// <remarks>
/// <para>Peers are reached by the tunnel (encap), or, where it does without one (noEncap; hybrid, to a Node of the same subnet), by the Node's own routes.</para>
/// <para>While it runs the Node's Antrea CNI requests are served. When it ends, bridge, gateway, routes, chains, policies and files stay.
/// At a start it frees host-local addresses it takes for unused: before v1.15 none, in v2.5.3, v2.6.3, v2.7.0 and newer those
/// neither in a local Pod's status nor on the bridge, in between also those of Multus Pods' second interfaces.</para>
/// <para>Source: Antrea v1.14 and v2.7 <c>pkg/agent</c>.</para>
/// </remarks>
internal sealed class AntreaAgentProgram(ContainerContext context) : NodeProgram(context)
{
    private const string GatewayDevice = "antrea-gw0";
    private static readonly TimeSpan HeartbeatInterval = TimeSpan.FromSeconds(60);

    private readonly Lock _gate = new();
    private AntreaAgentSettings _settings = new();
    private OvsBridge? _bridge;
    private AntreaEnforcer? _enforcer;
    private ITimer? _heartbeat;

    private Version? Version => ContainerImage.VersionOf(Context.Tag);

    public override bool IsReady => _bridge is not null;

    public override void Start()
    {
        AntreaInstall.WriteFiles(Node);
        if (ClusterView.ReadNode(Services.Store.Peek(ResourceType.Node, "", Node.Name) ?? [])?.PodCidrs is not { Length: > 0 } podCidrs)
        {
            throw new CniException($"antrea-agent: node {Node.Name} has no spec.podCIDR");
        }

        lock (_gate)
        {
            _settings = AntreaAgentSettings.Parse(
                Services.Store.Peek(ResourceType.ConfigMap, Context.Pod.NamespaceOf(), "antrea-config").Text("data", AntreaAgentSettings.Key) ?? "");
            var bridge = Node.Host.State.Ovs ?? new OvsBridge(podCidrs);
            bridge.Update(state => state with { HasTunnel = _settings.HasTunnel });
            Node.Host.Update(state => state with { Ovs = bridge });
            Node.Host.AddDevice(new HostDevice(GatewayDevice, HostDeviceKind.AntreaGateway, bridge.Gateways));
            _bridge = bridge;
            Reconcile(bridge);
            CollectGarbage(bridge);
            _enforcer = new AntreaEnforcer(Services.Policies.Antrea);
            Services.Policies.Antrea.Attach(Node.Name, _enforcer);
            bridge.SetPortPolicy(null, _enforcer);
            Node.AntreaAgent = new AntreaAgentState(bridge, Version is null || Version >= new Version(2, 4));
        }

        Services.View.NodesChanged += OnNodesChanged;
        Services.View.AntreaControllerChanged += Report;
        OnNodesChanged();
        Report();
        _heartbeat = Services.Time.CreateTimer(_ => Report(), null, HeartbeatInterval, HeartbeatInterval);
    }

    public override async ValueTask DisposeAsync()
    {
        Services.View.NodesChanged -= OnNodesChanged;
        Services.View.AntreaControllerChanged -= Report;
        if (_heartbeat is not null)
        {
            await _heartbeat.DisposeAsync().ConfigureAwait(false);
        }

        lock (_gate)
        {
            _bridge = null;
            Node.AntreaAgent = null;
            _enforcer?.Freeze();
        }
    }

    private void OnNodesChanged()
    {
        lock (_gate)
        {
            if (_bridge is { } bridge)
            {
                Reconcile(bridge);
            }
        }
    }

    private void Reconcile(OvsBridge bridge)
    {
        // At once, and not Node by Node: every Node does it for all others.
        ImmutableArray<OvsPeer> peers =
        [
            .. Services.View.Nodes.Values
                .Where(n => n.Name != Node.Name)
                .SelectMany(n => n.Families)
                .Where(f => f.PodCidr is { } podCidr && bridge.PodCidrs.Any(own => own.IsIPv6 == podCidr.IsIPv6))
                .Select(f => new OvsPeer(f.PodCidr!.Value, f.Address, NeedsTunnelTo(f.Address))),
        ];
        var known = peers.Select(p => p.PodCidr).ToHashSet();
        var routes = peers.SelectMany(RoutesTo).ToList();
        var gone = bridge.State.Peers.SelectMany(RoutesTo).Select(r => (r.Destination, r.Gateway, r.Device))
            .Except(routes.Select(r => (r.Destination, r.Gateway, r.Device))).ToHashSet();
        bridge.SetPeers(peers);
        var all = known.Concat(bridge.PodCidrs).Order().ToImmutableArray();
        Node.Host.Update(state => state with
        {
            Routing = state.Routing.Remove(r => gone.Contains((r.Destination, r.Gateway, r.Device))).Replace(routes),
            Antrea = new AntreaNetfilter(bridge.PodCidrs, all, _settings.NoSnat),
        });
    }

    private bool NeedsTunnelTo(IPAddress peer) => _settings.HasTunnel
        && !(_settings.RoutesDirectly && Node.Host.State.Device(HostDeviceKind.Uplink)!.Addresses.Any(own => Cidr.Containing(own.Address, own.PrefixLength).Contains(peer)));

    /// <summary>IPv6 has no <c>onlink</c> in Antrea's hands: the peer's gateway has a route of its own.</summary>
    private static IEnumerable<Route> RoutesTo(OvsPeer peer)
    {
        if (!peer.Tunnelled)
        {
            yield return new Route { Destination = peer.PodCidr, Gateway = peer.NodeAddress, Device = HostNetns.UplinkName };
            yield break;
        }

        var gateway = peer.PodCidr.AddressAt(1);
        if (peer.PodCidr.IsIPv6)
        {
            yield return new Route { Destination = Cidr.Host(gateway), Device = GatewayDevice };
        }

        yield return new Route { Destination = peer.PodCidr, Gateway = gateway, Device = GatewayDevice, OnLink = !peer.PodCidr.IsIPv6 };
    }

    private void CollectGarbage(OvsBridge bridge)
    {
        if (Version is { } old && old < new Version(1, 15))
        {
            return;
        }

        var used = Services.Store.PeekAll(ResourceType.Pod)
            .Where(p => p.Text("spec", "nodeName") == Node.Name && !p.Flag("spec", "hostNetwork"))
            .SelectMany(p => p.Items("status", "podIPs")).Select(ip => ip.Text("ip")).OfType<string>()
            .Select(IPAddress.Parse).ToHashSet();
        if (KnowsBridgePorts(Version))
        {
            used.UnionWith(bridge.State.Ports.Keys);
        }

        var ipam = new HostLocalIpam(Node.Files, AntreaInstall.NetworkName);
        foreach (var unused in ipam.Allocations().Where(a => !used.Contains(a.Address)).ToList())
        {
            ipam.Free(unused.Address);
        }
    }

    private static bool KnowsBridgePorts(Version? version) =>
        version is null
        || version >= new Version(2, 6, 3)
        || (version >= new Version(2, 5, 3) && version < new Version(2, 6));

    private void Report()
    {
        if (Services.Store.Peek(ResourceType.CustomResourceDefinition, "", CniKinds.AntreaAgentInfo.QualifiedPlural) is null)
        {
            return;
        }

        var now = Services.Store.Now;
        var isConnected = Services.Store.PeekAll(CniKinds.AntreaControllerInfo).Count > 0;
        JsonObject info;
        lock (_gate)
        {
            if (_bridge is not { } bridge)
            {
                return;
            }

            info = AntreaInfos.Agent(
                Node.Name, Context.Tag, (Context.Pod.NamespaceOf(), Context.Pod.NameOf()), bridge.PodCidrs, bridge.State.Ports.Values.DistinctBy(p => p.Name).Count(), isConnected, now);
        }

        Services.Store.CreateOrReplace(CniKinds.AntreaAgentInfo, info);
    }
}
