using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Routing.Reachability;

/// <content>Connections to ClusterIPs. Source: Kubernetes v1.27 <c>pkg/proxy/iptables/proxier.go</c>, Antrea v1.14
/// <c>pkg/agent/openflow/pipeline.go</c> (ServiceLB, EndpointDNAT).</content>
public sealed partial class ReachabilityPredictor
{
    /// <summary>What AntreaProxy gives a Pod that reaches itself by a Service as the source.</summary>
    private static readonly IPAddress Hairpin = IPAddress.Parse("169.254.0.253");

    /// <summary>Whether <paramref name="client"/> can open a connection to a Service that chooses <paramref name="endpoint"/>.</summary>
    /// <remarks>A Calico Pod's or a Node's packet gets the endpoint's address from kube-proxy on the client's Node, an Antrea Pod's from
    /// AntreaProxy in that Node's Open vSwitch, a Multus Pod's from the one whose interface its route to the ClusterIP leaves by. AntreaProxy
    /// is taken to be on, with <c>proxyAll</c> off. About ClusterIPs and TCP; not about NodePorts, external addresses and local traffic
    /// policies.</remarks>
    /// <param name="client">Who opens it, from an unbound socket.</param>
    /// <param name="endpoint">The endpoint that is chosen; may be the client itself.</param>
    /// <param name="clusterIP">The Service's address.</param>
    /// <exception cref="ArgumentException">As for <see cref="Predict"/>.</exception>
    public ReachabilityAnswer PredictService(ReachabilityEndpoint client, ReachabilityEndpoint endpoint, IPAddress clusterIP)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(endpoint);
        ArgumentNullException.ThrowIfNull(clusterIP);
        var from = Check(client, nameof(client));
        var to = Check(endpoint, nameof(endpoint));
        if (client.Address.AddressFamily != endpoint.Address.AddressFamily || client.Address.AddressFamily != clusterIP.AddressFamily)
        {
            throw new ArgumentException($"{client}, {endpoint} and {clusterIP} have addresses of different families.", nameof(clusterIP));
        }

        switch (client.Kind)
        {
            case PodNetworkKind.Antrea:
                return ByAntreaProxy(new Party(from, client.Address), endpoint, to);
            case PodNetworkKind.Multus:
                var eth0 = new Party(from, client.Address);
                var net1 = new Party(from, client.AntreaAddress!);
                return _topology.IsAskedByNet1(clusterIP) switch
                {
                    true => ByAntreaProxy(net1, endpoint, to),
                    false => ByKubeProxy(eth0, endpoint, to),
                    null => ByEither(ByAntreaProxy(net1, endpoint, to), ByKubeProxy(eth0, endpoint, to)),
                };
            case PodNetworkKind.Calico:
                return ByKubeProxy(new Party(from, client.Address), endpoint, to);
            default:
                return Translated("kube-proxy", from, endpoint, FromHost(new Party(from, client.Address), endpoint, to, keepsAddress: !_topology.IsMasqueradedByKubeProxy(client.Address)));
        }
    }

    private ReachabilityAnswer ByKubeProxy(Party source, ReachabilityEndpoint endpoint, ReachabilityNode to)
    {
        // What a Node delivers to itself passes no POSTROUTING.
        if ((endpoint.Kind == PodNetworkKind.Host && source.IsOn(to))
            || (!source.Address.Equals(endpoint.Address) && !_topology.IsMasqueradedByKubeProxy(source.Address)))
        {
            return Translated("kube-proxy", source.Node, endpoint, FromCalico(source, endpoint, to));
        }

        // A rule about its source has chosen the way before it is masqueraded.
        if (endpoint.Kind == PodNetworkKind.Antrea && IsLed(source, to))
        {
            var led = Kept(source.Node, source.Address)
                ?? ShadowedAt(source.Node, endpoint.Address)
                ?? CalicoLed(source, new Party(to, endpoint.Address), isMasqueraded: true);
            return Translated("kube-proxy", source.Node, endpoint, led, ", masqueraded as the tunnel's own");
        }

        // Masqueraded, it goes on as what the Node itself sends.
        var node = new Party(source.Node, ReachabilityTopology.AddressOf(source.Node, source.Family) ?? source.Address);
        var answer = Kept(source.Node, source.Address) ?? FromHost(node, endpoint, to);
        return Translated("kube-proxy", source.Node, endpoint, answer, ", masqueraded as the Node's own");
    }

    private ReachabilityAnswer ByAntreaProxy(Party source, ReachabilityEndpoint endpoint, ReachabilityNode to)
    {
        if (endpoint.Kind == PodNetworkKind.Antrea && endpoint.Address.Equals(source.Address))
        {
            return Works(
                source.Family == AddressFamily.InterNetwork ? Hairpin : null,
                $"AntreaProxy on {source.Node.Name} sends the Pod's packet back to it, under another source");
        }

        // What AntreaProxy has translated is no longer asked for on the Pod's link: OVS hands it to the host, under the Pod's own address.
        var isOwn = endpoint.Kind is (PodNetworkKind.Calico or PodNetworkKind.Multus) && ReachabilityTopology.IsOwn(endpoint.Address, source.Node);
        var answer = isOwn
            ? WithReplyOf(endpoint, AntreaToOverlappedCalico(
                source, new Party(to, endpoint.Address), _topology.OwnerInAntrea(endpoint.Address)!.Value.PodCidr.ToString(), source.Node))
            : FromAntrea(source, endpoint, to);
        if (endpoint.AntreaAddress is { } own && own.Equals(source.Address) && answer.SourceSeen == own.ToString())
        {
            answer = Fails(
                ReachabilityCause.OwnSource,
                $"the Pod's interface on {to.Name}",
                $"nobody masquerades {own} on the way, and a kernel drops what comes in under an address of its own");
        }

        return Translated("AntreaProxy", source.Node, endpoint, answer);
    }

    private static ReachabilityAnswer Translated(string by, ReachabilityNode node, ReachabilityEndpoint endpoint, ReachabilityAnswer answer, string how = "") =>
        answer with { Reason = $"{by} on {node.Name} sends it to {endpoint.Address}{how}; {answer.Reason}" };
}
