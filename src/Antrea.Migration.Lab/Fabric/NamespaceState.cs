using System.Collections.Immutable;
using System.Net;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>What a Pod's and a Node's network namespace have in common, at one moment.</summary>
internal abstract record NamespaceState
{
    public RoutingState Routing { get; init; } = RoutingState.Empty;

    public ImmutableArray<Listener> Listeners { get; init; } = [];

    /// <summary>The sysctl <c>net.ipv4.conf.all.rp_filter</c>: 0 off, 1 strict, 2 loose. IPv6 has none.</summary>
    public int RpFilter { get; init; }

    /// <summary>All addresses of its interfaces.</summary>
    public abstract IEnumerable<LinkAddress> Addresses { get; }

    /// <summary>Whether it is the last address of an IPv4 network that an interface here has an address in. The kernel keeps it for broadcasts:
    /// TCP is neither sent to it nor answered, and a packet from it fails the reverse path check.</summary>
    public bool IsBroadcast(IPAddress address) => Addresses.Any(one => one.IsBroadcast(address));

    public Listener? ListenerOn(TransportProtocol protocol, int port) =>
        Listeners.FirstOrDefault(listener => listener.Protocol == protocol && listener.Port == port);
}
