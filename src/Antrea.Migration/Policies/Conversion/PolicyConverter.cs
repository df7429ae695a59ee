using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

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

    /// <summary>What etcd takes by default is 1.5 MiB, with what the API server adds to an object.</summary>
    private const int MaxObjectBytes = 1_500_000;

    /// <summary>Converts all policies of a snapshot. Everything wrong is collected; nothing is thrown for the cluster's content.</summary>
    /// <exception cref="ArgumentException">A version in <paramref name="options"/> is not of the form <c>v3.26.1</c>.</exception>
    public static PolicyConversion Convert(ClusterSnapshot snapshot, PolicyConversionOptions options)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(options);
        var findings = ImmutableArray.CreateBuilder<Finding>();
        CheckAntreaVersion(options, findings);
        var world = PolicyWorld.From(snapshot);
        var set = CalicoPolicySet.Read(snapshot, world, CalicoVersion(snapshot, options, findings));
        findings.AddRange(set.Findings);
        var clusterCheck = new ClusterCheck(snapshot);
        findings.AddRange(clusterCheck.Run());
        _ = ReleaseVersion.TryParse(options.AntreaVersion, out var antreaVersion);
        var context = new RuleContext(snapshot, world, set, antreaVersion);
        var reach = new ReachCheck(set, context.Sets);
        var compiler = new PolicyCompiler(set, reach, context);
        var calico = OrderedParallel.Map(set.Policies, compiler.Compile);
        var plan = new KubernetesPlan(set, calico, context.World);
        var kubernetes = set.KubernetesPolicies
            .Select(k => (Read: k, Ingress: plan.IsCompiled(k, Direction.Ingress), Egress: plan.IsCompiled(k, Direction.Egress)))
            .Select(k => (k.Read, Compiled: k.Ingress || k.Egress ? compiler.Compile(k.Read, k.Ingress, k.Egress) : null))
            .ToList();
        findings.AddRange(reach.Rest());

        var byTier = calico.Concat(kubernetes.Select(k => k.Compiled).OfType<CompiledPolicy>())
            .Where(p => !p.IsRefused)
            .ToLookup(p => p.Policy.Tier, StringComparer.Ordinal);
        ImmutableArray<PolicyStage> stages = [.. set.Tiers.Select(t => new PolicyStage(t, byTier[t.Name]))];
        var layout = new PolicyLayout(
            stages, plan, context, clusterCheck.DenyAnswers ? AntreaAction.Reject : AntreaAction.Drop);
        var tiers = new TierAssignment(layout.UsedTiers, snapshot);
        findings.AddRange(tiers.Findings);
        if (layout.Drafts.SelectMany(t => t.Drafts).Any(PolicyEmitter.SelectsNames))
        {
            findings.AddRange(clusterCheck.CheckNamespaceNames());
        }

        var written = Write(layout, tiers);
        var objects = written.Where(w => w.Draft.Owner is not null).ToLookup(w => w.Draft.Owner!, w => w.Json);
        var sizes = OrderedParallel.Map(written, w => SizeOf(w.Json));
        var large = written.Where((_, i) => sizes[i] > MaxObjectBytes).ToList();
        findings.AddRange(large.Where(w => w.Draft.Owner is null or { IsKubernetes: true })
            .Select(w => PolicyCode.ObjectTooLarge.On(new ClusterObject(w.Json, "conversion").ToString(), TooLarge(w.Json))));
        var remarks = stages.SelectMany(s => TieCheck.Check(s.Policies, set.Version))
            .Concat(large.Where(w => w.Draft.Owner is { IsKubernetes: false }).Select(w => (w.Draft.Owner!, PolicyCode.ObjectTooLarge.At("", TooLarge(w.Json)))))
            .Concat(calico.SelectMany(p => plan.FindingsOf(p).Concat(layout.FindingsOf(p)).Select(f => (p, f))))
            .ToLookup(r => r.Item1, r => r.Item2);
        var policies = OrderedParallel.Map(calico, p => PolicyReport.Of(p, remarks[p], objects[p]))
            .Concat(kubernetes.Select(k => PolicyReport.Of(k.Read, k.Compiled, plan, context.Addresses, k.Compiled is { } p ? objects[p] : [])))
            .OrderBy(p => p.Kind, StringComparer.Ordinal)
            .ThenBy(p => p.Namespace, StringComparer.Ordinal)
            .ThenBy(p => p.Name, StringComparer.Ordinal)
            .ToImmutableArray();
        findings.AddRange(policies.SelectMany(p => p.Findings.Select(f => f.ToFinding(p.ToString()))));
        return new PolicyConversion(
            policies, [.. tiers.Tiers.Select(t => AntreaPolicyJson.Write(t.Tier, t.Origin))], findings.ToImmutable())
        {
            Ends = [.. written.Where(w => w.Draft.Owner is null).Select(w => w.Json)],
            Origin = (snapshot, world, set),
        };
    }

    private static long SizeOf(JsonObject json)
    {
        using var writer = new Utf8JsonWriter(Stream.Null);
        json.WriteTo(writer);
        return writer.BytesCommitted + writer.BytesPending;
    }

    private static string TooLarge(JsonObject json) =>
        string.Create(CultureInfo.InvariantCulture, $"the Antrea object has {SizeOf(json)} bytes, more than the {MaxObjectBytes} that the API server can store");

    private static List<(PolicyDraft Draft, JsonObject Json)> Write(PolicyLayout layout, TierAssignment tiers) =>
    [
        .. layout.Drafts
            .Select(t => (Target: tiers.For(t.Tier)?.Name, t.Drafts))
            .Where(t => t.Target is not null)
            .GroupBy(t => t.Target!, StringComparer.Ordinal)
            .SelectMany(g => PolicyEmitter.Emit(g.Key, [.. g.SelectMany(t => t.Drafts)])),
    ];

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
}
