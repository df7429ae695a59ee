using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Where Pods' addresses lie before the migration (Calico's pools) and after it (the Nodes' PodCIDRs). A network in a rule
/// keeps its meaning only when it holds all of them or none.</summary>
internal sealed class PodAddressRanges(ClusterSnapshot snapshot)
{
    private readonly ImmutableArray<(Cidr Range, string Name)> _before =
    [
        .. snapshot.CalicoIpam.Pools.Select(p => (p.Cidr, $"IPPool {p.Name} ({p.Cidr})")),
        .. snapshot.Pods.Where(p => !p.HostNetwork && !p.HasEnded)
            .SelectMany(p => p.PodIPs.Select(ip => (Cidr.Host(ip), $"Pod {p} ({ip})"))),
    ];

    private readonly ImmutableArray<(Cidr Range, string Name)> _after =
        [.. snapshot.Nodes.SelectMany(n => n.PodCidrs.Select(c => (c, $"the PodCIDR of Node {n.Name} ({c})")))];

    /// <summary>The first Node whose own address lies in the network, with that address; null when there is none.</summary>
    public string? NodeIn(Cidr net) =>
        snapshot.Nodes
            .SelectMany(n => n.InternalIPs.Where(net.Contains).Select(ip => $"Node {n.Name} ({ip})"))
            .FirstOrDefault();

    /// <summary>How many of the Pod addresses of its family a network without some others holds.</summary>
    public PodAddressHold HoldOf(Cidr net, IReadOnlyCollection<Cidr> except)
    {
        if (net.PrefixLength == 0 && except.Count == 0)
        {
            return PodAddressHold.All;
        }

        if (_before.IsEmpty || _after.IsEmpty)
        {
            return PodAddressHold.Unknown;
        }

        var ranges = _before.Concat(_after).Select(r => r.Range).Where(r => r.IsIPv6 == net.IsIPv6).ToList();
        return ranges.TrueForAll(r => !net.Overlaps(r) || except.Any(e => e.Contains(r))) ? PodAddressHold.None
            : ranges.TrueForAll(r => net.Contains(r) && !except.Any(e => e.Overlaps(r))) ? PodAddressHold.All
            : PodAddressHold.Some;
    }

    /// <summary>What is to say about a network without some others; null when every address is in it, or no Pod's, now or later.</summary>
    public PolicyFinding? Check(Cidr net, IReadOnlyCollection<Cidr> except, string path)
    {
        if (net.PrefixLength == 0 && except.Count == 0)
        {
            return null;
        }

        if (_before.IsEmpty || _after.IsEmpty)
        {
            var missing = _before.IsEmpty ? "no IPPool and no Pod address" : "no Node's PodCIDR";
            return PolicyCode.AddressesUnknown.At(path, $"whether {net} holds Pod addresses cannot be told: {missing} in the input");
        }

        string? inside = null;
        string? outside = null;
        foreach (var (range, name) in _before.Concat(_after).Where(r => r.Range.IsIPv6 == net.IsIPv6))
        {
            var isOutside = !net.Overlaps(range) || except.Any(e => e.Contains(range));
            var isInside = net.Contains(range) && !except.Any(e => e.Overlaps(range));
            if (!isOutside && !isInside)
            {
                return PolicyCode.NetInPool.At(path, $"{net} holds a part of {name}; Pods there get other addresses");
            }

            inside = isInside ? inside ?? name : inside;
            outside = isOutside ? outside ?? name : outside;
        }

        if (inside is null)
        {
            return null;
        }

        return outside is null
            ? PolicyCode.NetCoversPods.At(path, $"{net} holds every Pod address, before and after the migration")
            : PolicyCode.NetInPool.At(path, $"{net} holds {inside} but not {outside}; Pods move from one to the other");
    }
}

/// <summary>How many of the addresses that Pods have, before and after the migration, something holds.</summary>
internal enum PodAddressHold
{
    None,
    Some,
    All,
    Unknown,
}
