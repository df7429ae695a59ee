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

/// <summary>calico-node of a manifest install with BIRD: install-cni's files, the tunnel address, routes to all blocks, felix's NAT sets and policies.</summary>
/// <remarks>
/// <para>Everything it wrote stays when it ends: files, tunl0, routes, blackholes, chains, Node annotations. The default pool
/// is made by the first one that finds none.</para>
/// <para>Source: Calico v3.26 <c>node/pkg/lifecycle/startup</c>, <c>node/pkg/allocateip</c>, <c>confd</c> templates,
/// <c>felix/daemon</c> (configuration that changes ends it), <c>cni-plugin/pkg/install</c>. IPIP and unencapsulated pools; a VXLAN pool is refused by name.</para>
/// </remarks>
internal sealed class CalicoNodeProgram(ContainerContext context) : NodeProgram(context)
{
    private const string TunnelDevice = "tunl0";
    private const string Bird = "bird";

    private readonly Lock _gate = new();
    private CalicoEnforcer? _felix;
    private IPAddress? _tunnelAddress;
    private bool _running;
    private string? _error;

    private string TunnelHandle => $"ipip-tunnel-addr-{Node.Name}";

    public override bool IsReady => _running && _error is null;

    public override void Start()
    {
        CalicoInstall.WriteFiles(Node);
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
        Services.View.CalicoRouted += MoveTunnel;
        OnChanged();
        MoveTunnel();
        Services.Store.Mutate(ResourceType.Node, "", Node.Name, json =>
        {
            json.Ensure("status").SetCondition("NetworkUnavailable", false, "CalicoIsUp", "Calico is running on this node", Services.Store.Now);
            return true;
        });
    }

    public override ValueTask DisposeAsync()
    {
        Services.View.CalicoChanged -= OnChanged;
        Services.View.CalicoRouted -= MoveTunnel;
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
        if (pools.FirstOrDefault(p => p.Vxlan != "Never") is { } vxlan)
        {
            throw new CniException($"calico-node: the lab has no Calico VXLAN; pool {vxlan.Cidr} asks for vxlanMode {vxlan.Vxlan}");
        }

        Node.Host.Update(state => state with
        {
            Calico = new CalicoNetfilter(
                [.. pools.Where(p => p.NatOutgoing).Select(p => p.Cidr)], [.. pools.Select(p => p.Cidr)]),
        });
        ReconcileTunnel(pools);
        ReconcileRoutes(pools);
    }

    private void ReconcileTunnel(ImmutableArray<CalicoPoolView> pools)
    {
        var usable = pools.Where(p => !p.Disabled && p.ForTunnels && p.Ipip != "Never").ToList();
        _tunnelAddress ??= IPAddress.TryParse(
            Services.Store.Peek(ResourceType.Node, "", Node.Name).Text("metadata", "annotations", CalicoInstall.TunnelAnnotation), out var kept)
            ? kept
            : null;
        var hasDevice = Node.Host.State.Device(TunnelDevice) is not null;
        var isUsable = _tunnelAddress is { } current && usable.Exists(p => p.Cidr.Contains(current));
        if (isUsable && hasDevice)
        {
            return;
        }

        if (!isUsable)
        {
            Services.Ipam.Release(TunnelHandle);
            if (usable.Count == 0)
            {
                // As without any pool left: the device keeps the address it has, the annotation goes.
                _tunnelAddress = null;
                Annotate(null);
                return;
            }

            _tunnelAddress = Services.Ipam.Assign(
                Node.Name, TunnelHandle, new JsonObject { ["node"] = Node.Name, ["type"] = "ipipTunnelAddress" }, "Tunnel");
        }

        if (!hasDevice)
        {
            Node.Host.AddDevice(new HostDevice(TunnelDevice, HostDeviceKind.IpipTunnel, _tunnelAddress));
        }

        Annotate(_tunnelAddress);
    }

    /// <summary>Gives tunl0 the address that was allocated. To felix that is configuration, for which it starts again; by then BIRD has told every
    /// Node of the block. The other way round, what the Node sends would be answered to an address that nobody has a route to.</summary>
    private void MoveTunnel()
    {
        lock (_gate)
        {
            if (_running && _tunnelAddress is { } address && Node.Host.State.Device(TunnelDevice) is { } device && !address.Equals(device.Address)
                && Services.View.Ranges.Any(range => range.Node == Node.Name && range.Cidr.Contains(address)))
            {
                Node.Host.AddDevice(new HostDevice(TunnelDevice, HostDeviceKind.IpipTunnel, address));
            }
        }
    }

    private void Annotate(IPAddress? tunnel) => Services.Store.Mutate(ResourceType.Node, "", Node.Name, json =>
    {
        var annotations = json.Ensure("metadata").Ensure("annotations");
        annotations["projectcalico.org/IPv4Address"] = $"{Node.Address}/16";
        if (tunnel is null)
        {
            return annotations.Remove(CalicoInstall.TunnelAnnotation);
        }

        annotations[CalicoInstall.TunnelAnnotation] = tunnel.ToString();
        return true;
    });

    private void ReconcileRoutes(ImmutableArray<CalicoPoolView> pools)
    {
        var wanted = Services.View.Ranges.Select(r => RouteTo(r, pools)).OfType<Route>().ToHashSet();
        Node.Host.RemoveRoutes(r => r.Protocol == Bird && !wanted.Contains(r));
        var present = Node.Host.State.Routing.Routes.ToHashSet();
        foreach (var route in wanted.Where(r => !present.Contains(r)))
        {
            // BIRD adds and never replaces: a route of Antrea's to the same prefix stays.
            Node.Host.TryAddRoute(route);
        }
    }

    private Route? RouteTo(CalicoRange range, ImmutableArray<CalicoPoolView> pools)
    {
        if (range.Node == Node.Name)
        {
            return range.IsBlock && range.Cidr.PrefixLength < 32
                ? new Route { Destination = range.Cidr, Type = RouteType.Blackhole, Protocol = Bird }
                : null;
        }

        if (Services.View.Nodes.GetValueOrDefault(range.Node) is not { } owner)
        {
            return null;
        }

        // All Nodes are in one subnet, so CrossSubnet needs no tunnel. A block whose pool is gone is still tunnelled.
        var tunnelled = pools.FirstOrDefault(p => p.Cidr.Contains(range.Cidr)) is not { } pool || pool.Ipip == "Always";
        return tunnelled
            ? new Route { Destination = range.Cidr, Gateway = owner.Address, Device = TunnelDevice, Protocol = Bird, OnLink = true }
            : new Route { Destination = range.Cidr, Gateway = owner.Address, Device = HostNetns.UplinkName, Protocol = Bird };
    }
}
