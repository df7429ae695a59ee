using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Protocols and ports. Calico asks for protocol AND one of the source ports AND one of the destination ports; an Antrea entry holds
/// one of each, so the lists are multiplied out.</summary>
/// <remarks>Sources: Calico <c>felix/rules/policy.go</c>; Antrea <c>NetworkPolicyPort</c> in <c>pkg/apis/crd/v1beta1/types.go</c>, where no
/// entry at all means every protocol, as in Calico, and an entry without a port every port.</remarks>
internal static class PortConversion
{
    public static ImmutableArray<AntreaPort> Convert(CalicoRule rule)
    {
        if (rule.Protocol is not { } protocol)
        {
            return [];
        }

        var name = protocol.Number switch
        {
            6 => "TCP",
            17 => "UDP",
            _ => "SCTP",
        };
        return
        [
            .. OrAny(rule.Destination.Ports).SelectMany(
                _ => OrAny(rule.Source.Ports),
                (to, from) => new AntreaPort(name, to?.First, End(to), from?.First, End(from))),
        ];
    }

    private static IEnumerable<CalicoPort?> OrAny(ImmutableArray<CalicoPort> ports) =>
        ports.IsEmpty ? [null] : ports.Select(p => (CalicoPort?)p).Distinct();

    private static int? End(CalicoPort? port) => port is { } range && range.Last > range.First ? range.Last : null;
}
