using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>A Node's kernel at one moment.</summary>
internal sealed record HostState : NamespaceState
{
    public ImmutableArray<HostDevice> Devices { get; init; } = [];

    /// <summary>The <c>cali…</c> veths by name.</summary>
    public ImmutableDictionary<string, WorkloadVeth> Veths { get; init; } =
        ImmutableDictionary.Create<string, WorkloadVeth>(StringComparer.Ordinal);

    /// <summary>What felix enforces on a veth that is plugged in without a policy of its own; null allows everything.</summary>
    public IPolicyEnforcer? VethPolicy { get; init; }

    /// <summary>Felix's chains; null where there are none.</summary>
    public CalicoNetfilter? Calico { get; init; }

    /// <summary>Antrea's chains; null where there are none.</summary>
    public AntreaNetfilter? Antrea { get; init; }

    /// <summary>The hostPorts, in the order of their rules.</summary>
    public ImmutableArray<HostPortRule> HostPorts { get; init; } = [];

    /// <summary>kube-proxy; null where it does not run and left no rules.</summary>
    public KubeProxy? KubeProxy { get; init; } = new();

    /// <summary>The OVS bridge of antrea-agent; null before the agent made one.</summary>
    public OvsBridge? Ovs { get; init; }

    /// <summary>Address labels beside the kernel's own; one a prefix.</summary>
    public ImmutableArray<AddressLabel> AddressLabels { get; init; } = [];

    /// <summary>A Node that is switched off: it sends, forwards and answers nothing.</summary>
    public bool IsDown { get; init; }

    public HostDevice? Device(string? name) =>
        Devices.FirstOrDefault(device => string.Equals(device.Name, name, StringComparison.Ordinal));

    public HostDevice? Device(HostDeviceKind kind) => Devices.FirstOrDefault(device => device.Kind == kind);

    public override IEnumerable<LinkAddress> Addresses => Devices.SelectMany(device => device.Addresses);

    public bool Holds(IPAddress address) => Devices.Any(device => device.Holds(address));

    /// <summary>Whether it is the first address of an IPv6 network here: a router takes what is sent to it for itself, and TCP does not answer there.</summary>
    public bool IsRoutersAnycast(IPAddress address) => !Holds(address) && Addresses.Any(one => one.IsRoutersAnycast(address));
}

/// <summary>The network namespace of one Node: devices, routes, netfilter, veths, and the OVS bridge beside it.</summary>
/// <remarks>Whoever plays Calico, Antrea or kube-proxy changes it by the methods below or by <see cref="Update"/>.</remarks>
internal sealed class HostNetns : NetworkNamespace
{
    public const string UplinkName = "eth0";

    private readonly Lock _gate = new();
    private volatile HostState _state = new();

    /// <summary>A Node with just its uplink, the connected route and, if a gateway is given, a default route.</summary>
    /// <param name="name">The Node's name.</param>
    /// <param name="address">Its address on the physical network.</param>
    /// <param name="prefixLength">That network's prefix length; KinD's is 16.</param>
    /// <param name="gateway">The default route's next hop; null for no default route. Nothing is behind it.</param>
    public HostNetns(string name, IPAddress address, int prefixLength = 16, IPAddress? gateway = null)
        : this(name, [new LinkAddress(address, prefixLength)], gateway is null ? [] : [gateway])
    {
    }

    /// <summary>A Node with addresses of one or both families.</summary>
    /// <param name="name">The Node's name.</param>
    /// <param name="addresses">Its addresses on the physical network, one of a family, at least one; the first is its main one.</param>
    /// <param name="gateways">The default routes' next hops.</param>
    public HostNetns(string name, ImmutableArray<LinkAddress> addresses, ImmutableArray<IPAddress> gateways)
        : base(name)
    {
        Addresses = [.. addresses.Select(one => one.Address)];
        AddDevice(new HostDevice(UplinkName, HostDeviceKind.Uplink, addresses));
        foreach (var gateway in gateways)
        {
            ReplaceRoute(new Route { Destination = Cidr.Containing(gateway, 0), Gateway = gateway, Device = UplinkName });
        }
    }

    /// <summary>The Node's addresses (InternalIPs), one of a family.</summary>
    public ImmutableArray<IPAddress> Addresses { get; }

    /// <summary>The first of them.</summary>
    public IPAddress Address => Addresses[0];

    /// <summary>The Node's address of a family; null when it has none.</summary>
    public IPAddress? AddressOf(AddressFamily family) => Addresses.FirstOrDefault(address => address.AddressFamily == family);

    public HostState State => _state;

    public override NamespaceState Snapshot => _state;

    public override bool Holds(IPAddress address) => _state.Holds(address);

    /// <summary>Replaces the whole state at once; for changes that must be seen together.</summary>
    public void Update(Func<HostState, HostState> change) => Change(state => change((HostState)state));

    /// <summary>Adds a device, or gives it another address, with the connected routes.</summary>
    public void AddDevice(HostDevice device) => Update(state =>
    {
        var routing = state.Routing;
        if (state.Device(device.Name) is not null)
        {
            routing = routing.Remove(route => IsConnected(route, device.Name));
        }

        routing = LinkAddress.ConnectedBy(device.Addresses, device.Name).Aggregate(routing, (all, route) => all.Replace(route));

        return state with
        {
            Devices = state.Devices.RemoveAll(other => string.Equals(other.Name, device.Name, StringComparison.Ordinal))
                .Add(device),
            Routing = routing,
        };
    });

    /// <summary>Removes a device and, as the kernel does, every route by it.</summary>
    public void RemoveDevice(string name) => Update(state => state with
    {
        Devices = state.Devices.RemoveAll(device => string.Equals(device.Name, name, StringComparison.Ordinal)),
        Routing = state.Routing.Remove(route => string.Equals(route.Device, name, StringComparison.Ordinal)),
    });

    /// <summary>Plugs in a workload veth (an old one of that name is replaced); its route is added apart.</summary>
    public void AddVeth(WorkloadVeth veth) => Update(state => state with
    {
        Veths = state.Veths.SetItem(veth.Name, veth with { Policy = veth.Policy ?? state.VethPolicy }),
    });

    /// <summary>Removes a veth and every route by it; nothing happens when there is none.</summary>
    public void RemoveVeth(string name) => Update(state => state with
    {
        Veths = state.Veths.Remove(name),
        Routing = state.Routing.Remove(route => string.Equals(route.Device, name, StringComparison.Ordinal)),
    });

    /// <summary>Sets what felix enforces on one veth, or on every veth, those to come included, when <paramref name="name"/> is null.</summary>
    public void SetVethPolicy(string? name, IPolicyEnforcer? policy) => Update(state => state with
    {
        VethPolicy = name is null ? policy : state.VethPolicy,
        Veths = state.Veths.Values
            .Where(veth => name is null || string.Equals(veth.Name, name, StringComparison.Ordinal))
            .Aggregate(state.Veths, (veths, veth) => veths.SetItem(veth.Name, veth with { Policy = policy })),
    });

    protected override void Swap(Func<NamespaceState, NamespaceState> change)
    {
        lock (_gate)
        {
            _state = (HostState)change(_state);
        }
    }

    private static bool IsConnected(Route route, string device) =>
        string.Equals(route.Device, device, StringComparison.Ordinal)
        && string.Equals(route.Protocol, "kernel", StringComparison.Ordinal);
}
