using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Policies;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>calico-node of a manifest install: install-cni's files, the tunnel address, BIRD's and felix's routes to all blocks, felix's NAT sets and
/// policies.</summary>
/// <remarks>
/// <para>Everything it wrote stays when it ends: files, tunnels, routes, blackholes, chains, Node annotations. The default pool
/// is made by the first one that finds none.</para>
/// <para>Source: Calico v3.26 <c>node/pkg/lifecycle/startup</c>, <c>node/pkg/allocateip</c>, <c>confd</c> templates,
/// <c>felix/daemon</c> (configuration that changes ends it), <c>cni-plugin/pkg/install</c>, <c>felix/dataplane/linux/vxlan_mgr.go</c>.</para>
/// </remarks>
internal sealed class CalicoNodeProgram(ContainerContext context) : NodeProgram(context)
{
    private const string Bird = "bird";
    private const string Felix = "80";
    private static readonly ImmutableArray<CalicoTunnel> Tunnels = [CalicoTunnel.Ipip, CalicoTunnel.Vxlan, CalicoTunnel.Vxlan6];

    private readonly Lock _gate = new();
    private readonly Dictionary<CalicoTunnel, IPAddress> _addresses = [];
    private CalicoEnforcer? _felix;
    private bool _running;
    private string? _error;

    public override bool IsReady => _running && _error is null;

    public override void Start()
    {
        CalicoInstall.WriteFiles(Node, Context.Environment("IP") != "none", Context.Environment("FELIX_IPV6SUPPORT") == "true");
        CalicoDefaults.Ensure(Services.Store, Context.Environment, Context.Tag);
        lock (_gate)
        {
            Reconcile();
            _running = true;
        }

        _felix = new CalicoEnforcer(Services.Policies.Calico);
        Services.Policies.Calico.Attach(Node.Name, _felix, Context.Tag);
        Node.Host.SetVethPolicy(null, _felix);
        Services.View.CalicoChanged += OnChanged;
        Services.View.CalicoRouted += MoveTunnels;
        OnChanged();
        MoveTunnels();
        Services.Store.Mutate(ResourceType.Node, "", Node.Name, json =>
        {
            json.Ensure("status").SetCondition("NetworkUnavailable", false, "CalicoIsUp", "Calico is running on this node", Services.Store.Now);
            return true;
        });
    }

    public override ValueTask DisposeAsync()
    {
        Services.View.CalicoChanged -= OnChanged;
        Services.View.CalicoRouted -= MoveTunnels;
        lock (_gate)
        {
            _running = false;
        }

        _felix?.Freeze();
        if (Context.Container.At("lifecycle", "preStop") is not null && Context.Pod.Number("spec", "terminationGracePeriodSeconds") > 0)
        {
            // What an operator's install runs when it ends, and a manifest's has no time for: `calico-node -shutdown`.
            Services.Store.Mutate(ResourceType.Node, "", Node.Name, json =>
            {
                json.Ensure("status").SetCondition("NetworkUnavailable", true, "CalicoIsDown", "Calico is shutting down on this node", Services.Store.Now);
                return true;
            });
        }

        return ValueTask.CompletedTask;
    }

    private void OnChanged()
    {
        lock (_gate)
        {
            if (!_running)
            {
                return;
            }

            try
            {
                Reconcile();
                _error = null;
            }
            catch (CniException e)
            {
                _error = e.Message;
            }
        }
    }

    private void Reconcile()
    {
        // The pools are read from the store and not from the view, which may not have heard of a pool made just now.
        var pools = Services.Store.PeekAll(CniKinds.IPPool).Select(ClusterView.ReadPool).OfType<CalicoPoolView>().ToImmutableArray();
        Node.Host.Update(state => state with
        {
            Calico = new CalicoNetfilter(
                [.. pools.Where(p => p.NatOutgoing).Select(p => p.Cidr)], [.. pools.Select(p => p.Cidr)]),
        });
        foreach (var tunnel in Tunnels)
        {
            ReconcileTunnel(tunnel, pools);
        }

        Annotate();
        ReconcileRoutes(pools);
    }

    private void ReconcileTunnel(CalicoTunnel tunnel, ImmutableArray<CalicoPoolView> pools)
    {
        var usable = pools.Where(p => !p.Disabled && p.ForTunnels && tunnel.Serves(p)).ToList();
        if (!_addresses.ContainsKey(tunnel)
            && IPAddress.TryParse(Services.Store.Peek(ResourceType.Node, "", Node.Name).Text("metadata", "annotations", tunnel.Annotation), out var kept))
        {
            _addresses[tunnel] = kept;
        }

        if (!_addresses.TryGetValue(tunnel, out var address) && usable.Count == 0)
        {
            return;
        }

        if (address is null || !usable.Exists(p => p.Cidr.Contains(address)))
        {
            var handle = tunnel.Handle + Node.Name;
            Services.Ipam.Release(handle);
            if (usable.Count == 0)
            {
                // As without any pool left: the device keeps the address it has, the annotation goes.
                _addresses.Remove(tunnel);
                return;
            }

            _addresses[tunnel] = address = Services.Ipam.Assign(
                Node.Name, handle, new JsonObject { ["node"] = Node.Name, ["type"] = tunnel.Type }, "Tunnel", tunnel.Family);
        }

        if (Node.Host.State.Device(tunnel.Device) is null)
        {
            Node.Host.AddDevice(new HostDevice(tunnel.Device, tunnel.Kind, address));
        }
    }

    /// <summary>Gives tunnels the addresses that were allocated. To felix they are configuration, for which it starts again; by then every Node
    /// has heard of the block. The other way round, what the Node sends would be answered to an address that nobody has a route to.</summary>
    private void MoveTunnels()
    {
        lock (_gate)
        {
            foreach (var (tunnel, address) in _addresses.Where(_ => _running))
            {
                if (Node.Host.State.Device(tunnel.Device) is { } device && !device.Holds(address)
                    && Services.View.Ranges.Any(range => range.Node == Node.Name && range.Cidr.Contains(address)))
                {
                    Node.Host.AddDevice(new HostDevice(tunnel.Device, tunnel.Kind, address));
                }
            }
        }
    }

    private void Annotate() => Services.Store.Mutate(ResourceType.Node, "", Node.Name, json =>
    {
        var annotations = json.Ensure("metadata").Ensure("annotations");
        var hasChanged = Node.Host.AddressOf(CalicoTunnel.Vxlan.Family) is { } ipv4 && Set("projectcalico.org/IPv4Address", $"{ipv4}/16");
        if (Node.Host.AddressOf(CalicoTunnel.Vxlan6.Family) is { } ipv6)
        {
            hasChanged |= Set("projectcalico.org/IPv6Address", $"{ipv6}/64");
        }

        foreach (var tunnel in Tunnels)
        {
            hasChanged |= Set(tunnel.Annotation, _addresses.GetValueOrDefault(tunnel)?.ToString());
        }

        return hasChanged;

        bool Set(string name, string? value)
        {
            if (annotations.Text(name) == value)
            {
                return false;
            }

            annotations.Remove(name);
            if (value is not null)
            {
                annotations[name] = value;
            }

            return true;
        }
    });

    private void ReconcileRoutes(ImmutableArray<CalicoPoolView> pools)
    {
        var wanted = Services.View.Ranges.Select(r => RouteTo(r, pools)).OfType<Route>().ToHashSet();
        var present = Node.Host.State.Routing.Routes.ToHashSet();
        if (present.Any(r => r.Protocol is Bird or Felix && !wanted.Contains(r)))
        {
            Node.Host.RemoveRoutes(r => r.Protocol is Bird or Felix && !wanted.Contains(r));
        }

        foreach (var route in wanted.Where(r => !present.Contains(r)))
        {
            if (route.Protocol == Felix)
            {
                Node.Host.ReplaceRoute(route);
            }
            else
            {
                // BIRD adds and never replaces: a route of Antrea's to the same prefix stays.
                Node.Host.TryAddRoute(route);
            }
        }
    }

    private Route? RouteTo(CalicoRange range, ImmutableArray<CalicoPoolView> pools)
    {
        var pool = pools.FirstOrDefault(p => p.Cidr.Contains(range.Cidr));
        var protocol = pool is not null && (CalicoTunnel.Vxlan.Serves(pool) || CalicoTunnel.Vxlan6.Serves(pool)) ? Felix : Bird;
        if (range.Node == Node.Name)
        {
            return range.IsBlock && range.Cidr.AddressCount > 1
                ? new Route { Destination = range.Cidr, Type = RouteType.Blackhole, Protocol = protocol }
                : null;
        }

        var isIPv6 = range.Cidr.IsIPv6;
        if (Services.View.Nodes.GetValueOrDefault(range.Node)?.Of(isIPv6) is not { } owner)
        {
            return null;
        }

        // All Nodes are in one subnet, so CrossSubnet needs no tunnel. A block whose pool is gone is still tunnelled.
        return pool switch
        {
            { Vxlan: "Always" } => owner.VxlanTunnel is { } end
                ? new Route { Destination = range.Cidr, Gateway = end, Device = (isIPv6 ? CalicoTunnel.Vxlan6 : CalicoTunnel.Vxlan).Device, Protocol = Felix, OnLink = true }
                : null,
            null or { Ipip: "Always" } when !isIPv6 => new Route { Destination = range.Cidr, Gateway = owner.Address, Device = CalicoTunnel.Ipip.Device, Protocol = Bird, OnLink = true },
            _ => new Route { Destination = range.Cidr, Gateway = owner.Address, Device = HostNetns.UplinkName, Protocol = protocol },
        };
    }
}
