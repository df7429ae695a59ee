using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;
using CsCheck;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Intersections of matches, against the plain question whether both match.</summary>
public sealed class RuleMatchTests
{
    private static readonly PolicyCluster Cluster = PolicyCluster.Examples();
    private static readonly PolicyWorld World = PolicyWorld.From(Cluster.Snapshot);

    private static readonly RuleContext Context = new(
        Cluster.Snapshot, World, CalicoPolicySet.Read(Cluster.Snapshot, new ReleaseVersion(3, 26)), new ReleaseVersion(2, 7));

    private static readonly Gen<SelectorTerm> Term = SelectorGen.OnPodsAndNamespaces.Select(e => Context.Selectors.Compile(e).Terms.FirstOrDefault(SelectorTerm.Everything));

    private static readonly Gen<RulePeer> Peer = Gen.OneOf(
        Term.Select(t => (RulePeer)new RulePeer.Pods(t)),
        Gen.OneOf("192.0.2.0/24", "192.0.2.128/25", "10.0.0.0/8", "0.0.0.0/0").Select(n => (RulePeer)new RulePeer.Network(Cidr.Parse(n))),
        Gen.Const((RulePeer)new RulePeer.Network(Cidr.Parse("192.0.2.0/24"), [Cidr.Parse("192.0.2.64/26")])),
        Gen.Const((RulePeer)new RulePeer.Network(Cidr.Parse("0.0.0.0/0"), [Cidr.Parse("192.0.2.0/25")])));

    private static readonly Gen<AntreaPort> Port = Gen.Select(
        Gen.OneOf("TCP", "UDP"), Gen.Int[0, 4], Gen.Int[0, 3], Gen.Int[0, 4], Gen.Int[0, 3], (protocol, to, toMore, from, fromMore) =>
            new AntreaPort(protocol, Or(to), End(to, toMore), Or(from), End(from, fromMore)));

    private static readonly Gen<RuleMatch> Match = Gen.Select(
        Term.Array[0, 2], Peer.Array[0, 3], Port.Array[0, 2], Gen.OneOf(null, new AntreaProtocol(false, null, null), new AntreaProtocol(false, 8, null)),
        (subjects, peers, ports, icmp) => new RuleMatch
        {
            Subjects = [.. subjects],
            Peers = [.. peers],
            Ports = [.. ports],
            Protocols = icmp is null ? [] : [icmp],
        });

    private static readonly ImmutableArray<IPAddress> Addresses =
    [
        .. World.Pods.Select(p => p.Addresses[0]),
        .. new[] { "192.0.2.1", "192.0.2.65", "192.0.2.129", "203.0.113.7", "10.200.0.1" }.Select(IPAddress.Parse),
    ];

    [Test]
    public void Intersect_AnyTwoMatches_MatchesWhatBothMatch()
    {
        var expressible = 0;
        Gen.Select(Match, Match).Sample(
            (left, right) =>
            {
                var both = RuleMatch.Intersect(left, right, Context);
                if (both is RuleIntersection.Inexpressible)
                {
                    return true;
                }

                Interlocked.Increment(ref expressible);
                var match = (both as RuleIntersection.Some)?.Match;
                return World.Pods.All(subject => Addresses.All(peer => Packets().All(packet =>
                    (match is not null && Matches(match, subject, peer, packet))
                    == (Matches(left, subject, peer, packet) && Matches(right, subject, peer, packet)))));
            },
            iter: 3_000);
        Assert.That(expressible, Is.GreaterThan(2_000), "intersections that could be compared");
    }

    [Test]
    public void Intersect_SelectorAndNetworkWithSomePods_IsInexpressible()
    {
        var pods = new RuleMatch { Peers = [new RulePeer.Pods(SelectorTerm.InNamespace("shop"))] };
        var network = new RuleMatch { Peers = [new RulePeer.Network(Cidr.Parse("10.10.1.0/24"))] };
        Assert.That(RuleMatch.Intersect(pods, network, Context), Is.InstanceOf<RuleIntersection.Inexpressible>());
    }

    [Test]
    public void Intersect_NamedPorts_MeetOnlyThemselvesAndWholeProtocols()
    {
        var named = new RuleMatch { Ports = [new AntreaPort("TCP", null, null, null, null) { Name = "http" }] };
        var number = new RuleMatch { Ports = [new AntreaPort("TCP", 80, null, null, null)] };
        var protocol = new RuleMatch { Ports = [new AntreaPort("TCP", null, null, null, null)] };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(RuleMatch.Intersect(named, named, Context), Is.EqualTo(new RuleIntersection.Some(named)).Using<RuleIntersection>(SamePorts));
            Assert.That(RuleMatch.Intersect(protocol, named, Context), Is.EqualTo(new RuleIntersection.Some(named)).Using<RuleIntersection>(SamePorts));
            Assert.That(RuleMatch.Intersect(named, number, Context), Is.InstanceOf<RuleIntersection.Inexpressible>());
        }
    }

    private static bool SamePorts(RuleIntersection left, RuleIntersection right) =>
        left is RuleIntersection.Some a && right is RuleIntersection.Some b && a.Match.Ports.SequenceEqual(b.Match.Ports);

    private static bool Matches(RuleMatch match, PolicyPod subject, IPAddress peer, (string Protocol, int From, int To) packet) =>
        (match.Subjects.IsEmpty || match.Subjects.Any(t => Selects(t, subject)))
        && (match.Peers.IsEmpty || match.Peers.Any(p => p switch
        {
            RulePeer.Network network => network.Net.Contains(peer) && !network.Except.Any(e => e.Contains(peer)),
            RulePeer.Pods pods => World.Pods.Any(pod => pod.Addresses.Contains(peer) && Selects(pods.Term, pod)),
            _ => false,
        }))
        && ((match.Ports.IsEmpty && match.Protocols.IsEmpty)
            || match.Ports.Any(p => p.Protocol == packet.Protocol && In(p.Port, p.EndPort, packet.To) && In(p.SourcePort, p.SourceEndPort, packet.From))
            || (packet.Protocol == "ICMP" && match.Protocols.Any(p => p.Type is null || p.Type == packet.To)));

    private static bool Selects(SelectorTerm term, PolicyPod pod) =>
        term.ToPodSelector().Matches(pod.Labels) && term.ToNamespaceSelector().Matches(World.LabelsOf(pod.Namespace));

    private static bool In(int? first, int? last, int port) => first is null || (port >= first && port <= (last ?? first));

    /// <summary>Every protocol and pair of small ports; an ICMP type stands in the place of a port.</summary>
    private static IEnumerable<(string Protocol, int From, int To)> Packets()
    {
        foreach (var to in new[] { 1, 2, 3, 4, 5, 6, 7 })
        {
            foreach (var from in new[] { 1, 4, 7 })
            {
                yield return ("TCP", from, to);
                yield return ("UDP", from, to);
            }
        }

        yield return ("ICMP", 0, 8);
        yield return ("ICMP", 0, 13);
        yield return ("SCTP", 1, 1);
    }

    private static int? Or(int port) => port == 0 ? null : port;

    private static int? End(int port, int more) => port == 0 || more == 0 ? null : port + more;
}
