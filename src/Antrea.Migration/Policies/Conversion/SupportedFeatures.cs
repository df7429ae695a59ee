using System.Globalization;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Names everything in a Calico policy that lies outside the subset that is converted and evaluated.</summary>
internal static class SupportedFeatures
{
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

    /// <summary>The path of a rule.</summary>
    public static string PathOf(Direction direction, int index) => string.Create(
        CultureInfo.InvariantCulture, $"spec.{(direction == Direction.Ingress ? "ingress" : "egress")}[{index}]");
}
