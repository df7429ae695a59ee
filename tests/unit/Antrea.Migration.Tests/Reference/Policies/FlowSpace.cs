using System.Net;
using System.Net.Sockets;
using System.Text;
using Antrea.Migration.Addressing;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Tests.Reference.Policies;

/// <summary>Every flow that policies over some networks and ports could tell apart, one by one: each Pod with each other end and each service.</summary>
/// <remarks>Addresses outside fall into one class when they lie in the same networks; ports, when no bound lies between them.</remarks>
internal sealed class FlowSpace
{
    private static readonly IPAddress[] UnmentionedAddresses = [IPAddress.Parse("203.0.113.7"), IPAddress.Parse("2001:db8::7")];

    private readonly List<TrafficEndpoint> _pods;
    private readonly List<TrafficEndpoint> _everyone;
    private readonly List<(IPProtocol Protocol, int SourcePort, int DestinationPort, IcmpMessage? Icmp)> _services;

    /// <param name="world">The Pods.</param>
    /// <param name="nets">Every network that either side mentions.</param>
    /// <param name="sourcePorts">Where stretches of source ports begin, apart from 1.</param>
    /// <param name="destinationPorts">Where stretches of destination ports begin, apart from 1.</param>
    public FlowSpace(PolicyWorld world, IEnumerable<Cidr> nets, IEnumerable<int> sourcePorts, IEnumerable<int> destinationPorts)
    {
        var networks = nets.Distinct().Order().ToList();
        _pods = [.. world.Pods.SelectMany(pod => pod.Addresses.Select(address => new TrafficEndpoint(address, pod)))];
        var taken = world.Pods.SelectMany(p => p.Addresses).ToHashSet();
        var outside = networks.SelectMany(Edges).Concat(UnmentionedAddresses)
            .Where(a => !taken.Contains(a))
            .Select(a => new TrafficEndpoint(a))
            .DistinctBy(e => ClassOf(e, networks));
        _everyone = [.. _pods, .. outside];
        var named = world.Pods.SelectMany(p => p.NamedPorts.Concat(p.InitNamedPorts)).SelectMany(p => new[] { p.Number, p.Number + 1 });
        var to = destinationPorts.Concat(named).Append(1).Distinct().Order().ToList();
        var from = sourcePorts.Append(1).Distinct().Order().ToList();
        _services =
        [
            .. new[] { IPProtocol.Tcp, IPProtocol.Udp, IPProtocol.Sctp }
                .SelectMany(p => from.SelectMany(_ => to, (source, destination) => (p, source, destination, (IcmpMessage?)null))),
            .. new[] { 2, 47, 136 }.Select(p => (new IPProtocol((byte)p), 0, 0, (IcmpMessage?)null)),
            .. new[] { IPProtocol.Icmp, IPProtocol.IcmpV6 }.SelectMany(p => new[] { (0, 0), (3, 1), (3, 3), (8, 0), (128, 0) }
                .Select(m => (p, 0, 0, (IcmpMessage?)new IcmpMessage((byte)m.Item1, (byte)m.Item2)))),
        ];
    }

    /// <summary>Each flow with the end to judge it at.</summary>
    public IEnumerable<(Traffic Traffic, Direction Direction)> Flows()
    {
        foreach (var pod in _pods)
        {
            foreach (var other in _everyone.Where(o => o.Address.AddressFamily == pod.Address.AddressFamily))
            {
                var foreign = pod.Address.AddressFamily == AddressFamily.InterNetworkV6 ? IPProtocol.Icmp : IPProtocol.IcmpV6;
                foreach (var (protocol, from, to, icmp) in _services.Where(s => s.Protocol != foreign))
                {
                    yield return (new Traffic(other, pod, protocol, from, to) { Icmp = icmp }, Direction.Ingress);
                    yield return (new Traffic(pod, other, protocol, from, to) { Icmp = icmp }, Direction.Egress);
                }
            }
        }
    }

    private static string ClassOf(TrafficEndpoint endpoint, List<Cidr> nets)
    {
        var key = new StringBuilder(endpoint.Address.AddressFamily == AddressFamily.InterNetworkV6 ? "|6|" : "|4|");
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
}
