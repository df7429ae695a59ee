using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Names what makes a rule no rule: Calico leaves the whole policy out, or its releases and dataplanes disagree about the meaning.</summary>
/// <remarks>Sources: Calico <c>typha/pkg/validator/v1</c>, <c>libcalico-go/lib/validator/v3</c>, <c>felix/rules</c>.</remarks>
internal static class RuleFeatures
{
    private static readonly ReleaseVersion NamedPortsWithoutProtocol = new(3, 32);

    /// <summary>The findings, in the rule's order.</summary>
    public static IEnumerable<PolicyFinding> Check(CalicoRule rule, Direction direction, int index, ReleaseVersion version)
    {
        var path = SupportedFeatures.PathOf(direction, index);
        foreach (var (protocol, field) in new[] { (rule.Protocol, "protocol"), (rule.NotProtocol, "notProtocol") })
        {
            if (protocol is { Number: 0 } unknown)
            {
                yield return PolicyCode.Protocol.At($"{path}.{field}", $"Calico does not know the protocol {unknown}");
            }
        }

        if (rule.Icmp is { } icmp && (rule.Protocol is not { Number: 1 or 58 } || icmp is { Type: null, Code: not null }))
        {
            yield return PolicyCode.Icmp.At($"{path}.icmp", "icmp asks for protocol ICMP or ICMPv6, and a code for a type");
        }

        foreach (var (entity, side, isPeer) in new[]
        {
            (rule.Source, "source", direction == Direction.Ingress), (rule.Destination, "destination", direction == Direction.Egress),
        })
        {
            foreach (var (ports, field) in new[] { (entity.Ports, "ports"), (entity.NotPorts, "notPorts") })
            {
                var canHavePorts = rule.Protocol is { } given
                    ? new IPProtocol(given.Number).HasPorts
                    : version >= NamedPortsWithoutProtocol && ports.All(p => p.Name is not null);
                if (!ports.IsEmpty && !canHavePorts)
                {
                    yield return PolicyCode.PortsWithoutProtocol.At(
                        $"{path}.{side}.{field}", "ports without protocol TCP, UDP or SCTP; Calico leaves the whole policy out");
                }
            }

            if (entity.Services is not null && (!isPeer || entity.Services.Name.Length == 0 || HasMoreThanServices(rule, entity, side == "destination")))
            {
                yield return PolicyCode.Services.At(
                    $"{path}.{side}.services", "Calico takes a Service at the other end alone, by its name, and for a destination without ports");
            }
        }
    }

    private static bool HasMoreThanServices(CalicoRule rule, CalicoEntity entity, bool isDestination) =>
        entity.Selector is not null || entity.NotSelector is not null || entity.NamespaceSelector is not null || entity.ServiceAccounts is not null
        || !entity.Nets.IsEmpty || !entity.NotNets.IsEmpty
        || (isDestination && (!entity.Ports.IsEmpty || !entity.NotPorts.IsEmpty || !rule.Source.Ports.IsEmpty || !rule.Source.NotPorts.IsEmpty));
}
