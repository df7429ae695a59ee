using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>One rule of an Antrea or Kubernetes policy, ready to be matched against flows of its subjects.</summary>
/// <remarks>Source: Antrea v1.14 to v2.7, <c>pkg/controller/networkpolicy/crd_utils.go</c> (peers), <c>pkg/agent/openflow/network_policy.go</c>
/// (ports: SCTP source ports have no flow match), <c>pkg/agent/controller/networkpolicy</c> (named ports).</remarks>
internal sealed class AntreaFlowRule
{
    private readonly AntreaRule _rule;
    private readonly Direction _direction;
    private readonly ImmutableArray<AntreaAddresses> _peers;
    private readonly ImmutableArray<Dictionary<string, AntreaAddresses>> _peersByNamespace;

    /// <param name="rule">The rule.</param>
    /// <param name="direction">The list it is in.</param>
    /// <param name="namespace">The Namespace that its selectors and groups are bound to; empty for none.</param>
    /// <param name="subjects">The Pods it applies to.</param>
    /// <param name="members">Who is who.</param>
    public AntreaFlowRule(
        AntreaRule rule, Direction direction, string @namespace, IEnumerable<PolicyPod> subjects, AntreaMembers members)
    {
        _rule = rule;
        _direction = direction;
        _peers = [.. rule.Peers.Where(p => p.Namespaces is null).Select(p => Resolve(p, @namespace, members))];
        _peersByNamespace = [.. rule.Peers.Where(p => p.Namespaces is not null).Select(p => ResolveByNamespace(p, subjects, members))];
    }

    public AntreaAction Action => _rule.Action;

    /// <summary>Whether the flow is one of the rule's. Absent peers are anybody; peers that resolve to nothing are nobody.</summary>
    public bool Matches(Traffic traffic, PolicyPod subject) =>
        MatchesPeer((_direction == Direction.Ingress ? traffic.Source : traffic.Destination).Address, subject) && MatchesService(traffic);

    /// <summary>The Pods of an <c>appliedTo</c> entry. Networks and groups of networks select none.</summary>
    public static ImmutableArray<PolicyPod> Subjects(AntreaPeer entry, string @namespace, AntreaMembers members)
    {
        if (entry.Group is { } group)
        {
            return members.PodsOfGroup(@namespace, group);
        }

        if (entry.ServiceAccount is { } serviceAccount)
        {
            return members.PodsOf(serviceAccount);
        }

        return @namespace.Length == 0 && entry is { PodSelector: null, NamespaceSelector: null }
            ? []
            : members.Pods(@namespace.Length == 0 ? null : @namespace, entry.PodSelector, entry.NamespaceSelector);
    }

    private static AntreaAddresses Resolve(AntreaPeer peer, string @namespace, AntreaMembers members)
    {
        if (peer.Net is { } net)
        {
            return AntreaAddresses.Of(net, peer.Except);
        }

        if (peer.Group is { } group)
        {
            return members.AddressesOfGroup(@namespace, group);
        }

        if (peer.ServiceAccount is { } serviceAccount)
        {
            return AntreaMembers.AddressesOf(members.PodsOf(serviceAccount));
        }

        if (peer.NodeSelector is { } nodes)
        {
            return members.AddressesOfNodes(nodes);
        }

        return @namespace.Length == 0 && peer is { PodSelector: null, NamespaceSelector: null }
            ? AntreaAddresses.None
            : members.AddressesOf(@namespace.Length == 0 ? null : @namespace, peer.PodSelector, peer.NamespaceSelector);
    }

    /// <summary>The peers of the subjects of each Namespace. A Namespace that lacks one of the labels has none.</summary>
    private static Dictionary<string, AntreaAddresses> ResolveByNamespace(
        AntreaPeer peer, IEnumerable<PolicyPod> subjects, AntreaMembers members)
    {
        var labels = peer.Namespaces!.SameLabels;
        var own = subjects.Select(p => p.Namespace).Distinct(StringComparer.Ordinal);
        if (labels.IsEmpty)
        {
            return own.ToDictionary(n => n, n => members.AddressesOf(n, peer.PodSelector, null), StringComparer.Ordinal);
        }

        var alike = members.Namespaces
            .Select(n => (Name: n, Values: ValuesOf(n)))
            .Where(n => n.Values is not null)
            .ToLookup(n => n.Values!, n => n.Name, StringComparer.Ordinal);
        return own.ToDictionary(
            n => n,
            n => AntreaMembers.AddressesOf((ValuesOf(n) is { } values ? alike[values] : []).SelectMany(m => members.Pods(m, peer.PodSelector, null))),
            StringComparer.Ordinal);

        string? ValuesOf(string name)
        {
            var given = members.LabelsOf(name);
            return labels.All(given.ContainsKey) ? string.Join('\n', labels.Select(l => given[l])) : null;
        }
    }

    private bool MatchesPeer(IPAddress address, PolicyPod subject) =>
        _rule.Peers.IsEmpty
        || _peers.Any(p => p.Contains(address))
        || _peersByNamespace.Any(p => p.TryGetValue(subject.Namespace, out var peers) && peers.Contains(address));

    private bool MatchesService(Traffic traffic) =>
        (_rule.Ports.IsEmpty && _rule.Protocols.IsEmpty)
        || _rule.Ports.Any(p => Matches(p, traffic))
        || _rule.Protocols.Any(p => Matches(p, traffic));

    private static bool Matches(AntreaPort port, Traffic traffic)
    {
        if (port.Protocol != traffic.Protocol.ToString())
        {
            return false;
        }

        if (port.Name is { } name)
        {
            // The first container that has the name gives the number; source ports beside a name get lost.
            return traffic.Destination.Pod?.NamedPorts.FirstOrDefault(p => p.Name == name && p.Protocol == port.Protocol) is { } named
                && named.Number == traffic.DestinationPort;
        }

        return InRange(port.Port, port.EndPort, traffic.DestinationPort)
            && (port.Protocol == "SCTP" || InRange(port.SourcePort, port.SourceEndPort, traffic.SourcePort));
    }

    /// <summary>Antrea writes ICMP for both families, with the same numbers.</summary>
    private static bool Matches(AntreaProtocol protocol, Traffic traffic) =>
        !protocol.IsIgmp
        && (traffic.Protocol == IPProtocol.Icmp || traffic.Protocol == IPProtocol.IcmpV6)
        && (protocol.Type is null || protocol.Type == traffic.Icmp?.Type)
        && (protocol.Code is null || protocol.Code == traffic.Icmp?.Code);

    private static bool InRange(int? first, int? last, int value) => first is null || (value >= first && value <= (last ?? first));

    /// <summary>A rule's name, or its place for one without.</summary>
    public static string NameOf(AntreaRule rule, int index) =>
        rule.Name.Length > 0 ? rule.Name : string.Create(CultureInfo.InvariantCulture, $"#{index + 1}");

    /// <summary>A Kubernetes rule as Antrea's controller translates it.</summary>
    public static AntreaRule Of(KubernetesRule rule) => new(
        "",
        AntreaAction.Allow,
        [.. rule.Peers.Select(p => new AntreaPeer(p.Net, p.PodSelector, p.NamespaceSelector) { Except = p.Except })],
        [.. rule.Ports.Select(p => new AntreaPort(p.Protocol, p.First, p.Last, null, null) { Name = p.Name })]);
}
