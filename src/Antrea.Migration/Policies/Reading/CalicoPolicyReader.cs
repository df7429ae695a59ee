using System.Text.Json.Nodes;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Policies.Reading;

/// <summary>A policy and what was wrong or odd about its text.</summary>
/// <param name="Object">What was read.</param>
/// <param name="Policy">The policy; not to be used when a finding blocks.</param>
/// <param name="Findings">In the order found.</param>
internal sealed record ReadPolicy(ClusterObject Object, CalicoPolicy Policy, IReadOnlyList<PolicyFinding> Findings);

/// <summary>Reads a Calico NetworkPolicy or GlobalNetworkPolicy of either API group.</summary>
internal static class CalicoPolicyReader
{
    private static readonly ReleaseVersion NativeObjects = new(3, 32);

    public static ReadPolicy Read(ClusterObject obj, ReleaseVersion version)
    {
        var findings = new List<PolicyFinding>();
        var isGlobal = obj.Kind == "GlobalNetworkPolicy";
        var metadata = CalicoMetadata.Read(obj, findings);
        var lineBreaks = version < new ReleaseVersion(3, 30);
        var spec = new FieldReader(obj.Json, "", findings) { LineBreaksInSelectors = lineBreaks }.Object("spec") ?? new FieldReader([], "spec", findings);
        var specTier = spec.Text("tier");
        var storedName = CalicoMetadata.StoredName(obj, specTier, version);
        var tier = CalicoMetadata.TierOf(storedName, specTier, version);
        if (!string.IsNullOrEmpty(specTier) && specTier != tier)
        {
            findings.Add(PolicyCode.TierByName.At(
                "spec.tier", $"Calico {version} enforces the object {storedName} in tier {tier}, though spec.tier says {specTier}"));
        }

        var ingress = CalicoRuleReader.ReadRules(spec, "ingress", findings);
        var egress = CalicoRuleReader.ReadRules(spec, "egress", findings);
        var (governsIngress, governsEgress) = ReadTypes(obj, spec, ingress.Length > 0, egress.Length > 0, version, findings);
        spec.Ignore("performanceHints");
        var policy = new CalicoPolicy
        {
            IsGlobal = isGlobal,
            Namespace = obj.Namespace,
            Name = metadata.PolicyName(obj, tier, version),
            StoredName = storedName,
            Tier = tier,
            Order = spec.Number("order") ?? double.PositiveInfinity,
            Selector = spec.Selector("selector"),
            ServiceAccountSelector = spec.Selector("serviceAccountSelector"),
            NamespaceSelector = isGlobal ? spec.Selector("namespaceSelector") : null,
            DoNotTrack = isGlobal && (spec.Flag("doNotTrack") ?? false),
            PreDnat = isGlobal && (spec.Flag("preDNAT") ?? false),
            ApplyOnForward = isGlobal && (spec.Flag("applyOnForward") ?? false),
            GovernsIngress = governsIngress,
            GovernsEgress = governsEgress,
            Ingress = ingress,
            Egress = egress,
        };
        spec.Finish();
        NoteIgnoredRules(policy, findings);
        return new ReadPolicy(obj, policy, findings);
    }

    /// <summary>Felix governs both directions when a stored object has no types; on the way in, the API server derives them from the rules. Where v3 objects
    /// are custom resources themselves (from v3.32 on), an empty list counts as rules: a manifest that the two read differently is refused.</summary>
    /// <remarks>Source: Calico <c>api/pkg/defaults/networkpolicy.go</c>, <c>api/admission</c> and <c>felix/calc</c>.</remarks>
    private static (bool Ingress, bool Egress) ReadTypes(
        ClusterObject obj, FieldReader spec, bool hasIngress, bool hasEgress, ReleaseVersion version, List<PolicyFinding> findings)
    {
        var ingress = false;
        var egress = false;
        foreach (var (type, path) in spec.Texts("types"))
        {
            if (type.Equals("Ingress", StringComparison.OrdinalIgnoreCase))
            {
                ingress = true;
            }
            else if (type.Equals("Egress", StringComparison.OrdinalIgnoreCase))
            {
                egress = true;
            }
            else
            {
                findings.Add(PolicyCode.TypesUnknown.At(path, $"'{type}' is no direction"));
                return (true, true);
            }
        }

        if (ingress || egress)
        {
            return (ingress, egress);
        }

        var metadata = obj.Json["metadata"] as JsonObject;
        var isStored = obj.Group == CalicoMetadata.V1Group || metadata?["uid"] is not null || metadata?["resourceVersion"] is not null;
        (ingress, egress) = isStored ? (true, true) : (hasIngress || !hasEgress, hasEgress);
        if (!isStored && version >= NativeObjects && (spec.Has("ingress") || !spec.Has("egress"), spec.Has("egress")) != (ingress, egress))
        {
            findings.Add(PolicyCode.TypesUnknown.At("spec.types", "a manifest without types and with an empty list of rules; what will be written depends on how Calico stores it"));
        }

        var taken = ingress && egress ? "Ingress and Egress" : ingress ? "Ingress" : "Egress";
        findings.Add(PolicyCode.TypesDerived.At(
            "spec.types",
            isStored
                ? $"a stored policy without types; Felix governs {taken}"
                : $"a manifest without types; the API server will write {taken}"));
        return (ingress, egress);
    }

    private static void NoteIgnoredRules(CalicoPolicy policy, List<PolicyFinding> findings)
    {
        foreach (var (governs, rules, field) in new[]
        {
            (policy.GovernsIngress, policy.Ingress, "spec.ingress"), (policy.GovernsEgress, policy.Egress, "spec.egress"),
        })
        {
            if (!governs && rules.Length > 0)
            {
                findings.Add(PolicyCode.RulesIgnored.At(field, $"{rules.Length} rules in a direction that spec.types leaves out"));
            }
        }
    }
}
