using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Turns rules of Antrea and Kubernetes policies into flows: sets of atoms and boxes of services.</summary>
/// <remarks>See <see cref="AntreaFlowRule"/> for the same rule asked about one packet.</remarks>
internal sealed class AntreaRuleCompiler
{
    private static readonly ProtocolSet Icmps = ProtocolSet.Of(1) | ProtocolSet.Of(58);

    private readonly AddressSpace _space;
    private readonly AntreaMembers _members;
    private readonly AntreaMembers _others;
    private readonly Dictionary<PolicyPod, int> _pods = new(ReferenceEqualityComparer.Instance);
    private readonly Dictionary<string, AddressSet> _namespaces = new(StringComparer.Ordinal);
    private readonly Dictionary<ImmutableArray<PolicyPod>, AddressSet> _known = [];
    private readonly Dictionary<(string Name, string Protocol), PortTerm[]> _named = [];

    public AntreaRuleCompiler(AddressSpace space, AntreaPolicySet set, PolicyWorld world)
    {
        _space = space;
        _members = new AntreaMembers(set, world);
        _others = new AntreaMembers(
            set, new PolicyWorld([], world.Namespaces) { Nodes = world.Nodes, Services = world.Services, ServiceAccounts = world.ServiceAccounts });
        foreach (var pod in world.Pods)
        {
            _pods.Add(pod, _pods.Count);
        }

        foreach (var group in _pods.GroupBy(p => p.Key.Namespace, StringComparer.Ordinal))
        {
            _namespaces.Add(group.Key, space.OfPods(group.Select(p => p.Value)));
        }
    }

    /// <summary>The Pods of an <c>appliedTo</c> entry, by their place in the space.</summary>
    public IEnumerable<int> Subjects(AntreaPeer entry, string @namespace) =>
        AntreaFlowRule.Subjects(entry, @namespace, _members).Select(p => _pods[p]);

    /// <summary>The Pods that a Kubernetes policy selects, by their place in the space.</summary>
    public IEnumerable<int> Subjects(KubernetesPolicy policy) => _members.Pods(policy.Namespace, policy.PodSelector, null).Select(p => _pods[p]);

    /// <summary>A rule with nothing in it that <see cref="AntreaUndecidable"/> objects to.</summary>
    public CompiledRule Compile(AntreaRule rule, string @namespace, Direction direction, Effect? effect = null)
    {
        var peers = rule.Peers.IsEmpty
            ? [(null, _space.All)]
            : rule.Peers.Where(p => p.Namespaces is not null).SelectMany(SameNamespaces)
                .Append((null, _space.Sets.Union(rule.Peers.Where(p => p.Namespaces is null).Select(p => Peers(p, @namespace)))));
        return new CompiledRule(
            [.. peers.SelectMany(p => Services(rule, direction).Select(s => new FlowAlternative(p.Own, p.Peers, s.Services, s.OwnPorts, s.PeerPorts)))],
            direction)
        {
            Effect = effect ?? EffectOf(rule.Action),
            IsAnswered = rule.Action == AntreaAction.Reject,
        };
    }

    public static Effect EffectOf(AntreaAction action) => action switch
    {
        AntreaAction.Allow => Effect.Allow,
        AntreaAction.Pass => Effect.Skip,
        _ => Effect.Deny,
    };

    private AddressSet Peers(AntreaPeer peer, string @namespace)
    {
        if (peer.Net is { } net)
        {
            return Net(net, peer.Except);
        }

        if (peer.Group is { } group)
        {
            return _space.Sets.Union(Of(_members.PodsOfGroup(@namespace, group)), Of(_others.AddressesOfGroup(@namespace, group)));
        }

        if (peer.ServiceAccount is { } serviceAccount)
        {
            return Of(_members.PodsOf(serviceAccount));
        }

        if (peer.NodeSelector is { } nodes)
        {
            return Of(_members.AddressesOfNodes(nodes));
        }

        return @namespace.Length == 0 && peer is { PodSelector: null, NamespaceSelector: null }
            ? _space.Sets.Empty
            : Of(_members.Pods(@namespace.Length == 0 ? null : @namespace, peer.PodSelector, peer.NamespaceSelector));
    }

    /// <summary>Peers that share the subject's Namespace, or values of its labels: an alternative for each kind of subject.</summary>
    private IEnumerable<(AddressSet? Own, AddressSet Peers)> SameNamespaces(AntreaPeer peer)
    {
        var labels = peer.Namespaces!.SameLabels;
        foreach (var group in _namespaces.Keys
            .Where(n => labels.All(_members.LabelsOf(n).ContainsKey))
            .GroupBy(n => labels.IsEmpty ? n : string.Join('\n', labels.Select(l => _members.LabelsOf(n)[l])), StringComparer.Ordinal))
        {
            yield return (
                _space.Sets.Union(group.Select(n => _namespaces[n])),
                _space.Sets.Union(group.Select(n => Of(_members.Pods(n, peer.PodSelector, null)))));
        }
    }

    private AddressSet Net(Cidr net, ImmutableArray<Cidr> except) =>
        _space.Sets.Except(_space.Of(net), _space.Sets.Union(except.Where(net.Overlaps).Select(_space.Of)));

    private AddressSet Of(ImmutableArray<PolicyPod> pods)
    {
        if (!_known.TryGetValue(pods, out var set))
        {
            set = _space.OfPods(pods.Select(p => _pods[p]));
            _known.Add(pods, set);
        }

        return set;
    }

    private AddressSet Of(AntreaAddresses addresses) => _space.Sets.Union(
        addresses.Members.Select(a => _space.Of(Cidr.Host(a))).Concat(addresses.Nets.Select(n => Net(n.Net, n.Except))));

    private IEnumerable<(ServiceBox[] Services, PortTerm[] OwnPorts, PortTerm[] PeerPorts)> Services(AntreaRule rule, Direction direction)
    {
        PortTerm[] any = [PortTerm.Any(_space)];
        var boxes = rule.Ports.Where(p => p.Name is null).Select(Box)
            .Concat(rule.Protocols.Where(p => !p.IsIgmp).Select(p => new ServiceBox(Icmps, One(p.Type), One(p.Code))))
            .ToArray();
        if (boxes.Length > 0 || (rule.Ports.IsEmpty && rule.Protocols.IsEmpty))
        {
            yield return (boxes.Length > 0 ? boxes : [ServiceBox.Any], any, any);
        }

        foreach (var port in rule.Ports.Where(p => p.Name is not null))
        {
            var named = Named(port.Name!, port.Protocol);
            yield return direction == Direction.Ingress ? ([ServiceBox.Any], named, any) : ([ServiceBox.Any], any, named);
        }
    }

    /// <summary>Antrea has no flow match for SCTP source ports: they are not looked at.</summary>
    private static ServiceBox Box(AntreaPort port) => new(
        ProtocolSet.Of(IPProtocol.NumberOf(port.Protocol)),
        Range(port.Port, port.EndPort),
        port.Protocol == "SCTP" ? null : Range(port.SourcePort, port.SourceEndPort));

    private static int[]? Range(int? first, int? last) =>
        first is { } from ? NumberRuns.Of([(from, last ?? from)]) : null;

    private static int[]? One(byte? value) => value is { } number ? [number, number + 1] : null;

    /// <summary>What Pods mean by a port's name: the first container that has it gives the number.</summary>
    private PortTerm[] Named(string name, string protocol)
    {
        if (!_named.TryGetValue((name, protocol), out var terms))
        {
            terms =
            [
                .. _pods.Keys
                    .Select(p => (Pod: p, Number: p.NamedPorts.FirstOrDefault(n => n.Name == name && n.Protocol == protocol)?.Number ?? 0))
                    .Where(p => p.Number is >= 1 and <= 65535)
                    .GroupBy(p => p.Number)
                    .OrderBy(g => g.Key)
                    .Select(g => new PortTerm(
                        _space.OfPods(g.Select(p => _pods[p.Pod])), ProtocolSet.Of(IPProtocol.NumberOf(protocol)), [g.Key, g.Key + 1])),
            ];
            _named.Add((name, protocol), terms);
        }

        return terms;
    }
}
