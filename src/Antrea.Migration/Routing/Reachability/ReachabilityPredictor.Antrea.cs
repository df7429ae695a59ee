using System.Net;

namespace Antrea.Migration.Routing.Reachability;

public sealed partial class ReachabilityPredictor
{
    /// <summary>From an Antrea interface to an Antrea Pod.</summary>
    private ReachabilityAnswer AntreaToAntrea(Party source, Party destination)
    {
        if (source.IsOn(destination.Node))
        {
            return Works(source.Address, $"OVS on {source.Node.Name} switches between its own Pods");
        }

        if (_topology.AntreaTunnels(source.Node, destination.Node))
        {
            return Works(source.Address, $"OVS on {source.Node.Name} tunnels to OVS on {destination.Node.Name}; no "
                + "Node's route has a say");
        }

        // Routed by the Nodes, so a Calico route over either address takes packets away, and Calico masquerades whatever comes from its pools.
        var isMasqueraded = _topology.IsMasqueraded(source.Address, destination.Address);
        if ((ShadowedAt(source.Node, destination.Address)
            ?? ShadowedAt(isMasqueraded ? source.Node : destination.Node, source.Address)) is { } shadowed)
        {
            return shadowed;
        }

        var between = $"Nodes {source.Node.Name} and {destination.Node.Name} route between their PodCIDRs";
        return isMasqueraded
            ? Works(
                ReachabilityTopology.AddressOf(source.Node, source.Family),
                $"{between}; Calico masquerades it on {source.Node.Name} as the Node's own address, as {source.Address} lies in a pool with "
                + $"natOutgoing and no IPPool holds {destination.Address}")
            : Works(source.Address, between);
    }

    /// <summary>From an Antrea interface to an address of Calico's: an Antrea or a Multus Pod to a Calico or a Multus
    /// Pod.</summary>
    private ReachabilityAnswer AntreaToCalico(Party source, Party destination)
    {
        var (z, x, d) = (source.Node, destination.Node, destination.Address);
        if (ReachabilityTopology.IsOwn(d, z))
        {
            return Fails(
                ReachabilityCause.OverlapOnLink,
                $"the Pod's interface on {z.Name}",
                $"the client on {z.Name} takes {d} to be on its own link, as it lies in its Node's PodCIDR, and "
                + "nobody answers its ARP request (an Antrea Pod that has the same address would)");
        }

        if (_topology.OwnerInAntrea(d) is { } clash)
        {
            return AntreaToOverlappedCalico(source, destination, clash.PodCidr.ToString(), clash.Node);
        }

        // From here on the reply reaches the source's Node, whose kernel must still find the Pod.
        if (ShadowedAt(Model.NoSnat ? x : z, source.Address) is { } shadowed)
        {
            return shadowed;
        }

        if (Model.NoSnat && !destination.IsOn(z))
        {
            return Unmasqueraded(source, destination);
        }

        if (Model.NoSnat)
        {
            return Works(source.Address, $"the host of {z.Name} forwards to its own Calico Pod without masquerading (noSNAT)");
        }

        var masquerade = _topology.AddressTowardsCalico(z, x, d);
        if (masquerade is not null && !destination.IsOn(z) && _topology.SentByTunnel(z, x, d) == true
            && (CalicoUnreachableFrom(x, z, masquerade) ?? CalicoFiltered(z, destination, masquerade)) is { } lost)
        {
            return lost;
        }

        return Works(
            destination.IsOn(z) ? masquerade : SeenAt(destination, masquerade),
            $"OVS on {z.Name} hands the packet to its host, which masquerades it as {masquerade?.ToString() ?? "its tunnel's address"}; "
            + $"the reply comes back to {z.Name}");
    }

    /// <summary>The destination lies in the PodCIDR of a Node other than the source's.</summary>
    private ReachabilityAnswer AntreaToOverlappedCalico(Party source, Party destination, string podCidr, ReachabilityNode y)
    {
        var (z, d) = (source.Node, destination.Address);
        if (_topology.AntreaTunnels(z, y))
        {
            return Fails(
                ReachabilityCause.OverlapInOvs,
                $"OVS on {y.Name}",
                $"OVS on {z.Name} takes {d} for an Antrea Pod of {y.Name}, as it lies in that Node's PodCIDR "
                + $"{podCidr}, and tunnels it there; OVS on {y.Name} has no such Pod and "
                + (Model.EgressEnabled ? "drops a new connection from a tunnel in EgressMark" : "does not send back what came by the tunnel"));
        }

        // A Node's own Pod has a route of its own, longer than any.
        if ((destination.IsOn(z) ? Kept(z, d) : CalicoUnreachableFrom(z, destination.Node, d)) is { } lost)
        {
            return lost;
        }

        // ANTREA-POSTROUTING spares what goes to any PodCIDR.
        return ShadowedAt(destination.Node, source.Address)
            ?? (destination.IsOn(z)
                ? Works(source.Address, $"the host of {z.Name} has a route to its own Calico Pod {d}, and does not "
                    + "masquerade what goes to a PodCIDR")
                : Unmasqueraded(source, destination));
    }

    /// <summary>An Antrea address arrives at a Calico Pod of another Node as it is.</summary>
    private ReachabilityAnswer Unmasqueraded(Party source, Party destination)
    {
        var (z, x) = (source.Node, destination.Node);
        var isReplyLed = IsLed(destination, z);
        if (!isReplyLed && _topology.AntreaTunnels(x, z))
        {
            return Fails(ReachabilityCause.NotMasqueraded, $"OVS on {x.Name}", ReplyUnknownTo(x, source.Address));
        }

        return _topology.StrictFilterDrops(
            _topology.SentByTunnel(z, x, destination.Address), isReplyLed && LedByTunnel(destination, z), destination.Family)
            ? FilteredAt(x, z, source.Address)
            : Works(source.Address, $"the hosts of {z.Name} and {x.Name} route both ways and see both, without masquerading");
    }

    /// <summary>From an Antrea interface to a Node.</summary>
    private ReachabilityAnswer AntreaToHost(Party source, Party destination)
    {
        var (z, h) = (source.Node, destination.Node);

        // Calico masquerades whatever comes from its pools, and Antrea's addresses may lie in one.
        var masquerades = !destination.IsOn(z) && (!Model.NoSnat || _topology.IsMasqueraded(source.Address, destination.Address));
        if (ShadowedAt(masquerades ? z : h, source.Address) is { } shadowed)
        {
            return shadowed;
        }

        if (destination.IsOn(z))
        {
            return Works(source.Address, $"OVS on {z.Name} hands the packet to its own host");
        }

        if (masquerades)
        {
            return Works(ReachabilityTopology.AddressOf(z, source.Family), $"the host of {z.Name} masquerades it as "
                + "its own address");
        }

        return _topology.AntreaTunnels(h, z)
            ? Fails(ReachabilityCause.NotMasqueraded, $"OVS on {h.Name}", ReplyUnknownTo(h, source.Address))
            : Works(source.Address, $"the hosts of {z.Name} and {h.Name} route both ways, without masquerading");
    }

    private static string ReplyUnknownTo(ReachabilityNode node, IPAddress client) =>
        $"the source {client} is not masqueraded, so the reply goes into antrea-gw0 of {node.Name}; its OVS has not "
        + "seen the first packet, calls the reply invalid and drops it";

    /// <summary>Null when <paramref name="host"/> routes the Antrea address to Antrea; else why it does not.</summary>
    private ReachabilityAnswer? ShadowedAt(ReachabilityNode host, IPAddress address)
    {
        if (_topology.RouteToAntrea(address) == HostRoute.Antrea || _topology.CalicoRoute(address) is not { } calico)
        {
            return null;
        }

        var where = $"the host of {host.Name}";
        return _topology.RouteToAntrea(address) == HostRoute.Contested
            ? Flaps(ReachabilityCause.EqualPrefixes, where, $"Calico and Antrea both write the route {calico.Block} over {address} on {host.Name}; the "
                + "last one to write has it")
            : Fails(
                ReachabilityCause.BlockInPodCidr,
                where,
                $"{where} routes {address} by Calico's {calico.Block}, which is longer than the PodCIDR, to "
                + $"{calico.Owner}: into a blackhole, or to a Calico Pod with the same address");
    }
}
