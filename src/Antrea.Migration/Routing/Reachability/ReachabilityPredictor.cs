using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>Answers who reaches whom while Calico and Antrea run side by side, and why.</summary>
/// <remarks>
/// <para>About TCP connections to Pods' and Nodes' own addresses, and to ClusterIPs, without NetworkPolicies.</para>
/// <para>The rules follow from what the parts do: the kernel's longest-prefix look-up, Open vSwitch's L3 forwarding and
/// connection tracking (Antrea v1.14 <c>pkg/agent/openflow</c>), Calico's masquerading (v3.26
/// <c>felix/rules/nat.go</c>), kube-proxy's drop of invalid packets, and the reverse path filter.</para>
/// <para>Pure and thread-safe. An answer costs O(log n) in the number of Nodes and blocks.</para>
/// </remarks>
public sealed partial class ReachabilityPredictor
{
    private readonly ReachabilityTopology _topology;

    /// <summary>Prepares look-ups for a model.</summary>
    /// <param name="model">The cluster.</param>
    /// <exception cref="ArgumentException">Two Nodes of the model have the same name.</exception>
    public ReachabilityPredictor(ReachabilityModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _topology = new ReachabilityTopology(model);
    }

    /// <summary>The look-ups.</summary>
    internal ReachabilityTopology Topology => _topology;

    private ReachabilityModel Model => _topology.Model;

    /// <summary>Whether <paramref name="source"/> can open a connection to <paramref name="destination"/>.</summary>
    /// <param name="source">The client. A Multus Pod's socket is taken to be unbound, so its routes choose the
    /// interface.</param>
    /// <param name="destination">The server, by its <see cref="ReachabilityEndpoint.Address"/>.</param>
    /// <exception cref="ArgumentException">A Node is not in the model, an Antrea address is not in its Node's PodCIDR,
    /// or the addresses are not all of one family.</exception>
    public ReachabilityAnswer Predict(ReachabilityEndpoint source, ReachabilityEndpoint destination)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        var from = Check(source, nameof(source));
        var to = Check(destination, nameof(destination));
        if (source.Address.AddressFamily != destination.Address.AddressFamily)
        {
            throw new ArgumentException($"{source} and {destination} have addresses of different "
                + "families.", nameof(destination));
        }

        if (source == destination)
        {
            return Works(source.Address, $"{source} reaches itself without leaving its network stack");
        }

        return source.Kind switch
        {
            PodNetworkKind.Calico => FromCalico(new Party(from, source.Address), destination, to),
            PodNetworkKind.Antrea => FromAntrea(new Party(from, source.Address), destination, to),
            PodNetworkKind.Multus => FromMultus(source, from, destination, to),
            _ => FromHost(new Party(from, source.Address), destination, to),
        };
    }

    private ReachabilityAnswer FromCalico(Party source, ReachabilityEndpoint destination, ReachabilityNode to) =>
        Kept(source.Node, source.Address) ?? destination.Kind switch
        {
            PodNetworkKind.Antrea => CalicoToAntrea(source, new Party(to, destination.Address)),
            PodNetworkKind.Host => CalicoToHost(source, new Party(to, destination.Address)),
            _ => WithReplyOf(destination, CalicoToCalico(source, new Party(to, destination.Address))),
        };

    private ReachabilityAnswer FromAntrea(Party source, ReachabilityEndpoint destination, ReachabilityNode to) =>
        destination.Kind switch
        {
            PodNetworkKind.Antrea => AntreaToAntrea(source, new Party(to, destination.Address)),
            PodNetworkKind.Host => AntreaToHost(source, new Party(to, destination.Address)),
            _ => WithReplyOf(destination, AntreaToCalico(source, new Party(to, destination.Address))),
        };

    /// <param name="source">The Node.</param>
    /// <param name="destination">Whom it asks.</param>
    /// <param name="to">That one's Node.</param>
    /// <param name="keepsAddress">Whether it asked for a ClusterIP, and has its address already when kube-proxy chooses the destination.</param>
    private ReachabilityAnswer FromHost(Party source, ReachabilityEndpoint destination, ReachabilityNode to, bool keepsAddress = false) =>
        destination.Kind switch
        {
            PodNetworkKind.Antrea => HostToAntrea(source, new Party(to, destination.Address)),
            PodNetworkKind.Host => Works(source.Address, "Nodes reach each other without either Pod network"),
            _ => WithReplyOf(destination, HostToCalico(source, new Party(to, destination.Address), keepsAddress)),
        };

    private ReachabilityAnswer FromMultus(
        ReachabilityEndpoint source, ReachabilityNode from, ReachabilityEndpoint destination, ReachabilityNode to)
    {
        var eth0 = new Party(from, source.Address);
        var net1 = new Party(from, source.AntreaAddress!);
        switch (Model.MultusRoutes)
        {
            case MultusRoutes.V1:
                return FromAntrea(net1, destination, to);
            case MultusRoutes.V2 or MultusRoutes.ByPodCidr:
                return destination.Kind == PodNetworkKind.Antrea || _topology.OwnerInAntrea(destination.Address) is not null
                    ? FromAntrea(net1, destination, to)
                    : FromCalico(eth0, destination, to);
            default:
                return ByEither(FromAntrea(net1, destination, to), FromCalico(eth0, destination, to));
        }
    }

    /// <summary>A Multus Pod with two default routes of one metric.</summary>
    private static ReachabilityAnswer ByEither(ReachabilityAnswer byNet1, ReachabilityAnswer byEth0)
    {
        var verdict = byNet1.Verdict == ReachabilityVerdict.Unreachable && byEth0.Verdict == ReachabilityVerdict.Unreachable
            ? ReachabilityVerdict.Unreachable
            : ReachabilityVerdict.Degraded;
        return new ReachabilityAnswer(
            verdict,
            "the Multus Pod has two default routes of equal metric and takes the one whose gateway answers "
                + $"at the moment; by net1: {byNet1.Reason}; by eth0: {byEth0.Reason}",
            null,
            byNet1.LostAt ?? byEth0.LostAt)
        {
            Cause = verdict == ReachabilityVerdict.Degraded ? ReachabilityCause.TwoDefaults : byNet1.Cause,
        };
    }

    /// <summary>A Multus Pod without a rule for what comes from its Calico address may send its replies by net1, where OVS drops them
    /// for their source address.</summary>
    private ReachabilityAnswer WithReplyOf(ReachabilityEndpoint destination, ReachabilityAnswer answer)
    {
        if (destination.Kind != PodNetworkKind.Multus || answer.Verdict != ReachabilityVerdict.Reachable)
        {
            return answer;
        }

        var lostAt = $"OVS on {destination.Node}";
        return Model.MultusRoutes switch
        {
            MultusRoutes.Stock => answer with
            {
                Verdict = ReachabilityVerdict.Degraded,
                Reason = $"{answer.Reason}; but the Multus Pod answers by net1 while it prefers that default route, "
                    + "and OVS drops Calico's source address there: at once, after a second, or not at all",
                LostAt = lostAt,
                Cause = ReachabilityCause.TwoDefaults,
            },
            MultusRoutes.ByPodCidr when answer.SourceSeen is { } seen && _topology.OwnerInAntrea(IPAddress.Parse(seen)) is { } clash => Fails(
                ReachabilityCause.ReplyByOtherInterface,
                lostAt,
                $"the Multus Pod routes its reply to {seen} by net1, as it lies in the PodCIDR {clash.PodCidr}, and OVS drops Calico's "
                + "source address there"),
            _ => answer,
        };
    }

    private ReachabilityNode Check(ReachabilityEndpoint endpoint, string parameter)
    {
        var node = _topology.FindNode(endpoint.Node)
            ?? throw new ArgumentException($"{endpoint}: the model has no Node {endpoint.Node}.", parameter);
        if (endpoint.AntreaAddress is { } antrea)
        {
            if (antrea.AddressFamily != endpoint.Address.AddressFamily)
            {
                throw new ArgumentException($"{endpoint} has addresses of different families.", parameter);
            }

            if (!ReachabilityTopology.IsOwn(antrea, node))
            {
                throw new ArgumentException($"{endpoint}: Antrea cannot have given {antrea}, as it is not in the "
                    + "Node's PodCIDR.", parameter);
            }
        }

        return node;
    }

    private static ReachabilityAnswer Works(IPAddress? sourceSeen, string reason) =>
        new(ReachabilityVerdict.Reachable, reason, sourceSeen?.ToString(), null);

    private static ReachabilityAnswer Fails(ReachabilityCause cause, string lostAt, string reason) =>
        new(ReachabilityVerdict.Unreachable, reason, null, lostAt) { Cause = cause };

    private static ReachabilityAnswer Flaps(ReachabilityCause cause, string lostAt, string reason) =>
        new(ReachabilityVerdict.Degraded, reason, null, lostAt) { Cause = cause };

    private static IPAddress? Gateway(ReachabilityNode node, AddressFamily family) => ReachabilityTopology.GatewayOf(node, family);

    /// <summary>One end as the rules see it: an address and where it is.</summary>
    private readonly record struct Party(ReachabilityNode Node, IPAddress Address)
    {
        public AddressFamily Family => Address.AddressFamily;

        public bool IsOn(ReachabilityNode node) => Node.Name == node.Name;
    }
}
