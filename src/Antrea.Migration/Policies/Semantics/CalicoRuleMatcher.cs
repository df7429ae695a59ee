using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>One rule of a Calico policy, with its selectors turned into sets of endpoints.</summary>
/// <remarks>
/// A rule matches when each of its criteria does. It is first reduced to the packet's address family: networks of the other family
/// are dropped, and a list that is empty after that, be it of notNets, makes the rule not apply at all.
/// Source: Calico <c>felix/calc/rule_scanner.go</c>, <c>felix/rules/policy.go</c>, v3.26 to v3.33. <c>http</c> is not looked at: Felix does not.
/// </remarks>
internal sealed class CalicoRuleMatcher
{
    private readonly CalicoRule _rule;
    private readonly Side _source;
    private readonly Side _destination;

    /// <param name="rule">A rule that <see cref="CalicoLimits"/> does not object to.</param>
    /// <param name="policyNamespace">The policy's Namespace; empty for a GlobalNetworkPolicy.</param>
    /// <param name="endpoints">Whom selectors can select.</param>
    /// <param name="services">The Services by Namespace and name.</param>
    public CalicoRuleMatcher(
        CalicoRule rule,
        string policyNamespace,
        CalicoEndpoints endpoints,
        IReadOnlyDictionary<(string Namespace, string Name), PolicyService> services)
    {
        _rule = rule;
        _source = new Side(rule.Source, isSource: true, policyNamespace, endpoints, services);
        _destination = new Side(rule.Destination, isSource: false, policyNamespace, endpoints, services);
    }

    public bool Matches(CalicoPacket packet) =>
        AppliesToFamily(packet.IsIPv6)
        && MatchesProtocol(packet.Traffic)
        && (_rule.Icmp is not { } icmp || Matches(icmp, packet.Traffic.Icmp))
        && (_rule.NotIcmp is not { } notIcmp || notIcmp is { Type: null, Code: null } || !Matches(notIcmp, packet.Traffic.Icmp))
        && _source.Matches(packet)
        && _destination.Matches(packet);

    private bool AppliesToFamily(bool isIPv6)
    {
        // The names of ICMP imply a family; the numbers do not, and neither does notProtocol.
        int? implied = _rule.Protocol is not { Name: { } name } ? null
            : name.Equals("ICMP", StringComparison.OrdinalIgnoreCase) ? 4
            : name.Equals("ICMPv6", StringComparison.OrdinalIgnoreCase) ? 6
            : null;
        var family = isIPv6 ? 6 : 4;
        return (_rule.IPVersion ?? family) == family
            && (implied ?? family) == family
            && _source.AppliesToFamily(isIPv6)
            && _destination.AppliesToFamily(isIPv6);
    }

    private bool MatchesProtocol(Traffic traffic) =>
        (_rule.Protocol is not { } protocol || protocol.Number == traffic.Protocol.Number)
        && (_rule.NotProtocol is not { } not || not.Number != traffic.Protocol.Number);

    /// <summary>A packet whose message is not known matches no type.</summary>
    private static bool Matches(CalicoIcmp icmp, IcmpMessage? message) =>
        (icmp.Type is null || icmp.Type == message?.Type) && (icmp.Code is null || icmp.Code == message?.Code);

    /// <summary>One side of the rule.</summary>
    private sealed class Side
    {
        private readonly CalicoEntity _entity;
        private readonly bool _isSource;
        private readonly ImmutableArray<Cidr> _nets;
        private readonly ImmutableArray<Cidr> _notNets;
        private readonly IReadOnlySet<CalicoEndpoint>? _positive;
        private readonly IReadOnlySet<CalicoEndpoint>? _negative;
        private readonly FrozenSet<IPAddress>? _serviceAddresses;
        private readonly FrozenSet<ServiceEndpoint>? _servicePorts;

        public Side(
            CalicoEntity entity,
            bool isSource,
            string policyNamespace,
            CalicoEndpoints endpoints,
            IReadOnlyDictionary<(string Namespace, string Name), PolicyService> services)
        {
            _entity = entity;
            _isSource = isSource;
            _nets = ParseAll(entity.Nets);
            _notNets = ParseAll(entity.NotNets);
            var scope = CalicoScope.Side(entity, policyNamespace);
            _positive = scope.Positive is { } positive ? endpoints.Matching(positive) : null;
            _negative = scope.Negative is { } negative ? endpoints.Matching(negative) : null;
            if (entity.Services is { } reference)
            {
                // An empty Namespace is looked up as it is, and no Service has one.
                var service = services.GetValueOrDefault((reference.Namespace, reference.Name));
                _serviceAddresses = isSource ? (service?.Addresses ?? []).ToFrozenSet() : null;
                _servicePorts = isSource ? null : (service?.Endpoints ?? []).ToFrozenSet();
            }
        }

        public bool AppliesToFamily(bool isIPv6) =>
            (_nets.IsEmpty || _nets.Any(n => n.IsIPv6 == isIPv6)) && (_notNets.IsEmpty || _notNets.Any(n => n.IsIPv6 == isIPv6));

        public bool Matches(CalicoPacket packet)
        {
            var (address, port, holders) = packet.End(_isSource);
            var protocol = packet.Traffic.Protocol;
            return (_nets.IsEmpty || _nets.Any(n => n.Contains(address)))
                && !_notNets.Any(n => n.Contains(address))
                && (_positive is null || holders.Any(_positive.Contains))
                && (_negative is null || !holders.Any(_negative.Contains))
                && (_entity.Ports.IsEmpty || Hits(_entity.Ports, protocol, port, holders))
                && !Hits(_entity.NotPorts, protocol, port, holders)
                && (_serviceAddresses?.Contains(address) ?? true)
                && (_servicePorts?.Contains(new ServiceEndpoint(address, protocol.ToString(), port)) ?? true);
        }

        /// <summary>Whether a port is in a list: by number, or by a name that one of the address's holders, if the side selects it, declares so.</summary>
        private bool Hits(
            ImmutableArray<CalicoPort> ports, IPProtocol protocol, int port, ImmutableArray<CalicoEndpoint> holders) =>
            ports.Any(p => p.Name is not { } name
                ? port >= p.First && port <= p.Last
                : holders.Any(h => (_positive?.Contains(h) ?? true) && h.Ports.Contains(new CalicoNamedPort(name, protocol.Number, port))));

        private static ImmutableArray<Cidr> ParseAll(ImmutableArray<string> texts) =>
        [
            .. texts.Select(t => CalicoNet.TryParse(t, out var net)
                ? net
                : throw new NotSupportedException($"'{t}' is no network, and what Calico does with it depends on its release")),
        ];
    }
}
