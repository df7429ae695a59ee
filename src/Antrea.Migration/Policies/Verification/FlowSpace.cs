using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Antrea.Migration.Addressing;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Every flow that the policies of a cluster could tell apart, one for each class.</summary>
/// <remarks>
/// Pods fall into one class when Namespace, labels, service account, named ports and membership in every network mentioned are the
/// same. Addresses outside fall into one class when they lie in the same networks; ports, when no range mentioned
/// begins or ends between them.
/// </remarks>
internal sealed class FlowSpace
{
    private static readonly IPAddress[] UnmentionedAddresses = [IPAddress.Parse("203.0.113.7"), IPAddress.Parse("2001:db8::7")];

    private static readonly ImmutableArray<IPProtocol> Protocols =
        [IPProtocol.Tcp, IPProtocol.Udp, IPProtocol.Sctp, IPProtocol.Icmp, new IPProtocol(47)];

    private readonly List<TrafficEndpoint> _pods;
    private readonly List<TrafficEndpoint> _everyone;
    private readonly List<(IPProtocol Protocol, int SourcePort, int DestinationPort)> _services;

    /// <param name="world">The Pods.</param>
    /// <param name="nets">Every network that either side mentions.</param>
    /// <param name="sourcePorts">Every range of source ports, both ends included.</param>
    /// <param name="destinationPorts">Every range of destination ports, both ends included.</param>
    public FlowSpace(
        PolicyWorld world,
        IEnumerable<Cidr> nets,
        IEnumerable<(int First, int Last)> sourcePorts,
        IEnumerable<(int First, int Last)> destinationPorts)
    {
        var networks = nets.Distinct().Order().ToList();
        _pods =
        [
            .. world.Pods
                .SelectMany(pod => pod.Addresses.Select(address => new TrafficEndpoint(address, pod)))
                .DistinctBy(e => ClassOf(e, networks)),
        ];
        var taken = world.Pods.SelectMany(p => p.Addresses).ToHashSet();
        var outside = networks.SelectMany(Edges).Concat(UnmentionedAddresses)
            .Where(a => !taken.Contains(a))
            .Select(a => new TrafficEndpoint(a))
            .DistinctBy(e => ClassOf(e, networks));
        _everyone = [.. _pods, .. outside];
        var named = world.Pods.SelectMany(p => p.NamedPorts.Concat(p.InitNamedPorts)).Select(p => (p.Number, p.Number));
        var from = Cells(sourcePorts, usual: Traffic.UsualSourcePort);
        var to = Cells(destinationPorts.Concat(named), usual: 1);
        _services =
        [
            .. Protocols.SelectMany(p => p.HasPorts
                ? from.SelectMany(_ => to, (source, destination) => (p, source, destination))
                : [(p, 0, 0)]),
        ];
    }

    /// <summary>An upper bound of how many flows <see cref="Flows"/> gives.</summary>
    public long Count => 2L * _pods.Count * _everyone.Count * _services.Count;

    /// <summary>Each flow with the end to judge it at, in a fixed order.</summary>
    public IEnumerable<(Traffic Traffic, Direction Direction)> Flows()
    {
        foreach (var pod in _pods)
        {
            foreach (var other in _everyone.Where(o => o.Address.AddressFamily == pod.Address.AddressFamily))
            {
                foreach (var (protocol, from, to) in _services)
                {
                    yield return (new Traffic(other, pod, protocol, from, to), Direction.Ingress);
                    yield return (new Traffic(pod, other, protocol, from, to), Direction.Egress);
                }
            }
        }
    }

    private static string ClassOf(TrafficEndpoint endpoint, List<Cidr> nets)
    {
        var key = new StringBuilder();
        if (endpoint.Pod is { } pod)
        {
            key.Append(pod.Namespace).Append('\n').Append(pod.ServiceAccount).Append('\n');
            foreach (var (label, value) in pod.Labels)
            {
                key.Append(label).Append('=').Append(value).Append('\n');
            }

            key.AppendJoin('\n', pod.NamedPorts).Append('\n').AppendJoin('\n', pod.InitNamedPorts);
        }

        key.Append(endpoint.Address.AddressFamily == AddressFamily.InterNetworkV6 ? "|6|" : "|4|");
        foreach (var net in nets)
        {
            key.Append(net.Contains(endpoint.Address) ? '1' : '0');
        }

        return key.ToString();
    }

    /// <summary>The ends of a network and the addresses next to it.</summary>
    private static IEnumerable<IPAddress> Edges(Cidr net)
    {
        yield return net.FirstAddress;
        yield return net.LastAddress;
        var all = Cidr.Containing(net.FirstAddress, 0);
        var first = all.IndexOf(net.FirstAddress);
        var last = all.IndexOf(net.LastAddress);
        if (first > 0)
        {
            yield return all.AddressAt(first - 1);
        }

        if (last < all.IndexOf(all.LastAddress))
        {
            yield return all.AddressAt(last + 1);
        }
    }

    /// <summary>One port of each stretch between the bounds of ranges; the usual one for the stretch that holds it.</summary>
    private static List<int> Cells(IEnumerable<(int First, int Last)> ranges, int usual)
    {
        var starts = ranges.SelectMany(r => new[] { r.First, r.Last + 1 })
            .Append(1)
            .Where(p => p is >= 1 and <= 65535)
            .Distinct()
            .Order()
            .ToList();
        var home = starts.FindLastIndex(s => s <= usual);
        starts[home] = usual;
        return starts;
    }
}
