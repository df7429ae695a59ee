using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Where Pods' addresses lie before the migration (Calico's pools) and after it (the Nodes' PodCIDRs). Networks in a rule
/// keep their meaning only when together they hold all of them or none.</summary>
internal sealed class PodAddressRanges
{
    private static readonly AddressRanges AllIPv4 = AddressRanges.Of([Cidr.Parse("0.0.0.0/0")]);
    private static readonly AddressRanges AllIPv6 = AddressRanges.Of([Cidr.Parse("::/0")]);

    private readonly ClusterSnapshot _snapshot;
    private readonly AddressRanges _all;
    private readonly AddressRanges _ofIPv4;
    private readonly AddressRanges _ofIPv6;
    private readonly bool _isKnown;
    private readonly bool _isBeforeKnown;

    public PodAddressRanges(ClusterSnapshot snapshot)
    {
        _snapshot = snapshot;
        var before = Before().Select(r => r.Range).ToList();
        var after = After().Select(r => r.Range).ToList();
        _isBeforeKnown = before.Count > 0;
        _isKnown = _isBeforeKnown && after.Count > 0;
        _all = AddressRanges.Of(before.Concat(after));
        _ofIPv4 = _all.OfFamily(isIPv6: false);
        _ofIPv6 = _all.OfFamily(isIPv6: true);
    }

    /// <summary>The first Node whose own address is among these, with that address; null when there is none.</summary>
    public string? NodeIn(AddressRanges addresses) =>
        _snapshot.Nodes
            .SelectMany(n => n.InternalIPs.Where(addresses.Contains).Select(ip => $"Node {n.Name} ({ip})"))
            .FirstOrDefault();

    /// <summary>How many of the Pod addresses of the families that occur in a set the set holds.</summary>
    public PodAddressHold HoldOf(AddressRanges addresses)
    {
        var holds = new[] { false, true }
            .Select(isIPv6 => (Set: addresses.OfFamily(isIPv6), Everything: Everything(isIPv6), Pods: isIPv6 ? _ofIPv6 : _ofIPv4))
            .Where(f => !f.Set.IsEmpty)
            .Select(f => f.Set.Contains(f.Everything) ? PodAddressHold.All
                : !_isKnown ? PodAddressHold.Unknown
                : !f.Set.Overlaps(f.Pods) ? PodAddressHold.None
                : f.Set.Contains(f.Pods) ? PodAddressHold.All
                : PodAddressHold.Some)
            .Distinct()
            .ToList();
        return holds.Count switch
        {
            0 => PodAddressHold.None,
            1 => holds[0],
            _ => holds.Contains(PodAddressHold.Unknown) ? PodAddressHold.Unknown : PodAddressHold.Some,
        };
    }

    /// <summary>What is to say about a network without some others; null when every address is in it, or no Pod's, now or later.</summary>
    public PolicyFinding? Check(Cidr net, IEnumerable<Cidr> except, string path) =>
        Check(AddressRanges.Of([net]).Except(AddressRanges.Of(except)), [(net, path)], path);

    /// <summary>What is to say about addresses that a rule matches; null when they are all there are, or no Pod's, now or later.</summary>
    /// <param name="addresses">The addresses.</param>
    /// <param name="origins">The networks that they come from, or that cut them out, with their paths.</param>
    /// <param name="path">Where to report what concerns none of the origins.</param>
    public PolicyFinding? Check(AddressRanges addresses, IReadOnlyCollection<(Cidr Net, string Path)> origins, string path)
    {
        foreach (var isIPv6 in new[] { false, true })
        {
            var set = addresses.OfFamily(isIPv6);
            var hold = HoldOf(set);
            if (hold is PodAddressHold.Some or PodAddressHold.Unknown || (hold == PodAddressHold.All && !set.Contains(Everything(isIPv6))))
            {
                var own = origins.Where(o => o.Net.IsIPv6 == isIPv6).ToList();
                var origin = own.Find(o => AddressRanges.Of([o.Net]).Overlaps(_all));
                var (net, at) = origin.Path is not null ? origin : own.Count > 0 ? own[0] : (set.ToPrefixes().First(), path);
                return Describe(set, hold, net, at);
            }
        }

        return null;
    }

    private PolicyFinding Describe(AddressRanges set, PodAddressHold hold, Cidr net, string path)
    {
        if (hold == PodAddressHold.Unknown)
        {
            var missing = _isBeforeKnown ? "no Node's PodCIDR" : "no IPPool and no Pod address";
            return PolicyCode.AddressesUnknown.At(path, $"whether {net} holds Pod addresses cannot be told: {missing} in the input");
        }

        var what = set.Contains(AddressRanges.Of([net])) || set.Intersect(AddressRanges.Of([net])).Overlaps(_all) ? $"{net}" : $"what is left without {net}";
        if (hold == PodAddressHold.All)
        {
            return PolicyCode.NetCoversPods.At(path, $"{what} holds every Pod address, before and after the migration");
        }

        string? inside = null;
        string? outside = null;
        foreach (var (range, name) in Before().Concat(After()).Where(r => r.Range.IsIPv6 == net.IsIPv6))
        {
            var one = AddressRanges.Of([range]);
            var isInside = set.Contains(one);
            if (!isInside && set.Overlaps(one))
            {
                return PolicyCode.NetInPool.At(path, $"{what} holds a part of {name}; Pods there get other addresses");
            }

            inside = isInside ? inside ?? name : inside;
            outside = isInside ? outside : outside ?? name;
        }

        return PolicyCode.NetInPool.At(path, $"{what} holds {inside} but not {outside}; Pods move from one to the other");
    }

    private IEnumerable<(Cidr Range, string Name)> Before() => _snapshot.CalicoIpam.Pools
        .Select(p => (p.Cidr, $"IPPool {p.Name} ({p.Cidr})"))
        .Concat(_snapshot.Pods.Where(p => !p.HostNetwork && !p.HasEnded)
            .SelectMany(p => p.PodIPs.Select(ip => (Cidr.Host(ip), $"Pod {p} ({ip})"))));

    private IEnumerable<(Cidr Range, string Name)> After() =>
        _snapshot.Nodes.SelectMany(n => n.PodCidrs.Select(c => (c, $"the PodCIDR of Node {n.Name} ({c})")));

    private static AddressRanges Everything(bool isIPv6) => isIPv6 ? AllIPv6 : AllIPv4;
}

/// <summary>How many of the addresses that Pods have, before and after the migration, something holds.</summary>
internal enum PodAddressHold
{
    None,
    Some,
    All,
    Unknown,
}
