using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Routing.Reachability;

public sealed partial class ReachabilityPredictor
{
    /// <summary>From a Calico interface to an address of Calico's: Antrea has a say only where its routes are the
    /// longer ones.</summary>
    private ReachabilityAnswer CalicoToCalico(Party source, Party destination)
    {
        if (source.IsOn(destination.Node))
        {
            return Kept(source.Node, destination.Address) ?? Works(
                SeenBehind(source.Node, source.Address, destination.Address, _topology.AddressTowardsOwn(source.Node, destination.Address)),
                $"the host of {source.Node.Name} has a route to each of its own Calico Pods");
        }

        var sent = SeenBehind(
            source.Node,
            source.Address,
            destination.Address,
            _topology.AddressTowardsCalico(source.Node, destination.Node, destination.Address));
        return CalicoUnreachableFrom(source.Node, destination.Node, destination.Address)
            ?? CalicoUnreachableFrom(destination.Node, source.Node, sent ?? source.Address)
            ?? CalicoFiltered(source.Node, destination, sent)
            ?? Works(SeenAt(destination, sent), CalicoPath(source.Node, destination));
    }

    private string CalicoPath(ReachabilityNode from, Party to) =>
        _topology.RouteToCalico(to.Address) != HostRoute.Calico && _topology.OwnerInAntrea(to.Address) is { } antrea
            ? $"the host of {from.Name} routes {to.Address} by Antrea's {antrea.PodCidr}, straight to {to.Node.Name}, which has it"
            : $"Calico's own path from {from.Name} to {to.Node.Name}";

    /// <summary>Null when the strict reverse path filter passes what goes between two Nodes under Calico addresses, or the source is not known.</summary>
    private ReachabilityAnswer? CalicoFiltered(ReachabilityNode from, Party to, IPAddress? sent) =>
        sent is not null && _topology.StrictFilterDrops(
            _topology.SentByTunnel(from, to.Node, to.Address), _topology.SentByTunnel(to.Node, from, sent), to.Family)
            ? FilteredAt(to.Node, from, sent)
            : null;

    /// <summary>The address a Calico Pod sees when <paramref name="sent"/> reaches its Node.</summary>
    private IPAddress? SeenAt(Party destination, IPAddress? sent) =>
        sent is null
            ? null
            : SeenBehind(destination.Node, sent, destination.Address, _topology.AddressTowardsOwn(destination.Node, destination.Address));

    /// <summary>The source once <paramref name="host"/> has sent it on: ANTREA-POSTROUTING masquerades every source in the Node's own PodCIDR,
    /// Calico's as well, unless the destination is in a PodCIDR.</summary>
    /// <remarks>Source: Antrea v1.14 <c>pkg/agent/route/route_linux.go</c> (masquerade Pod to external packets); measured in a kernel.</remarks>
    private IPAddress? SeenBehind(ReachabilityNode host, IPAddress source, IPAddress destination, IPAddress? masquerade) =>
        !Model.NoSnat && ReachabilityTopology.IsOwn(source, host) && _topology.OwnerInAntrea(destination) is null ? masquerade : source;

    /// <summary>From a Calico Pod c on X to an Antrea Pod s on S.</summary>
    private ReachabilityAnswer CalicoToAntrea(Party source, Party destination)
    {
        var (x, s, c) = (source.Node, destination.Node, source.Address);
        if (ShadowedAt(x, destination.Address) is { } shadowed)
        {
            return shadowed;
        }

        var isMasqueraded = _topology.IsMasqueraded(c, destination.Address);
        var isLed = IsLed(source, s);
        if (isMasqueraded && !isLed)
        {
            var seen = source.IsOn(s) || _topology.AntreaTunnels(x, s)
                ? Gateway(x, source.Family)
                : ReachabilityTopology.AddressOf(x, source.Family);
            var name = seen?.ToString() ?? "the host's own address";
            return Works(seen, $"Calico masquerades it on {x.Name} as {name}, as no IPPool holds {destination.Address}");
        }

        if (ReachabilityTopology.IsOwn(c, s) && !isMasqueraded)
        {
            return Fails(
                ReachabilityCause.ReplyOnLink,
                $"the Pod's interface on {s.Name}",
                $"the server on {s.Name} takes {c} to be on its own link, as it lies in its Node's PodCIDR, and "
                + "nobody answers its ARP request");
        }

        if (source.IsOn(s))
        {
            return Works(c, $"OVS on {x.Name} returns replies to antrea-gw0, where the connection came from");
        }

        return isLed ? CalicoLed(source, destination, isMasqueraded)
            : _topology.AntreaTunnels(x, s) ? CalicoIntoTunnel(source, destination)
            : CalicoRouted(source, destination);
    }

    /// <summary>The request goes through Antrea's tunnel and passes the host of S by. Does the reply find the way
    /// back?</summary>
    private ReachabilityAnswer CalicoIntoTunnel(Party source, Party destination)
    {
        var (x, s, c) = (source.Node, destination.Node, source.Address);
        if (_topology.OwnerInAntrea(c) is { } clash)
        {
            if (clash.Node.Name == x.Name)
            {
                return Works(c, $"{c} lies in the PodCIDR of its own Node, so OVS on {s.Name} tunnels the reply back "
                    + $"to {x.Name}, which knows the connection");
            }

            if (_topology.AntreaTunnels(s, clash.Node))
            {
                return Fails(
                    ReachabilityCause.ReplyToOtherNode,
                    $"OVS on {clash.Node.Name}",
                    $"OVS on {s.Name} tunnels the reply to {clash.Node.Name}, in whose PodCIDR {clash.PodCidr} the "
                    + "client's address lies; OVS there has not seen the first packet, calls the reply invalid and "
                    + "drops it");
            }
        }

        return Model.KubeProxyDropsInvalid
            ? Fails(
                ReachabilityCause.OneSidedConnection,
                $"the host of {s.Name}",
                $"the request came by Antrea's tunnel past the host of {s.Name}; the reply leaves through it, is "
                + "invalid to its connection tracking, and kube-proxy's KUBE-FORWARD drops it")
            : Fails(
                ReachabilityCause.OneSidedConnection,
                $"OVS on {x.Name}",
                $"the reply comes back by Calico's tunnel, past OVS on {x.Name}; it has seen the first packet only, "
                + "calls the client's next one invalid and drops it");
    }

    /// <summary>Whether a rule leads what comes from the address by Calico's way to the Node. Sources in the Node's own PodCIDR are left to the main table.</summary>
    private bool IsLed(Party source, ReachabilityNode to) =>
        Model.LeadsCalicoByItsTunnel && !source.IsOn(to) && !ReachabilityTopology.IsOwn(source.Address, source.Node);

    /// <summary>The request goes by Calico's tunnel to the host of S, which hands it to its own antrea-gw0; OVS there returns the reply to the
    /// host, wherever the client's address lies.</summary>
    /// <remarks>Both Nodes masquerade, each what comes there from a pool: the client's Node under its tunnel's address, which lies in a pool again.</remarks>
    private ReachabilityAnswer CalicoLed(Party source, Party destination, bool isMasqueraded)
    {
        var (x, s) = (source.Node, destination.Node);
        var isTunnelled = LedByTunnel(source, s);
        var sent = !isMasqueraded ? source.Address : isTunnelled ? TunnelOf(x, source.Family) : ReachabilityTopology.AddressOf(x, source.Family);
        var path = $"the host of {x.Name} leads it by Calico's {(isTunnelled ? "tunnel" : "route")} to {s.Name}, which sees both directions";
        if (sent is null || (isMasqueraded && !isTunnelled))
        {
            return Works(sent, path);
        }

        return CalicoUnreachableFrom(s, x, sent)
            ?? (_topology.StrictFilterDrops(isTunnelled, _topology.SentByTunnel(s, x, sent), source.Family) ? FilteredAt(s, x, sent) : null)
            ?? (_topology.IsMasqueraded(sent, destination.Address)
                ? Works(Gateway(s, source.Family), $"{path} and masquerades what comes from {sent}, as no IPPool holds {destination.Address}")
                : Works(sent, path));
    }

    /// <summary>Whether Calico's way to the Node, which what is led follows, is its tunnel.</summary>
    private bool LedByTunnel(Party source, ReachabilityNode to) => _topology.CalicoTunnels(source.Node, to, TunnelOf(to, source.Family) ?? source.Address);

    private static IPAddress? TunnelOf(ReachabilityNode node, AddressFamily family) => node.TunnelAddresses.FirstOrDefault(a => a.AddressFamily == family);

    /// <summary>The Nodes route both the request and the reply: OVS on S sends to the host whatever answers what came in by antrea-gw0
    /// (FromGatewayCTMark), in whose PodCIDR the client's address may ever lie.</summary>
    private ReachabilityAnswer CalicoRouted(Party source, Party destination)
    {
        var (x, s, c) = (source.Node, destination.Node, source.Address);
        return CalicoUnreachableFrom(s, x, c)
            ?? (_topology.StrictFilterDrops(false, _topology.SentByTunnel(s, x, c), source.Family) ? FilteredAt(s, x, c) : null)
            ?? Works(c, $"the hosts of {x.Name} and {s.Name} route both ways and see both");
    }

    /// <summary>From a Calico Pod to a Node.</summary>
    private ReachabilityAnswer CalicoToHost(Party source, Party destination)
    {
        var (x, h, c) = (source.Node, destination.Node, source.Address);
        if (source.IsOn(h))
        {
            return Works(c, $"{x.Name} is the Pod's own Node");
        }

        if (_topology.IsMasqueraded(c, destination.Address))
        {
            return Works(ReachabilityTopology.AddressOf(x, source.Family), $"Calico masquerades it on {x.Name}, as no "
                + $"IPPool holds {destination.Address}");
        }

        var own = ReachabilityTopology.AddressOf(x, source.Family);
        if (own is not null && SeenBehind(x, c, destination.Address, own) == own)
        {
            return Works(own, $"Antrea masquerades it on {x.Name}, in whose PodCIDR {c} lies");
        }

        return CalicoUnreachableFrom(h, x, c)
            ?? (_topology.StrictFilterDrops(false, _topology.SentByTunnel(h, x, c), source.Family) ? FilteredAt(h, x, c) : null)
            ?? Works(c, $"{h.Name} has a route back to {c}");
    }

    /// <summary>From a Node to an Antrea Pod.</summary>
    private ReachabilityAnswer HostToAntrea(Party source, Party destination)
    {
        var (x, s) = (source.Node, destination.Node);
        var seen = source.IsOn(s) || _topology.AntreaTunnels(x, s)
            ? Gateway(x, source.Family)
            : ReachabilityTopology.AddressOf(x, source.Family);
        return ShadowedAt(x, destination.Address)
            ?? Works(
                seen,
                $"the host of {x.Name} sends it to the PodCIDR of {s.Name} as {seen?.ToString() ?? "itself"}, "
                + "and replies come back the same way");
    }

    /// <summary>From a Node to an address of Calico's.</summary>
    private ReachabilityAnswer HostToCalico(Party source, Party destination, bool keepsAddress)
    {
        var (h, x, d) = (source.Node, destination.Node, destination.Address);
        if (source.IsOn(x))
        {
            return Kept(h, d) ?? Works(
                keepsAddress ? source.Address : _topology.AddressTowardsOwn(h, d),
                $"the host of {h.Name} has a route to each of its own Calico Pods");
        }

        var seen = _topology.AddressTowardsCalico(h, x, d);
        return CalicoUnreachableFrom(h, x, d)
            ?? (seen is not null && _topology.SentByTunnel(h, x, d) == true ? CalicoUnreachableFrom(x, h, seen) : null)
            ?? CalicoFiltered(h, destination, seen)
            ?? Works(SeenAt(destination, seen), CalicoPath(h, destination));
    }

    private static ReachabilityAnswer FilteredAt(ReachabilityNode host, ReachabilityNode from, IPAddress source) => Fails(
        ReachabilityCause.ReversePathFilter,
        $"the host of {host.Name}",
        $"the packet comes from {from.Name} by one device and {host.Name} routes {source} back by another (inside Calico's tunnel and "
        + "outside of it), and rp_filter=1 drops the packet");

    /// <summary>Null unless the Node keeps the address for a purpose of its own, wherever the Pod is that has it.</summary>
    private static ReachabilityAnswer? Kept(ReachabilityNode node, IPAddress address) =>
        ReachabilityTopology.Keeping(address, node) is not { } podCidr ? null
        : podCidr.IsIPv6 ? Fails(
            ReachabilityCause.FirstOfPodCidr,
            $"the host of {node.Name}",
            $"{address} is the first address of {podCidr}, the PodCIDR of {node.Name}, whose kernel takes it for itself, as every router on a "
            + "network does (anycast): it neither connects nor forwards to a Pod that has it")
        : Fails(
            ReachabilityCause.LastOfPodCidr,
            $"the host of {node.Name}",
            $"{address} is the last address of {podCidr}, the PodCIDR of {node.Name}, whose kernel keeps it for broadcasts: it "
            + "neither connects nor forwards to a Pod that has it");

    /// <summary>Null when what <paramref name="host"/>, a Node the address is not on, sends to it gets to <paramref name="home"/>, the Node
    /// that has it; else why it does not.</summary>
    private ReachabilityAnswer? CalicoUnreachableFrom(ReachabilityNode host, ReachabilityNode home, IPAddress address)
    {
        if ((Kept(host, address) ?? Kept(home, address)) is { } kept)
        {
            return kept;
        }

        var route = _topology.RouteToCalico(address);
        if (route == HostRoute.Calico || _topology.OwnerInAntrea(address) is not { } antrea)
        {
            return null;
        }

        // Both networks' routes lead to the same Node; only a strict filter cares which one.
        if (_topology.AntreaLeadsHome(host, home, address)
            && (route == HostRoute.Antrea || !_topology.IsStrict(address.AddressFamily)))
        {
            return null;
        }

        if (route == HostRoute.Contested)
        {
            return Flaps(
                ReachabilityCause.EqualPrefixes,
                $"the host of {host.Name}",
                $"Calico and Antrea both write the route {antrea.PodCidr} over {address} on {host.Name}; the last one "
                + "to write has it");
        }

        var where = _topology.AntreaTunnels(host, antrea.Node) ? $"OVS on {antrea.Node.Name}" : $"the host of {antrea.Node.Name}";
        return Fails(
            ReachabilityCause.BlockAroundPodCidr,
            where,
            $"the host of {host.Name} routes {address} by Antrea's {antrea.PodCidr}, which is longer than Calico's "
            + $"block, towards {antrea.Node.Name}, where no Antrea Pod has it");
    }
}
