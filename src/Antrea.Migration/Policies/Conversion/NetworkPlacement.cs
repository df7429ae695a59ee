using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;
using Antrea.Migration.Internal;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>The last look at a rule's networks: whether they keep their meaning when Pods move, and how the Antrea at hand takes them.</summary>
/// <remarks>Source: Antrea <c>pkg/controller/networkpolicy/validate.go</c>: <c>except</c> from v2.2 on; in egress a network is taken for multicast
/// when its first address is, and may then not stand beside others.</remarks>
internal sealed class NetworkPlacement(RuleContext context)
{
    /// <summary>How many networks, exceptions counted, one rule may have.</summary>
    public const int MaxNetworks = 4096;

    private static readonly ReleaseVersion FirstWithExcept = new(2, 2);
    private static readonly Cidr[] Multicast = [Cidr.Parse("224.0.0.0/4"), Cidr.Parse("ff00::/8")];

    /// <summary>The peers with their networks as Antrea takes them; null when a finding refuses.</summary>
    /// <param name="peers">The peers.</param>
    /// <param name="direction">The rule's direction.</param>
    /// <param name="path">The side's path.</param>
    /// <param name="findings">Gets what there is to say.</param>
    public PeerSet? Place(PeerSet peers, Direction direction, string path, ICollection<PolicyFinding> findings)
    {
        if (peers.Networks.IsEmpty)
        {
            return peers;
        }

        var isRefused = false;
        if (direction == Direction.Egress)
        {
            foreach (var network in peers.Networks.Where(n => IsMulticast(n.Net)))
            {
                Refuse(PolicyCode.MulticastNet.At(
                    PathOf(network.Net, peers, path), $"{network.Net} is multicast, which Antrea judges in a pipeline of its own"));
            }
        }

        var addresses = peers.Addresses();
        if (!isRefused && context.Addresses.Check(addresses, peers.Origins, path) is { } finding)
        {
            Refuse(finding);
        }
        else if (!isRefused && direction == Direction.Ingress && context.Addresses.HoldOf(addresses) == PodAddressHold.None
            && context.Addresses.NodeIn(addresses) is { } node)
        {
            var at = peers.Origins.FirstOrDefault(o => addresses.Overlaps(AddressRanges.Of([o.Net])));
            findings.Add(PolicyCode.NetHoldsNodes.At(
                at.Path ?? path, $"the rule's networks hold {node}; under Antrea that Node's processes reach Pods elsewhere from its gateway address"));
        }

        var networks = peers.Networks;
        if (context.AntreaVersion < FirstWithExcept && networks.Any(n => !n.Except.IsEmpty))
        {
            networks = [.. addresses.ToPrefixes().Take(MaxNetworks + 1).Select(p => new RulePeer.Network(p))];
            if (direction == Direction.Egress && networks.FirstOrDefault(n => IsMulticast(n.Net)) is { } split)
            {
                Refuse(PolicyCode.MulticastNet.At(path, $"without the networks left out, {split.Net} is one of what remains; Antrea before 2.2 takes it for multicast"));
            }
        }

        if (Count(networks) > MaxNetworks)
        {
            networks = [.. addresses.ToPrefixes().Take(MaxNetworks + 1).Select(p => new RulePeer.Network(p))];
        }

        if (Count(networks) > MaxNetworks)
        {
            Refuse(TooWide(path));
        }

        return isRefused ? null : peers with { Networks = networks };

        void Refuse(PolicyFinding problem)
        {
            findings.Add(problem);
            isRefused |= problem.Severity == Severity.Blocker;
        }
    }

    /// <summary>The refusal of a rule with more networks than it may have.</summary>
    public static PolicyFinding TooWide(string path) => PolicyCode.RuleTooWide.At(path, $"the rule needs more than {MaxNetworks} networks");

    private static int Count(ImmutableArray<RulePeer.Network> networks) => networks.Sum(n => 1 + n.Except.Length);

    private static bool IsMulticast(Cidr net) => Multicast.Any(m => m.Contains(net.FirstAddress));

    private static string PathOf(Cidr net, PeerSet peers, string path) =>
        peers.Origins.FirstOrDefault(o => o.Net.Contains(net)).Path ?? path;
}
