using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Internal;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>One class of senders that cannot reach an address.</summary>
/// <param name="Networks">Which networks' Pods.</param>
/// <param name="From">The same with the Nodes.</param>
/// <param name="Reason">Why, in one sentence.</param>
internal sealed record Loss(string Networks, string From, string Reason);

/// <summary>Tells who cannot reach an address that lies in a PodCIDR and is Calico's, or is Antrea's and lies in a range of Calico's.</summary>
/// <remarks>Asks the predictor once for each class of senders and each group of addresses that no rule tells apart, so the
/// number of questions grows with the Nodes, not with the Pods. Groups are collected first and asked for by all cores.</remarks>
internal sealed class CutOffLosses
{
    private static readonly PodNetworkKind[] Kinds = [PodNetworkKind.Antrea, PodNetworkKind.Multus, PodNetworkKind.Calico, PodNetworkKind.Host];

    private readonly ReachabilityPredictor _predictor;
    private readonly ReachabilityTopology _topology;
    private readonly CutOffSenders _senders;
    private readonly CidrTable<int> _pools;
    private readonly Dictionary<Group, int> _places = [];
    private readonly List<Destination> _destinations = [];
    private int _questions;

    public CutOffLosses(ReachabilityModel model)
    {
        _predictor = new ReachabilityPredictor(model);
        _topology = _predictor.Topology;
        _senders = new CutOffSenders(_topology);
        _pools = new(model.Pools.Select((p, i) => new CidrEntry<int>(p.Cidr, i)));
    }

    /// <summary>What the predictor's rules can tell apart in a destination.</summary>
    private readonly record struct Group(
        bool IsAntrea, string Node, string Owner, Cidr PodCidr, HostRoute Route, Cidr? Block, int Pool, bool IsGateway, bool IsKept);

    /// <summary>One address of a group, which stands for the others.</summary>
    /// <param name="Group">The group.</param>
    /// <param name="X">Its Node.</param>
    /// <param name="Y">The Node in whose PodCIDR it lies.</param>
    /// <param name="End">The address.</param>
    private sealed record Destination(Group Group, ReachabilityNode X, ReachabilityNode Y, ReachabilityEndpoint End);

    /// <summary>How often the predictor was asked.</summary>
    public int Questions => _questions;

    /// <summary>Whether an address lies in any PodCIDR; of others nobody is cut off.</summary>
    public bool IsInPodCidr(IPAddress address) => _topology.OwnerInAntrea(address) is not null;

    /// <summary>The place in <see cref="Answer"/> of who cannot reach a Calico address on a Node because a PodCIDR holds it; null when none does.</summary>
    public int? OfCalico(string node, IPAddress address)
    {
        if (_topology.OwnerInAntrea(address) is not { } antrea || _topology.FindNode(node) is not { } on)
        {
            return null;
        }

        var gateway = ReachabilityTopology.GatewayOf(antrea.Node, address.AddressFamily);
        var group = new Group(
            false, node, antrea.Node.Name, antrea.PodCidr, _topology.RouteToCalico(address), null,
            _pools.TryLookup(address, out var pool) ? pool.Value : -1, address.Equals(gateway),
            ReachabilityTopology.Keeping(address, antrea.Node) is not null);
        return PlaceOf(new Destination(group, on, antrea.Node, ReachabilityEndpoint.Calico(node, address)));
    }

    /// <summary>The place in <see cref="Answer"/> of who cannot reach an Antrea address because Calico's route over it is not the shorter one; null
    /// when it is.</summary>
    public int? OfAntrea(string node, IPAddress address)
    {
        if (_topology.FindNode(node) is not { } on || !ReachabilityTopology.IsOwn(address, on)
            || _topology.RouteToAntrea(address) == HostRoute.Antrea || _topology.CalicoRoute(address) is not { } calico)
        {
            return null;
        }

        var group = new Group(
            true, node, calico.Owner, _topology.OwnerInAntrea(address)!.Value.PodCidr, _topology.RouteToAntrea(address), calico.Block, -1, false, false);
        return PlaceOf(new Destination(group, on, on, ReachabilityEndpoint.Antrea(node, address)));
    }

    /// <summary>Who cannot reach the addresses asked for so far, a list for each place.</summary>
    public ImmutableArray<Loss>[] Answer(CancellationToken cancellationToken) =>
        OrderedParallel.Map(_destinations, d => Ask(d.Group, _senders.ClassesFor(d.X, d.Y, IsIPv6(d.End)), d.End), cancellationToken);

    private int PlaceOf(Destination destination)
    {
        if (!_places.TryGetValue(destination.Group, out var place))
        {
            _places.Add(destination.Group, place = _destinations.Count);
            _destinations.Add(destination);
        }

        return place;
    }

    private ImmutableArray<Loss> Ask(Group group, List<SenderNodes> classes, ReachabilityEndpoint destination)
    {
        var reasons = new List<string>();
        var found = new List<(string Reason, PodNetworkKind Kind, SenderNodes Nodes)>();
        foreach (var kind in Kinds)
        {
            foreach (var nodes in classes)
            {
                if (ReasonOf(group, kind, nodes, destination) is { } reason)
                {
                    found.Add((reason, kind, nodes));
                    if (!reasons.Contains(reason))
                    {
                        reasons.Add(reason);
                    }
                }
            }
        }

        var losses = ImmutableArray.CreateBuilder<Loss>();
        foreach (var reason in reasons)
        {
            // Networks whose Pods are lost on the same Nodes for the same reason go into one sentence.
            var byNodes = found.Where(f => f.Reason == reason)
                .GroupBy(f => f.Kind)
                .GroupBy(kind => string.Join('\n', kind.Select(f => f.Nodes.Words)));
            foreach (var kinds in byNodes)
            {
                var networks = string.Join(" and ", kinds.Select(k => CutOffWords.Of(k.Key)));
                var words = CutOffWords.Of([.. kinds.First().Select(f => f.Nodes)], classes);
                losses.Add(new Loss(networks, $"{networks} {words}{(CutOffWords.IsOnLink(reason) ? " (on link)" : "")}", reason));
            }
        }

        return losses.ToImmutable();
    }

    private string? ReasonOf(Group group, PodNetworkKind kind, SenderNodes nodes, ReachabilityEndpoint destination)
    {
        var isTunnelled = kind is PodNetworkKind.Antrea or PodNetworkKind.Multus;
        if (group.IsGateway && !isTunnelled && (nodes.Name == group.Owner || group.Node == group.Owner))
        {
            return CutOffWords.Gateway(group.Owner);
        }

        // Where the Nodes route the address to Calico, nothing of Antrea's is in the way of Calico Pods and hosts.
        if (!group.IsAntrea && !isTunnelled && group.Route == HostRoute.Calico && !group.IsKept)
        {
            return null;
        }

        if (_senders.On(nodes.Sample, kind, IsIPv6(destination)) is not { } sender)
        {
            return null;
        }

        Interlocked.Increment(ref _questions);
        var answer = _predictor.Predict(sender, destination);
        if (answer.Verdict == ReachabilityVerdict.Reachable)
        {
            return null;
        }

        if (group.IsGateway && isTunnelled && (nodes.Name == group.Owner || answer.LostAt == $"OVS on {group.Owner}"))
        {
            return CutOffWords.Gateway(group.Owner);
        }

        var reason = group.IsAntrea
            ? CutOffWords.Shadowed(group.PodCidr, group.Block!.Value, group.Owner, group.Route)
            : CutOffWords.Overlapped(group.PodCidr, group.Owner, group.Node, group.Route, isTunnelled, answer);
        return answer.Verdict == ReachabilityVerdict.Degraded && group.Route != HostRoute.Contested
            ? $"at times, by the state of the neighbour table: {reason}"
            : reason;
    }

    private static bool IsIPv6(ReachabilityEndpoint endpoint) => endpoint.Address.AddressFamily == AddressFamily.InterNetworkV6;
}
