using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Policies.Reading;

/// <summary>The metadata of a Calico object as users know it, whichever API group it was read from.</summary>
/// <remarks>
/// Custom resources of <c>crd.projectcalico.org/v1</c> wrap theirs in the annotation <c>projectcalico.org/metadata</c>: from
/// v3.28 labels are in there only, from v3.30 the policies' names too. Source: Calico <c>libcalico-go/lib/backend/k8s/resources</c>.
/// </remarks>
/// <param name="Labels">The object's labels, those in the annotation over those of the resource.</param>
/// <param name="HasAnnotation">Whether the annotation is there; without it even the name is as written.</param>
/// <param name="AnnotatedName">The name in the annotation; null when it has none.</param>
internal sealed record CalicoMetadata(SortedDictionary<string, string> Labels, bool HasAnnotation, string? AnnotatedName)
{
    public const string V1Group = "crd.projectcalico.org";
    public const string V3Group = "projectcalico.org";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    private static readonly string[] KeptPrefixes = ["knp.", "ossg."];

    public static CalicoMetadata Read(ClusterObject obj, ICollection<PolicyFinding> findings)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var metadata = obj.Json["metadata"] as JsonObject;
        AddLabels(metadata, labels, "metadata", findings);
        if (obj.Group != V1Group || metadata?["annotations"]?[CalicoLabels.MetadataAnnotation] is not JsonValue annotation)
        {
            return new CalicoMetadata(labels, HasAnnotation: false, null);
        }

        var path = $"metadata.annotations[{CalicoLabels.MetadataAnnotation}]";
        JsonObject? inner;
        try
        {
            inner = JsonNode.Parse(annotation.GetValue<string>(), documentOptions: Strict) as JsonObject;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            inner = null;
        }

        if (inner is null)
        {
            findings.Add(PolicyCode.MalformedField.At(path, "must be a text that holds a JSON object, each field once"));
            return new CalicoMetadata(labels, HasAnnotation: true, null);
        }

        AddLabels(inner, labels, path, findings);
        var name = new FieldReader(inner, path, findings).Text("name");
        return new CalicoMetadata(labels, HasAnnotation: true, string.IsNullOrEmpty(name) ? null : name);
    }

    /// <summary>The name of a policy as users know it.</summary>
    public string PolicyName(ClusterObject obj, string tier, ReleaseVersion version)
    {
        if (!HasAnnotation || AnnotatedName is not null)
        {
            return AnnotatedName ?? obj.Name;
        }

        // v3.30 shows default.foo as it is stored.
        if (tier != CalicoTier.DefaultName || (version >= new ReleaseVersion(3, 30) && version < new ReleaseVersion(3, 31)) || KeptPrefixes.Any(p => obj.Name.StartsWith(p, StringComparison.Ordinal)))
        {
            return obj.Name;
        }

        var dot = obj.Name.IndexOf('.', StringComparison.Ordinal);
        var cuts = version < CalicoTier.Since ? dot >= 0 : obj.Name.StartsWith("default.", StringComparison.Ordinal);
        return cuts ? obj.Name[(dot + 1)..] : obj.Name;
    }

    /// <summary>The name of the custom resource behind an object: what Felix sorts by and, up to v3.31, reads the tier from.</summary>
    public static string StoredName(ClusterObject obj, string? specTier, ReleaseVersion version)
    {
        if (obj.Group == V1Group || version >= new ReleaseVersion(3, 32)
            || KeptPrefixes.Any(p => obj.Name.StartsWith(p, StringComparison.Ordinal)))
        {
            return obj.Name;
        }

        var tier = string.IsNullOrEmpty(specTier) || version < CalicoTier.Since ? CalicoTier.DefaultName : specTier;
        return obj.Name.StartsWith(tier + ".", StringComparison.Ordinal) ? obj.Name : $"{tier}.{obj.Name}";
    }

    /// <summary>The tier that Felix enforces a policy in.</summary>
    public static string TierOf(string storedName, string? specTier, ReleaseVersion version)
    {
        if (version < CalicoTier.Since)
        {
            return CalicoTier.DefaultName;
        }

        if (version >= new ReleaseVersion(3, 32))
        {
            return string.IsNullOrEmpty(specTier) ? CalicoTier.DefaultName : specTier;
        }

        var parts = storedName.Split('.');
        return parts switch
        {
            [_] or ["knp", "default", ..] => CalicoTier.DefaultName,
            ["ossg", ..] when version >= new ReleaseVersion(3, 30) => CalicoTier.DefaultName,
            ["kanp" or "kbanp", var tier, _, ..] => tier,
            _ => parts[0],
        };
    }

    private static void AddLabels(
        JsonObject? metadata, SortedDictionary<string, string> labels, string path, ICollection<PolicyFinding> findings)
    {
        if (metadata is null)
        {
            return;
        }

        foreach (var (key, value) in LabelSelectorReader.ReadLabels(new FieldReader(metadata, path, findings).Object("labels")))
        {
            labels[key] = value;
        }
    }
}
