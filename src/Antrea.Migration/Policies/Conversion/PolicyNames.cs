using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Names of Antrea objects: readable, the same on every run, and no two alike.</summary>
/// <remarks>The part before the first hyphen says what the object is made from, so that a policy named <c>end-web</c> cannot clash
/// with the end of a tier named <c>web</c>: <c>calico-web</c>, <c>calicoknp-web</c>, <c>calicoend-web</c>, <c>calicoend2-web</c>. A policy of a
/// Namespace that becomes one of the cluster has its Namespace, which holds no dot, before its name: <c>caliconp-shop.web</c>.</remarks>
internal static class PolicyNames
{
    private const int MaxLength = 253;

    /// <summary>The object that carries a policy's rules.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="inItsNamespace">Whether the object is in the policy's own Namespace.</param>
    public static string Of(CompiledPolicy policy, bool inItsNamespace)
    {
        var (@namespace, name) = (policy.Policy.Namespace, policy.Policy.Name);
        var isMoved = @namespace.Length > 0 && !inItsNamespace;
        var part = policy.IsKubernetes ? "calicoknp" : isMoved ? "caliconp" : "calico";
        return Limit(isMoved ? $"{part}-{@namespace}.{name}" : $"{part}-{name}");
    }

    /// <summary>An object that ends a tier, counted from 0.</summary>
    public static string OfEnd(CalicoTier tier, int number) => Limit($"calicoend{Ordinal(number)}-{tier.Name}");

    /// <summary>An object that allows what no tier decides, counted from 0.</summary>
    public static string OfOpen(int number) => $"calicoopen{Ordinal(number)}-kubernetes";

    /// <summary>The Antrea tier of a Calico tier.</summary>
    public static string Of(CalicoTier tier) => Limit($"calico-{tier.Name}");

    /// <summary>What an object was made from, for its annotation.</summary>
    public static string Origin(CompiledPolicy policy) =>
        policy.IsKubernetes ? $"networking.k8s.io/v1 NetworkPolicy {policy.Policy.Namespace}/{policy.Policy.Name}"
        : $"projectcalico.org/v3 {policy.Policy}";

    /// <inheritdoc cref="Origin(CompiledPolicy)"/>
    public static string Origin(CalicoTier tier) => $"projectcalico.org/v3 Tier {tier.Name}";

    private static string Ordinal(int number) => number == 0 ? "" : (number + 1).ToString(CultureInfo.InvariantCulture);

    /// <summary>The name itself where Kubernetes takes it. One that is too long is cut, and what no name holds is left out; a hash keeps such names apart.</summary>
    private static string Limit(string name)
    {
        if (LabelSyntax.IsDnsName(name))
        {
            return name;
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)))[..8];
        var letters = string.Concat(name.ToLowerInvariant().Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '.' ? c : '-'));
        var safe = string.Join('.', letters.Split('.').Select(part => part.Trim('-')).Where(part => part.Length > 0));
        return $"{safe[..Math.Min(safe.Length, MaxLength - hash.Length - 1)].TrimEnd('.', '-')}-{hash}";
    }
}
