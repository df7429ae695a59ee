using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>A Pod's port on an OVS bridge, as one of its addresses has it: a Pod with two has two, of one name.</summary>
/// <param name="Name">The port's name.</param>
/// <param name="Address">The address SpoofGuard lets it send from, and the one it is found by.</param>
/// <param name="Pod">The Pod at the other end.</param>
/// <param name="PodInterface">The Pod's name for its end: <c>eth0</c>, or <c>net1</c> under Multus.</param>
/// <param name="Policy">What Antrea enforces there; null allows everything.</param>
internal sealed record OvsPort(
    string Name, IPAddress Address, PodNetns Pod, string PodInterface, IPolicyEnforcer? Policy = null);

/// <summary>What a bridge knows of another Node.</summary>
/// <param name="PodCidr">The peer's PodCIDR; its first address is the peer's gateway.</param>
/// <param name="NodeAddress">Where the tunnel ends.</param>
/// <param name="Tunnelled">False for noEncap, and hybrid on one L2: the Node's own routing gets the packet instead.</param>
internal sealed record OvsPeer(Cidr PodCidr, IPAddress NodeAddress, bool Tunnelled = true);

/// <summary>An OVS bridge at one moment.</summary>
internal sealed record OvsState
{
    /// <summary>By Pod address.</summary>
    public ImmutableDictionary<IPAddress, OvsPort> Ports { get; init; } =
        ImmutableDictionary<IPAddress, OvsPort>.Empty;

    public ImmutableArray<OvsPeer> Peers { get; init; } = [];

    /// <summary>Whether it has a tunnel port at all; noEncap makes none.</summary>
    public bool HasTunnel { get; init; } = true;

    /// <summary>What Antrea enforces on a port that is added without a policy of its own; null allows everything.</summary>
    public IPolicyEnforcer? PortPolicy { get; init; }

    /// <summary>Whether AntreaProxy serves ClusterIPs for Pods of this bridge (default on).</summary>
    public bool AntreaProxy { get; init; } = true;

    /// <summary>The feature gate Egress (default on); it decides only which table drops what a tunnel brings for nobody.</summary>
    public bool Egress { get; init; } = true;

    public OvsPeer? PeerOf(IPAddress address) => Peers.FirstOrDefault(peer => peer.PodCidr.Contains(address));

    public OvsPort? Port(PodNetns pod, string podInterface, AddressFamily family) => Ports.Values.FirstOrDefault(port =>
        ReferenceEquals(port.Pod, pod) && port.Address.AddressFamily == family && string.Equals(port.PodInterface, podInterface, StringComparison.Ordinal));
}

/// <summary>The bridge <c>br-int</c> of one Node, forwarding as Antrea's flow tables do.</summary>
/// <remarks>Safe for use by several threads, by immutable snapshots. The Node's own port is the device of kind
/// <see cref="HostDeviceKind.AntreaGateway"/>, whose addresses must be <see cref="Gateways"/>.</remarks>
internal sealed class OvsBridge
{
    private readonly Lock _gate = new();
    private volatile OvsState _state = new();

    /// <summary>An empty bridge.</summary>
    /// <param name="podCidrs">The Node's PodCIDRs, one of a family; the gateway is the first address but one (<c>.1</c>).</param>
    public OvsBridge(params ImmutableArray<Cidr> podCidrs)
    {
        PodCidrs = podCidrs;
        Gateways = [.. podCidrs.Select(podCidr => new LinkAddress(podCidr.AddressAt(1), podCidr.PrefixLength))];
    }

    /// <summary>Raised after every change, on the thread that made it.</summary>
    public event Action? Changed;

    public ImmutableArray<Cidr> PodCidrs { get; }

    /// <summary>The addresses of <c>antrea-gw0</c>.</summary>
    public ImmutableArray<LinkAddress> Gateways { get; }

    public OvsState State => _state;

    public bool IsGateway(IPAddress address) => Gateways.Any(gateway => gateway.Address.Equals(address));

    /// <summary>Whether one of its PodCIDRs holds the address.</summary>
    public bool Contains(IPAddress address) => PodCidrs.Any(podCidr => podCidr.Contains(address));

    public void Update(Func<OvsState, OvsState> change)
    {
        lock (_gate)
        {
            _state = change(_state);
        }

        Changed?.Invoke();
    }

    /// <summary>Adds a Pod's port; one with the same address is replaced.</summary>
    public void AddPort(OvsPort port) => Update(state => state with
    {
        Ports = state.Ports.SetItem(port.Address, port with { Policy = port.Policy ?? state.PortPolicy }),
    });

    /// <summary>Removes the ports of a Pod; nothing happens when there are none.</summary>
    public void RemovePorts(PodNetns pod) => Update(state => state with
    {
        Ports = state.Ports.RemoveRange(
            state.Ports.Where(entry => ReferenceEquals(entry.Value.Pod, pod)).Select(entry => entry.Key)),
    });

    /// <summary>Learns of another Node, or replaces what was known of its PodCIDR.</summary>
    public void SetPeer(OvsPeer peer) => Update(state => state with
    {
        Peers = state.Peers.RemoveAll(other => other.PodCidr == peer.PodCidr).Add(peer),
    });

    /// <summary>Learns which other Nodes there are, and forgets all else.</summary>
    public void SetPeers(ImmutableArray<OvsPeer> peers) => Update(state => state with { Peers = peers });

    /// <summary>Sets what Antrea enforces on a Pod's port, or on every port, those to come included, when <paramref name="pod"/> is null.</summary>
    public void SetPortPolicy(PodNetns? pod, IPolicyEnforcer? policy) => Update(state => state with
    {
        PortPolicy = pod is null ? policy : state.PortPolicy,
        Ports = state.Ports.Values.Where(port => pod is null || ReferenceEquals(port.Pod, pod))
            .Aggregate(state.Ports, (ports, port) => ports.SetItem(port.Address, port with { Policy = policy })),
    });
}
