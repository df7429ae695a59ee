using System.Globalization;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Names everything in a Calico policy that lies outside the subset that is converted and evaluated.</summary>
internal static class SupportedFeatures
{
    /// <summary>The findings about the policy and its rules. Rules of a direction that the policy does not govern are not looked at.</summary>
    public static IEnumerable<PolicyFinding> Check(CalicoPolicy policy) => CheckPolicy(policy).Concat(CheckRules(policy));

    /// <summary>The findings about the policy apart from its rules.</summary>
    public static IEnumerable<PolicyFinding> CheckPolicy(CalicoPolicy policy)
    {
        if (policy.DoNotTrack)
        {
            yield return PolicyCode.DoNotTrack.At("spec.doNotTrack", "an untracked policy has no effect on Pods");
        }

        if (policy.PreDnat)
        {
            yield return PolicyCode.PreDnat.At("spec.preDNAT", "a policy before address translation has no effect on Pods");
        }

        if (policy.ApplyOnForward)
        {
            yield return PolicyCode.ApplyOnForward.At("spec.applyOnForward", "it concerns traffic that host endpoints forward; Pods are governed without it");
        }
    }

    /// <summary>The findings about the policy's rules, in their order.</summary>
    public static IEnumerable<PolicyFinding> CheckRules(CalicoPolicy policy)
    {
        var ingress = policy.GovernsIngress ? policy.Ingress.SelectMany((r, i) => RuleFeatures.Check(r, Direction.Ingress, i)) : [];
        var egress = policy.GovernsEgress ? policy.Egress.SelectMany((r, i) => RuleFeatures.Check(r, Direction.Egress, i)) : [];
        return ingress.Concat(egress);
    }

    /// <summary>The path of a rule.</summary>
    public static string PathOf(Direction direction, int index) => string.Create(
        CultureInfo.InvariantCulture, $"spec.{(direction == Direction.Ingress ? "ingress" : "egress")}[{index}]");

    /// <summary>Reads a rule's network: a prefix without host bits, or one address, which stored objects may hold.</summary>
    public static bool TryParseNet(string text, out Cidr net, out string? error)
    {
        if (Cidr.TryParse(text, out net, out error))
        {
            return true;
        }

        if (text.Contains('/', StringComparison.Ordinal) || !IPAddress.TryParse(text, out var address) || address.ToString() != text)
        {
            return false;
        }

        net = Cidr.Host(address);
        error = null;
        return true;
    }

    /// <summary>Reads a network that the check has let through.</summary>
    public static Cidr ParseNet(string text) =>
        TryParseNet(text, out var net, out var error) ? net : throw new FormatException(error);
}
