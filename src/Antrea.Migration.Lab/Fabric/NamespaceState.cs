using System.Collections.Immutable;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>What a Pod's and a Node's network namespace have in common, at one moment.</summary>
internal abstract record NamespaceState
{
    public RoutingState Routing { get; init; } = RoutingState.Empty;

    public ImmutableArray<Listener> Listeners { get; init; } = [];

    /// <summary>The sysctl <c>net.ipv4.conf.all.rp_filter</c>: 0 off, 1 strict, 2 loose.</summary>
    public int RpFilter { get; init; }

    public Listener? ListenerOn(TransportProtocol protocol, int port) =>
        Listeners.FirstOrDefault(listener => listener.Protocol == protocol && listener.Port == port);
}
