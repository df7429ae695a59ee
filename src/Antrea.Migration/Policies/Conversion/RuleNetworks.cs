using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>The networks that one side of a rule names: <c>nets</c> without <c>notNets</c>, each with its path.</summary>
/// <remarks>Calico looks at a rule once for each address family: entries of the other family are dropped, and a list that is empty after that,
/// be it <c>notNets</c>, makes the rule not apply to the family. Source: Calico <c>felix/rules/policy.go</c>.</remarks>
internal sealed class RuleNetworks
{
    private static readonly RuleNetworks None = new([], []);

    private RuleNetworks(ImmutableArray<(Cidr Net, string Path)> nets, ImmutableArray<(Cidr Net, string Path)> notNets)
    {
        Nets = nets;
        NotNets = notNets;
    }

    public ImmutableArray<(Cidr Net, string Path)> Nets { get; }

    public ImmutableArray<(Cidr Net, string Path)> NotNets { get; }

    /// <summary>Whether the side names any.</summary>
    public bool IsGiven => !Nets.IsEmpty || !NotNets.IsEmpty;

    /// <summary>Every network with its path.</summary>
    public ImmutableArray<(Cidr Net, string Path)> Origins => [.. Nets, .. NotNets];

    public static RuleNetworks Read(CalicoEntity entity, string path, ICollection<PolicyFinding> findings) =>
        entity.Nets.IsEmpty && entity.NotNets.IsEmpty
            ? None
            : new(Read(entity.Nets, $"{path}.nets", findings), Read(entity.NotNets, $"{path}.notNets", findings));

    /// <summary>Whether the rule applies to a family at all, as far as this side is concerned.</summary>
    public bool AppliesTo(bool isIPv6) =>
        (Nets.IsEmpty || Nets.Any(n => n.Net.IsIPv6 == isIPv6))
        && (NotNets.IsEmpty || NotNets.Any(n => n.Net.IsIPv6 == isIPv6))
        && !NotNets.Any(n => n.Net.IsIPv6 == isIPv6 && n.Net.PrefixLength == 0);

    /// <summary>The addresses that the side takes, of some families.</summary>
    public AddressRanges Addresses(AddressFamilies families) =>
        AddressRanges.Of(Bases(families)).Except(AddressRanges.Of(NotNets.Select(n => n.Net)));

    /// <summary>The networks of some families, with what they leave out: everything where the side names none.</summary>
    /// <param name="families">The families.</param>
    /// <param name="alsoWithout">Networks to leave out besides.</param>
    public ImmutableArray<RulePeer.Network> ToPeers(AddressFamilies families, IEnumerable<Cidr> alsoWithout) =>
        Cut(Bases(families), NotNets.Select(n => n.Net).Concat(alsoWithout));

    /// <summary>What other networks of some families have in common with those of the side.</summary>
    public ImmutableArray<RulePeer.Network> Meet(IReadOnlyCollection<Cidr> others, AddressFamilies families)
    {
        if (!IsGiven && others.Count > NetworkPlacement.MaxNetworks)
        {
            return [.. others.Take(NetworkPlacement.MaxNetworks + 1).Select(o => new RulePeer.Network(o))];
        }

        var own = Table(Bases(families));
        return Cut(
            others.SelectMany(o => own.Overlapping(o).Select(e => e.Cidr.Contains(o) ? o : e.Cidr)),
            NotNets.Select(n => n.Net));
    }

    /// <summary>Networks, those in another one left out, each without others.</summary>
    private static ImmutableArray<RulePeer.Network> Cut(IEnumerable<Cidr> bases, IEnumerable<Cidr> without)
    {
        var cut = Table(without);
        var peers = ImmutableArray.CreateBuilder<RulePeer.Network>();
        foreach (var net in Outermost(bases.Order()))
        {
            var inside = cut.Overlapping(net).Select(e => e.Cidr);
            if (!inside.Any(e => e.Contains(net)))
            {
                peers.Add(new RulePeer.Network(net, [.. Outermost(inside)]));
            }
        }

        return peers.ToImmutable();
    }

    /// <summary>Networks in order, without those that lie in another one.</summary>
    private static IEnumerable<Cidr> Outermost(IEnumerable<Cidr> sorted)
    {
        Cidr? last = null;
        foreach (var net in sorted)
        {
            if (last is not { } outer || !outer.Contains(net))
            {
                last = net;
                yield return net;
            }
        }
    }

    private IEnumerable<Cidr> Bases(AddressFamilies families) =>
        Nets.IsEmpty ? families.Everything() : Nets.Select(n => n.Net).Where(families.Has);

    private static CidrTable<bool> Table(IEnumerable<Cidr> nets) => new(nets.Select(n => new CidrEntry<bool>(n, true)));

    private static ImmutableArray<(Cidr Net, string Path)> Read(ImmutableArray<string> texts, string path, ICollection<PolicyFinding> findings)
    {
        var nets = ImmutableArray.CreateBuilder<(Cidr, string)>(texts.Length);
        for (var i = 0; i < texts.Length; i++)
        {
            var at = string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]");
            if (CalicoNet.TryParse(texts[i], out var net))
            {
                nets.Add((net, at));
            }
            else
            {
                findings.Add(PolicyCode.NetInvalid.At(at, $"'{texts[i]}' is no network"));
            }
        }

        return nets.ToImmutable();
    }
}
