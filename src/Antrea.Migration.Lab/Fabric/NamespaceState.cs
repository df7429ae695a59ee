using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>What a Pod's and a Node's network namespace have in common, at one moment.</summary>
internal abstract record NamespaceState
{
    public RoutingState Routing { get; init; } = RoutingState.Empty;

    public ImmutableArray<Listener> Listeners { get; init; } = [];

    /// <summary>The sysctl <c>net.ipv4.conf.all.rp_filter</c>: 0 off, 1 strict, 2 loose.</summary>
    public int RpFilter { get; init; }

    /// <summary>Whether it is the last address of a network that an interface here has an address in. The kernel keeps it for broadcasts: TCP
    /// is neither sent to it nor answered, and a packet from it fails the reverse path check.</summary>
    public abstract bool IsBroadcast(IPAddress address);

    protected static bool IsBroadcast(IPAddress? own, int prefixLength, IPAddress address) =>
        own is not null && prefixLength < 31 && Cidr.Containing(own, prefixLength).LastAddress.Equals(address);

    public Listener? ListenerOn(TransportProtocol protocol, int port) =>
        Listeners.FirstOrDefault(listener => listener.Protocol == protocol && listener.Port == port);
}
