using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>A flow with what Calico knows of its two addresses, looked up once for all rules.</summary>
internal sealed class CalicoPacket(Traffic traffic, CalicoEndpoints endpoints)
{
    private readonly Lazy<ImmutableArray<CalicoEndpoint>> _source = new(() => endpoints.Holding(traffic.Source.Address));
    private readonly Lazy<ImmutableArray<CalicoEndpoint>> _destination = new(() => endpoints.Holding(traffic.Destination.Address));

    public Traffic Traffic => traffic;

    public bool IsIPv6 => traffic.Source.Address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>One end: its address, the port there, and the endpoints that hold the address.</summary>
    public (IPAddress Address, int Port, ImmutableArray<CalicoEndpoint> Holders) End(bool isSource) => isSource
        ? (traffic.Source.Address, traffic.SourcePort, _source.Value)
        : (traffic.Destination.Address, traffic.DestinationPort, _destination.Value);
}
