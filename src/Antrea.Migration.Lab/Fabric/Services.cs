using System.Collections.Immutable;
using System.Net;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>The Service table that every kube-proxy and every AntreaProxy share.</summary>
/// <returns>The ready endpoints, empty when there are none (the connection is refused then); null when no Service has that
/// address and port.</returns>
internal delegate ImmutableArray<IPEndPoint>? ServiceLookup(IPAddress clusterIP, int port, TransportProtocol protocol);

/// <summary>One port of a Service, as every proxy knows it.</summary>
/// <param name="Address">The ClusterIP and the port.</param>
/// <param name="Protocol">The port's protocol.</param>
/// <param name="EndPoints">The ready endpoints.</param>
internal sealed record ServicePort(IPEndPoint Address, TransportProtocol Protocol, ImmutableArray<IPEndPoint> EndPoints);

/// <summary>Picks one of a Service's endpoints.</summary>
/// <param name="endpoints">At least one.</param>
/// <param name="source">The client's address and port as the proxy sees them.</param>
/// <returns>An index into <paramref name="endpoints"/>.</returns>
internal delegate int EndpointChoice(ImmutableArray<IPEndPoint> endpoints, IPEndPoint source);
