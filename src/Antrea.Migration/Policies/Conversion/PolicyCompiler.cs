using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>A policy taken apart: whom it governs and by which Antrea rules, before its rank among the others is known.</summary>
internal sealed record CompiledPolicy
{
    public required CalicoPolicy Policy { get; init; }

    /// <summary>The alternatives of the policy's selector; each becomes an object of its own.</summary>
    public ImmutableArray<SelectorTerm> Terms { get; init; } = [];

    public ImmutableArray<AntreaRule> Ingress { get; init; } = [];

    public ImmutableArray<AntreaRule> Egress { get; init; } = [];

    public ImmutableArray<PolicyFinding> Findings { get; init; } = [];

    public bool IsRefused => Findings.Any(f => f.Severity == Severity.Blocker);

    /// <summary>Refused, Snapshot or Exact, by the findings whose path starts like this.</summary>
    public Fidelity FidelityAt(string path) =>
        Findings.Where(f => f.Path.StartsWith(path, StringComparison.Ordinal)).Select(PolicyCode.FidelityOf).DefaultIfEmpty().Max();
}

/// <summary>Takes policies apart, one at a time.</summary>
internal sealed class PolicyCompiler(ClusterSnapshot snapshot, CalicoPolicySet set, ReachCheck reach, bool denyAnswers)
{
    private readonly PeerConversion _peers = new(new PodAddressRanges(snapshot));
    private readonly KubernetesPolicyCheck _kubernetes = new(set, PolicyWorld.From(snapshot));

    /// <summary>What a denied packet meets: Antrea's word for it.</summary>
    public AntreaAction Deny => denyAnswers ? AntreaAction.Reject : AntreaAction.Drop;

    public CompiledPolicy Compile(ReadPolicy read)
    {
        var policy = read.Policy;
        var findings = new List<PolicyFinding>(read.Findings);
        if (set.Tiers.All(t => t.Name != policy.Tier))
        {
            findings.Add(PolicyCode.TierMissing.At("spec.tier", $"there is no Tier '{policy.Tier}'; Calico puts it behind all others"));
        }

        findings.AddRange(SupportedFeatures.Check(policy));
        findings.AddRange(reach.Check(policy));
        var terms = CompileSubject(policy, findings);
        findings.AddRange(_kubernetes.Check(policy, terms));
        return new CompiledPolicy
        {
            Policy = policy,
            Terms = [.. terms],
            Ingress = policy.GovernsIngress ? CompileRules(policy, policy.Ingress, Direction.Ingress, findings) : [],
            Egress = policy.GovernsEgress ? CompileRules(policy, policy.Egress, Direction.Egress, findings) : [],
            Findings = [.. findings],
        };
    }

    private static IReadOnlyList<SelectorTerm> CompileSubject(CalicoPolicy policy, List<PolicyFinding> findings)
    {
        // Service accounts are refused elsewhere; without them the rest can still be judged.
        var subject = CalicoScope.Subject(policy with { ServiceAccountSelector = null });
        if (SelectorCompiler.Compile(subject, out var problems) is not { } terms)
        {
            findings.AddRange(problems.Select(p => p.Code.At("spec.selector", p.Message)));
            return [];
        }

        if (terms.Count == 0)
        {
            findings.Add(PolicyCode.SelectsNothing.At("spec.selector", "no Pod can satisfy the selector"));
        }

        if (!policy.IsGlobal && terms.Any(t => !t.AsksOnlyNamespace(policy.Namespace)))
        {
            findings.Add(PolicyCode.SelectorNamespaceLabel.At(
                "spec.selector", "labels of the Namespace decide to whom the policy applies; Antrea's NetworkPolicy cannot say that"));
        }

        return terms;
    }

    private ImmutableArray<AntreaRule> CompileRules(
        CalicoPolicy policy, ImmutableArray<CalicoRule> rules, Direction direction, List<PolicyFinding> findings)
    {
        var converted = ImmutableArray.CreateBuilder<AntreaRule>();
        for (var i = 0; i < rules.Length; i++)
        {
            var isIngress = direction == Direction.Ingress;
            var path = $"{SupportedFeatures.PathOf(direction, i)}.{(isIngress ? "source" : "destination")}";
            var before = findings.Count;
            var peers = _peers.Convert(isIngress ? rules[i].Source : rules[i].Destination, policy, direction, path, findings);
            if (peers is null)
            {
                if (findings.Count == before)
                {
                    findings.Add(PolicyCode.NeverMatches.At(path, "no Pod can satisfy the selector, so the rule never matches"));
                }

                continue;
            }

            converted.Add(new AntreaRule(
                $"{(isIngress ? "ingress" : "egress")}-{i + 1}",
                rules[i].Action == CalicoAction.Allow ? AntreaAction.Allow : Deny,
                peers.Value,
                PortConversion.Convert(rules[i])));
        }

        return converted.ToImmutable();
    }
}
