using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Names of Antrea objects: readable, the same on every run, and no two alike.</summary>
/// <remarks>The part before the first hyphen says which object of the policy it is, so that a policy named <c>end-web</c> cannot clash
/// with the end of a policy named <c>web</c>: <c>calico-web</c>, <c>calico2-web</c>, <c>calicoend-web</c>, <c>calicoend2-web</c>.</remarks>
internal static class PolicyNames
{
    private const int MaxLength = 253;

    /// <summary>The object that carries a policy's rules for one alternative of its selector, counted from 0.</summary>
    public static string OfRules(CalicoPolicy policy, int alternative) => Name("calico", policy, alternative);

    /// <summary>The object that ends a tier for one alternative of a policy's selector.</summary>
    public static string OfEnd(CalicoPolicy policy, int alternative) => Name("calicoend", policy, alternative);

    /// <summary>What an object was made from, for its annotation.</summary>
    public static string Origin(CalicoPolicy policy) =>
        policy.IsGlobal
            ? $"projectcalico.org/v3 GlobalNetworkPolicy {policy.Name}"
            : $"projectcalico.org/v3 NetworkPolicy {policy.Namespace}/{policy.Name}";

    private static string Name(string part, CalicoPolicy policy, int alternative)
    {
        var number = alternative == 0 ? "" : (alternative + 1).ToString(CultureInfo.InvariantCulture);
        var name = $"{part}{number}-{policy.Name}";
        if (name.Length <= MaxLength)
        {
            return name;
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(policy.Name)))[..8];
        return $"{name[..(MaxLength - hash.Length - 1)].TrimEnd('.', '-')}-{hash}";
    }
}
