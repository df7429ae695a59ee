using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Turns a cluster's Calico policies into Antrea policies of equal meaning, and refuses by name what lies outside its subset.</summary>
/// <remarks>
/// The subset, rule by rule and with sources, is docs/conversion.md. Only fields and values that Antrea 1.14 and later take without
/// reinterpreting are written. Equal snapshots give byte-identical objects. Pure and safe for use by several threads.
/// </remarks>
public static class PolicyConverter
{
    private static readonly ReleaseVersion OldestCalico = new(3, 26);
    private static readonly ReleaseVersion OldestAntrea = new(1, 14);

    /// <summary>Converts all policies of a snapshot. Everything wrong is collected; nothing is thrown for the cluster's content.</summary>
    /// <exception cref="ArgumentException">A version in <paramref name="options"/> is not of the form <c>v3.26.1</c>.</exception>
    public static PolicyConversion Convert(ClusterSnapshot snapshot, PolicyConversionOptions options)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(options);
        var findings = ImmutableArray.CreateBuilder<Finding>();
        CheckAntreaVersion(options, findings);
        var set = CalicoPolicySet.Read(snapshot, CalicoVersion(snapshot, options, findings));
        findings.AddRange(set.Findings);
        var clusterCheck = new ClusterCheck(snapshot);
        findings.AddRange(clusterCheck.Run());
        if (set.Tiers.Any(t => t.Name == CalicoTier.DefaultName && t.EndsInPass))
        {
            findings.Add(PolicyCode.TierDefaultPass.On("Tier/default", "its defaultAction is Pass"));
        }

        _ = ReleaseVersion.TryParse(options.AntreaVersion, out var antreaVersion);
        var context = new RuleContext(snapshot, set, antreaVersion);
        var reach = new ReachCheck(set, context.Sets);
        var compiler = new PolicyCompiler(context, set, reach, clusterCheck.DenyAnswers);
        var compiled = set.Policies.Select(compiler.Compile).ToList();
        var used = set.Tiers.Where(t => compiled.Exists(p => p.Policy.Tier == t.Name)).ToList();
        var tiers = new TierAssignment(used, snapshot);
        findings.AddRange(tiers.Findings);
        findings.AddRange(reach.Rest());

        var objects = new Dictionary<CalicoPolicy, ImmutableArray<JsonObject>>();
        var ties = new Dictionary<CalicoPolicy, PolicyFinding>();
        var emittedTiers = ImmutableArray.CreateBuilder<JsonObject>();
        foreach (var tier in used)
        {
            var inTier = compiled.Where(p => p.Policy.Tier == tier.Name && !p.IsRefused).ToDictionary(p => p.Policy);
            var inOrder = Semantics.CalicoOrder.Sort(inTier.Keys, set.Version).Select(p => inTier[p]).ToList();
            foreach (var (policy, finding) in TieCheck.Check(inOrder, set.Version))
            {
                ties[policy] = finding;
            }

            if (tiers.For(tier.Name) is { } target && PolicyEmitter.Emit(tier, target, inOrder, compiler.Deny) is { Count: > 0 } emitted)
            {
                emittedTiers.Add(AntreaPolicyJson.Write(target, $"projectcalico.org/v3 Tier {tier.Name}"));
                foreach (var (policy, json) in emitted)
                {
                    objects[policy] = json;
                }
            }
        }

        if (objects.Values.SelectMany(o => o).Any(o => o.ToJsonString().Contains(SelectorTerm.NamespaceNameKey, StringComparison.Ordinal)))
        {
            findings.AddRange(clusterCheck.CheckNamespaceNames());
        }

        var policies = compiled
            .Select(p => Report(p, objects.GetValueOrDefault(p.Policy, []), ties.GetValueOrDefault(p.Policy)))
            .Concat(set.KubernetesPolicies.Select(k => Report(k, context.Addresses)))
            .OrderBy(p => p.Kind, StringComparer.Ordinal)
            .ThenBy(p => p.Namespace, StringComparer.Ordinal)
            .ThenBy(p => p.Name, StringComparer.Ordinal)
            .ToImmutableArray();
        findings.AddRange(policies.SelectMany(p => p.Findings.Select(f => f.ToFinding(p.ToString()))));
        return new PolicyConversion(policies, emittedTiers.ToImmutable(), findings.ToImmutable());
    }

    /// <summary>The version whose rules apply to a snapshot; when it cannot be told and matters, a finding refuses.</summary>
    internal static ReleaseVersion CalicoVersion(
        ClusterSnapshot snapshot, PolicyConversionOptions options, ICollection<Finding> findings)
    {
        var text = options.CalicoVersion;
        if (text is not null && !ReleaseVersion.TryParse(text, out _))
        {
            throw new ArgumentException($"'{text}' is not a Calico version; write it as Calico prints it, for example v3.26.1.", nameof(options));
        }

        text ??= CalicoPolicySet.OfCalico(snapshot, "ClusterInformation")
            .Select(i => (i.Json["spec"] as JsonObject)?["calicoVersion"]?.ToString())
            .FirstOrDefault(v => v is not null);
        var isKnown = ReleaseVersion.TryParse(text, out var version);
        if (isKnown && version >= OldestCalico)
        {
            return version;
        }

        var hasPolicies = snapshot.Objects.Any(o =>
            o.Group is CalicoMetadata.V1Group or CalicoMetadata.V3Group && o.Kind is "NetworkPolicy" or "GlobalNetworkPolicy" or "Tier");
        if (hasPolicies)
        {
            findings.Add(PolicyCode.CalicoVersion.On(
                "ClusterInformation/default",
                isKnown ? $"Calico {text} is older than {OldestCalico}" : "the Calico version that enforces the policies is not known"));
        }

        return OldestCalico;
    }

    private static void CheckAntreaVersion(PolicyConversionOptions options, ICollection<Finding> findings)
    {
        if (!ReleaseVersion.TryParse(options.AntreaVersion, out var version))
        {
            throw new ArgumentException(
                $"'{options.AntreaVersion}' is not an Antrea version; write it as Antrea prints it, for example v2.7.0.", nameof(options));
        }

        if (version < OldestAntrea)
        {
            findings.Add(PolicyCode.AntreaVersion.On("Antrea", $"Antrea {options.AntreaVersion} is older than {OldestAntrea}"));
        }
        else if (version < new ReleaseVersion(2, 1))
        {
            findings.Add(PolicyCode.EndedPods.On("Antrea", $"Antrea {options.AntreaVersion} counts the addresses of ended Pods"));
        }
    }

    private static ConvertedPolicy Report(CompiledPolicy compiled, ImmutableArray<JsonObject> objects, PolicyFinding? tie)
    {
        var policy = compiled.Policy;
        var ingress = policy.GovernsIngress ? policy.Ingress.Length : 0;
        var egress = policy.GovernsEgress ? policy.Egress.Length : 0;
        return new ConvertedPolicy
        {
            Kind = policy.Kind,
            Namespace = policy.Namespace,
            Name = policy.Name,
            Fidelity = compiled.FidelityAt(""),
            Rules =
            [
                .. Enumerable.Range(0, ingress).Select(i => Rule(Direction.Ingress, i)),
                .. Enumerable.Range(0, egress).Select(i => Rule(Direction.Egress, i)),
            ],
            Findings = tie is null ? compiled.Findings : [.. compiled.Findings, tie],
            Objects = objects,
        };

        ConvertedRule Rule(Direction direction, int index) =>
            new(direction, index, compiled.FidelityAt(SupportedFeatures.PathOf(direction, index)));
    }

    private static ConvertedPolicy Report(ReadKubernetesPolicy read, PodAddressRanges addresses)
    {
        var findings = read.Findings.ToList();
        foreach (var (rules, list, peers) in new[] { (read.Policy.Ingress, "ingress", "from"), (read.Policy.Egress, "egress", "to") })
        {
            for (var i = 0; i < rules.Length; i++)
            {
                for (var j = 0; j < rules[i].Peers.Length; j++)
                {
                    var path = string.Create(CultureInfo.InvariantCulture, $"spec.{list}[{i}].{peers}[{j}].ipBlock");
                    if (rules[i].Peers[j] is { Net: { } net } peer && addresses.Check(net, peer.Except, path) is { } finding)
                    {
                        findings.Add(finding);
                    }
                }
            }
        }

        return new ConvertedPolicy
        {
            Kind = "KubernetesNetworkPolicy",
            Namespace = read.Policy.Namespace,
            Name = read.Policy.Name,
            Fidelity = findings.Select(PolicyCode.FidelityOf).DefaultIfEmpty().Max(),
            Findings = [.. findings],
        };
    }
}
