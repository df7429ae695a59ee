using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>What a rule asks of the protocol, apart from ports.</summary>
/// <remarks>
/// Calico takes ICMP and ICMPv6 for protocols of their own, and their names for a demand on the family; Antrea's <c>icmp</c> is both. So a
/// match is equal only where one family can come. No field of Antrea's stands for other protocols.
/// Sources: Calico <c>felix/rules/policy.go</c>; Antrea <c>pkg/agent/openflow/network_policy.go</c>.
/// </remarks>
internal sealed record ProtocolMatch
{
    /// <summary>The one protocol with ports; null when there is none.</summary>
    public string? WithPorts { get; init; }

    /// <summary>The ICMP messages; null when the protocol is not ICMP.</summary>
    public AntreaProtocol? Icmp { get; init; }

    /// <summary>Whether <see cref="Icmp"/> is ICMPv6.</summary>
    public bool IsIcmpV6 { get; init; }

    /// <summary>The family that a rule's protocol implies, given whether it is IPv6; the numbers imply none.</summary>
    public static bool AppliesTo(CalicoRule rule, bool isIPv6) => rule.Protocol?.Name?.ToUpperInvariant() switch
    {
        "ICMP" => !isIPv6,
        "ICMPV6" => isIPv6,
        _ => true,
    };

    /// <summary>Reads a rule's protocol; null when no packet satisfies it, or when a finding refuses.</summary>
    public static ProtocolMatch? Read(CalicoRule rule, string path, ICollection<PolicyFinding> findings)
    {
        if (rule.NotIcmp is not (null or { Type: null, Code: null }))
        {
            findings.Add(PolicyCode.NotIcmp.At($"{path}.notICMP", "Antrea has no match on all messages but some, and Calico's dataplanes disagree about notICMP"));
        }

        if (rule.NotProtocol is { } not)
        {
            if (rule.Protocol is { } given)
            {
                return given.Number == not.Number ? null : Read(rule with { NotProtocol = null }, path, findings);
            }

            findings.Add(PolicyCode.NotProtocol.At($"{path}.notProtocol", $"every protocol but {not}: Antrea has no match on all protocols but one"));
            return new ProtocolMatch();
        }

        if (rule.Protocol is not { } protocol)
        {
            return new ProtocolMatch();
        }

        if (new IPProtocol(protocol.Number).HasPorts)
        {
            return new ProtocolMatch { WithPorts = new IPProtocol(protocol.Number).ToString() };
        }

        if (protocol.Number is 1 or 58)
        {
            return new ProtocolMatch
            {
                Icmp = new AntreaProtocol(IsIgmp: false, rule.Icmp?.Type, rule.Icmp?.Code),
                IsIcmpV6 = protocol.Number == 58,
            };
        }

        findings.Add(PolicyCode.Protocol.At($"{path}.protocol", $"Antrea has no match on the protocol {protocol}"));
        return new ProtocolMatch();
    }
}
