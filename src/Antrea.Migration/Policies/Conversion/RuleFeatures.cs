using System.Globalization;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Names everything in a rule that has no equal in Antrea.</summary>
internal static class RuleFeatures
{
    /// <summary>The findings, in the rule's order.</summary>
    public static IEnumerable<PolicyFinding> Check(CalicoRule rule, Direction direction, int index)
    {
        var path = SupportedFeatures.PathOf(direction, index);
        if (rule.IPVersion is { } version)
        {
            yield return PolicyCode.IPVersion.At($"{path}.ipVersion", $"a rule for IPv{version} only");
        }

        if (rule.Protocol is { } protocol && protocol.Number is 1 or 58)
        {
            yield return PolicyCode.Icmp.At($"{path}.protocol", $"{rule.Protocol}: Antrea's ICMP matches both families of a dual-stack cluster");
        }
        else if (rule.Protocol is { Number: not (6 or 17 or 132) } other)
        {
            yield return PolicyCode.Protocol.At($"{path}.protocol", $"the protocol {other}");
        }

        foreach (var (given, code, field) in new[]
        {
            (rule.NotProtocol is not null, PolicyCode.NotProtocol, "notProtocol"),
            (rule.Icmp is not null, PolicyCode.Icmp, "icmp"),
            (rule.NotIcmp is not null, PolicyCode.NotIcmp, "notICMP"),
            (rule.HasHttp, PolicyCode.Http, "http"),
        })
        {
            if (given)
            {
                yield return code.At($"{path}.{field}", $"{field} has no exact equal in Antrea");
            }
        }

        var sides = Check(rule, rule.Source, $"{path}.source", isPeer: direction == Direction.Ingress)
            .Concat(Check(rule, rule.Destination, $"{path}.destination", isPeer: direction == Direction.Egress));
        foreach (var finding in sides)
        {
            yield return finding;
        }

        if (rule.Protocol is { Number: 132 } && rule.Source.Ports.Length > 0)
        {
            yield return PolicyCode.SctpSourcePort.At($"{path}.source.ports", "Antrea does not look at SCTP source ports");
        }
    }

    private static IEnumerable<PolicyFinding> Check(CalicoRule rule, CalicoEntity entity, string path, bool isPeer)
    {
        foreach (var (given, code, field) in new[]
        {
            (entity.NotSelector is not null, PolicyCode.NotSelector, "notSelector"),
            (entity.NotNets.Length > 0, PolicyCode.NotNets, "notNets"),
            (entity.NotPorts.Length > 0, PolicyCode.NotPorts, "notPorts"),
            (entity.ServiceAccounts is not null, PolicyCode.ServiceAccounts, "serviceAccounts"),
            (entity.Services is not null, PolicyCode.Services, "services"),
        })
        {
            if (given)
            {
                yield return code.At($"{path}.{field}", $"{field} is not converted yet");
            }
        }

        var selects = entity.Selector is not null || entity.NamespaceSelector is not null;
        if (!isPeer && (selects || entity.Nets.Length > 0))
        {
            yield return PolicyCode.SubjectRestricted.At(path, "the rule restricts the Pods that the policy applies to");
        }

        if (selects && entity.Nets.Length > 0)
        {
            yield return PolicyCode.SelectorAndNets.At($"{path}.nets", "a selector together with networks means what lies in both");
        }

        for (var i = 0; i < entity.Nets.Length; i++)
        {
            if (!SupportedFeatures.TryParseNet(entity.Nets[i], out _, out var error))
            {
                yield return PolicyCode.NetInvalid.At(string.Create(CultureInfo.InvariantCulture, $"{path}.nets[{i}]"), error!);
            }
        }

        if (entity.Ports.Length > 0 && rule.Protocol is null)
        {
            yield return PolicyCode.PortsWithoutProtocol.At($"{path}.ports", "ports without a protocol");
        }

        foreach (var port in entity.Ports.Where(p => p.Name is not null))
        {
            yield return PolicyCode.NamedPort.At($"{path}.ports", $"the named port '{port.Name}'");
        }
    }
}
