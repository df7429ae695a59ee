using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Turns Calico rules into flows: sets of atoms and boxes of services.</summary>
/// <remarks>Each criterion narrows the flows; see <see cref="CalicoRuleMatcher"/> for the same rule asked about one packet.</remarks>
internal sealed class CalicoRuleCompiler
{
    private static readonly ProtocolSet Icmps = ProtocolSet.Of(1) | ProtocolSet.Of(58);

    private readonly AddressSpace _space;
    private readonly CalicoEndpoints _endpoints;
    private readonly Dictionary<CalicoEndpoint, int> _pods = [];
    private readonly ILookup<string, CalicoEndpoint> _byPortName;
    private readonly Dictionary<(string Namespace, string Name), PolicyService> _services;
    private readonly Dictionary<SelectorExpression, AddressSet> _members = [];

    public CalicoRuleCompiler(AddressSpace space, CalicoEndpoints endpoints, PolicyWorld world)
    {
        _space = space;
        _endpoints = endpoints;
        foreach (var endpoint in endpoints.All.Where(e => e.Pod is not null))
        {
            _pods.Add(endpoint, _pods.Count);
        }

        _byPortName = endpoints.All.SelectMany(e => e.Ports.Select(p => p.Name).Distinct(), (e, name) => (e, name)).ToLookup(p => p.name, p => p.e, StringComparer.Ordinal);
        _services = world.Services.ToDictionary(s => (s.Namespace, s.Name));
    }

    /// <summary>The Pods that a policy governs, by their place in the space.</summary>
    public IEnumerable<int> Subjects(CalicoPolicy policy) =>
        _endpoints.Matching(CalicoScope.Subject(policy)).Where(e => e.Pod is not null).Select(e => _pods[e]);

    /// <summary>A rule that <see cref="CalicoLimits"/> does not object to.</summary>
    public CompiledRule Compile(CalicoRule rule, string policyNamespace, Direction direction)
    {
        var source = Side(rule, rule.Source, policyNamespace, isSource: true);
        var destination = Side(rule, rule.Destination, policyNamespace, isSource: false);
        var (own, peer) = direction == Direction.Ingress ? (destination, source) : (source, destination);
        var peers = Families(rule).Aggregate(_space.Sets.Empty, (set, family) => _space.Sets.Union(set, _space.Sets.Intersect(peer.Addresses, family)));
        var alternative = new FlowAlternative(
            own.Addresses == _space.All ? null : own.Addresses, peers, [.. Services(rule)], [.. own.Ports], [.. peer.Ports]);
        return new CompiledRule([alternative], direction)
        {
            Effect = rule.Action switch
            {
                CalicoAction.Allow => Effect.Allow,
                CalicoAction.Deny => Effect.Deny,
                CalicoAction.Pass => Effect.Skip,
                _ => throw new ArgumentException("Log decides nothing.", nameof(rule)),
            },
        };
    }

    private IEnumerable<AddressSet> Families(CalicoRule rule)
    {
        var isV4Only = rule.IPVersion == 4 || string.Equals(rule.Protocol?.Name, "ICMP", StringComparison.OrdinalIgnoreCase);
        var isV6Only = rule.IPVersion == 6 || string.Equals(rule.Protocol?.Name, "ICMPv6", StringComparison.OrdinalIgnoreCase);
        if (!isV6Only)
        {
            yield return _space.V4;
        }

        if (!isV4Only)
        {
            yield return _space.V6;
        }
    }

    private static IEnumerable<ServiceBox> Services(CalicoRule rule)
    {
        var protocols = rule.Protocol is { } protocol ? ProtocolSet.Of(protocol.Number) : ProtocolSet.All;
        if (rule.NotProtocol is { } not)
        {
            protocols &= ~ProtocolSet.Of(not.Number);
        }

        if (rule.Icmp is { Type: { } type } icmp)
        {
            yield return new ServiceBox(protocols & Icmps, [type, type + 1], icmp.Code is { } code ? [code, code + 1] : null);
        }
        else if (rule.NotIcmp is { Type: { } notType })
        {
            yield return new ServiceBox(protocols & Icmps, NumberRuns.Complement([notType, notType + 1]), null);
            yield return new ServiceBox(protocols & ~Icmps, null, null);
        }
        else
        {
            yield return new ServiceBox(protocols, null, null);
        }
    }

    private (AddressSet Addresses, List<PortTerm> Ports) Side(CalicoRule rule, CalicoEntity entity, string policyNamespace, bool isSource)
    {
        var sets = _space.Sets;
        var scope = CalicoScope.Side(entity, policyNamespace);
        var addresses = _space.All;
        if (!entity.Nets.IsEmpty)
        {
            addresses = sets.Union(Nets(entity.Nets).Select(_space.Of));
        }

        if (!entity.NotNets.IsEmpty)
        {
            var nets = Nets(entity.NotNets).ToList();

            // Without a network of the packet's family in a list, even of notNets, the rule does not apply to that family.
            foreach (var (family, isIPv6) in new[] { (_space.V4, false), (_space.V6, true) })
            {
                addresses = nets.Exists(n => n.IsIPv6 == isIPv6) ? addresses : sets.Except(addresses, family);
            }

            addresses = sets.Except(addresses, sets.Union(nets.Select(_space.Of)));
        }

        if (scope.Positive is { } positive)
        {
            addresses = sets.Intersect(addresses, Members(positive));
        }

        if (scope.Negative is { } negative)
        {
            addresses = sets.Except(addresses, Members(negative));
        }

        var ports = Ports(rule, entity, scope.Positive);
        if (entity.Services is { } reference)
        {
            var service = _services.GetValueOrDefault((reference.Namespace, reference.Name));
            if (isSource)
            {
                addresses = sets.Intersect(addresses, Hosts(service?.Addresses ?? []));
            }
            else
            {
                ports = [.. ports.SelectMany(_ => Endpoints(service), Intersect)];
            }
        }

        return (addresses, ports);
    }

    private static IEnumerable<Cidr> Nets(ImmutableArray<string> texts) =>
        texts.Select(t => CalicoNet.TryParse(t, out var net) ? net : throw new NotSupportedException($"'{t}' is no network"));

    /// <summary>The addresses that some object holds whose labels satisfy a selector.</summary>
    private AddressSet Members(SelectorExpression selector)
    {
        if (!_members.TryGetValue(selector, out var members))
        {
            members = AddressesOf(_endpoints.Matching(selector));
            _members.Add(selector, members);
        }

        return members;
    }

    private AddressSet AddressesOf(IEnumerable<CalicoEndpoint> endpoints)
    {
        var pods = new List<int>();
        var nets = _space.Sets.Empty;
        foreach (var endpoint in endpoints)
        {
            if (_pods.TryGetValue(endpoint, out var pod))
            {
                pods.Add(pod);
            }
            else
            {
                nets = _space.Sets.Union(nets, _space.Sets.Union(endpoint.Nets.Select(_space.Of)));
            }
        }

        return _space.Sets.Union(nets, _space.OfPods(pods));
    }

    private AddressSet Hosts(IEnumerable<IPAddress> addresses) =>
        _space.Sets.Union(addresses.Select(a => _space.Of(Cidr.Host(a))));

    private List<PortTerm> Ports(CalicoRule rule, CalicoEntity entity, SelectorExpression? positive)
    {
        List<PortTerm> terms = entity.Ports.IsEmpty ? [PortTerm.Any(_space)] : [.. Terms(rule, entity.Ports, positive)];
        foreach (var not in Terms(rule, entity.NotPorts, positive))
        {
            terms = [.. terms.SelectMany(t => Except(t, not))];
        }

        return [.. terms.Where(t => !t.Where.IsEmpty && !t.Protocols.IsEmpty)];
    }

    /// <summary>What a list of ports and names asks for. A name means what an object that the side selects gives it.</summary>
    private IEnumerable<PortTerm> Terms(CalicoRule rule, ImmutableArray<CalicoPort> ports, SelectorExpression? positive)
    {
        var numbers = ports.Where(p => p.Name is null).Select(p => (p.First, p.Last)).ToList();
        if (numbers.Count > 0)
        {
            yield return new PortTerm(_space.All, ProtocolSet.WithPorts, NumberRuns.Of(numbers));
        }

        var selected = positive is null ? null : _endpoints.Matching(positive);
        var named = ports.Where(p => p.Name is not null).Select(p => p.Name!).Distinct(StringComparer.Ordinal)
            .SelectMany(name => _byPortName[name]
                .Where(e => selected?.Contains(e) ?? true)
                .SelectMany(e => e.Ports.Where(p => p.Name == name), (e, port) => (e, port.Protocol, port.Number)))
            .Where(p => rule.Protocol is not { } protocol || protocol.Number == p.Protocol)
            .GroupBy(p => (p.Protocol, p.Number))
            .OrderBy(g => g.Key);
        foreach (var group in named)
        {
            yield return new PortTerm(
                AddressesOf(group.Select(p => p.e).Distinct()), ProtocolSet.Of(group.Key.Protocol), [group.Key.Number, group.Key.Number + 1]);
        }
    }

    private IEnumerable<PortTerm> Endpoints(PolicyService? service) => (service?.Endpoints ?? [])
        .GroupBy(e => (Protocol: IPProtocol.NumberOf(e.Protocol), e.Port))
        .Where(g => g.Key.Protocol != 0)
        .OrderBy(g => g.Key)
        .Select(g => new PortTerm(Hosts(g.Select(e => e.Address)), ProtocolSet.Of(g.Key.Protocol), [g.Key.Port, g.Key.Port + 1]));

    private PortTerm Intersect(PortTerm left, PortTerm right) => new(
        _space.Sets.Intersect(left.Where, right.Where), left.Protocols & right.Protocols, NumberRuns.Intersect(left.Ports, right.Ports));

    private IEnumerable<PortTerm> Except(PortTerm term, PortTerm not) =>
    [
        term with { Where = _space.Sets.Except(term.Where, not.Where) },
        new PortTerm(_space.Sets.Intersect(term.Where, not.Where), term.Protocols & ~not.Protocols, term.Ports),
        new PortTerm(
            _space.Sets.Intersect(term.Where, not.Where),
            term.Protocols & not.Protocols,
            NumberRuns.Intersect(term.Ports, NumberRuns.Complement(not.Ports ?? [0, NumberRuns.End]))),
    ];
}
