using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Says what became of each policy and of each of its rules.</summary>
internal static class PolicyReport
{
    /// <summary>Of a Calico policy.</summary>
    /// <param name="compiled">The policy with what was found in it.</param>
    /// <param name="more">What was found beside others.</param>
    /// <param name="objects">What was written for it.</param>
    public static ConvertedPolicy Of(CompiledPolicy compiled, IEnumerable<PolicyFinding> more, IEnumerable<JsonObject> objects)
    {
        var policy = compiled.Policy;
        ImmutableArray<PolicyFinding> findings = [.. compiled.Findings, .. more];
        return new ConvertedPolicy
        {
            Kind = policy.Kind,
            Namespace = policy.Namespace,
            Name = policy.Name,
            Fidelity = FidelityAt("", findings),
            Rules =
            [
                .. Rules(Direction.Ingress, policy.GovernsIngress ? policy.Ingress.Length : 0, findings),
                .. Rules(Direction.Egress, policy.GovernsEgress ? policy.Egress.Length : 0, findings),
            ],
            Findings = findings,
            Objects = [.. objects],
        };
    }

    /// <summary>Of a Kubernetes policy.</summary>
    /// <param name="read">The policy.</param>
    /// <param name="compiled">The directions of it that were compiled in; null when Antrea goes on enforcing all of it.</param>
    /// <param name="plan">Which those are.</param>
    /// <param name="addresses">Where Pods' addresses lie.</param>
    /// <param name="objects">What was written for it.</param>
    public static ConvertedPolicy Of(
        ReadKubernetesPolicy read, CompiledPolicy? compiled, KubernetesPlan plan, PodAddressRanges addresses, IEnumerable<JsonObject> objects)
    {
        ImmutableArray<PolicyFinding> findings =
        [
            .. read.Findings.Where(f => !IsAnswered(f, read, plan)),
            .. plan.FindingsOf(read),
            .. compiled?.Findings ?? [],
            .. Enum.GetValues<Direction>().Where(d => !plan.IsCompiled(read, d)).SelectMany(d => CheckNets(read.Policy, d, addresses)),
        ];
        return new ConvertedPolicy
        {
            Kind = "KubernetesNetworkPolicy",
            Namespace = read.Policy.Namespace,
            Name = read.Policy.Name,
            Fidelity = FidelityAt("", findings),
            Rules =
            [
                .. Rules(Direction.Ingress, read.Policy.TypesIngress ? read.Policy.Ingress.Length : 0, findings),
                .. Rules(Direction.Egress, read.Policy.TypesEgress ? read.Policy.Egress.Length : 0, findings),
            ],
            Findings = findings,
            Objects = [.. objects],
        };
    }

    /// <summary>What Antrea makes of a name does not matter where the rule is compiled in.</summary>
    private static bool IsAnswered(PolicyFinding finding, ReadKubernetesPolicy read, KubernetesPlan plan) =>
        finding.Code == PolicyCode.KubernetesPolicyNamedPort.Id
        && Enum.GetValues<Direction>().Any(d =>
            finding.Path.StartsWith(ListOf(d), StringComparison.Ordinal) && (plan.IsCompiled(read, d) || !Governs(read.Policy, d)));

    private static bool Governs(KubernetesPolicy policy, Direction direction) =>
        direction == Direction.Ingress ? policy.TypesIngress : policy.TypesEgress;

    private static IEnumerable<PolicyFinding> CheckNets(KubernetesPolicy policy, Direction direction, PodAddressRanges addresses)
    {
        var (rules, peers) = direction == Direction.Ingress ? (policy.Ingress, "from") : (policy.Egress, "to");
        for (var i = 0; i < rules.Length && Governs(policy, direction); i++)
        {
            for (var j = 0; j < rules[i].Peers.Length; j++)
            {
                var path = string.Create(CultureInfo.InvariantCulture, $"{ListOf(direction)}[{i}].{peers}[{j}].ipBlock");
                if (rules[i].Peers[j] is { Net: { } net } peer && addresses.Check(net, peer.Except, path) is { } finding)
                {
                    yield return finding;
                }
            }
        }
    }

    /// <summary>A rule is as good as what was found in it, in its list, and in the policy as a whole: what its selector says decides for whom the rule is.</summary>
    private static IEnumerable<ConvertedRule> Rules(Direction direction, int count, ImmutableArray<PolicyFinding> findings)
    {
        var list = ListOf(direction);
        var shared = Worst(findings.Where(f => f.Path == list || !Enum.GetValues<Direction>().Any(d => IsBelow(f.Path, ListOf(d)))));
        return Enumerable.Range(0, count).Select(i => new ConvertedRule(
            direction, i, (Fidelity)Math.Max((int)shared, (int)FidelityAt(SupportedFeatures.PathOf(direction, i), findings))));
    }

    /// <summary>The worst of what was found at or below a path.</summary>
    private static Fidelity FidelityAt(string path, ImmutableArray<PolicyFinding> findings) =>
        Worst(findings.Where(f => IsBelow(f.Path, path)));

    private static Fidelity Worst(IEnumerable<PolicyFinding> findings) => findings.Select(PolicyCode.FidelityOf).DefaultIfEmpty().Max();

    private static bool IsBelow(string path, string ancestor) =>
        path.StartsWith(ancestor, StringComparison.Ordinal)
        && (ancestor.Length == 0 || path.Length == ancestor.Length || path[ancestor.Length] is '.' or '[');

    private static string ListOf(Direction direction) => direction == Direction.Ingress ? "spec.ingress" : "spec.egress";
}
