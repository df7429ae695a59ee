using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>Makes Pods out of workloads' templates.</summary>
internal static class PodTemplates
{
    /// <summary>A short text that differs when templates differ, for names and labels. The order of fields does not count.</summary>
    public static string HashOf(JsonNode? template)
    {
        var hash = 2166136261u; // FNV-1a
        foreach (var octet in Encoding.UTF8.GetBytes(Sorted(template)?.ToJsonString() ?? ""))
        {
            hash = unchecked((hash ^ octet) * 16777619u);
        }

        return RandomNames.Encode(hash);
    }

    /// <summary>A Pod of a workload, with a random name, ready to be created.</summary>
    /// <param name="owner">The workload; its kind and apiVersion must be set.</param>
    /// <param name="labelKey">A label to add to the template's.</param>
    /// <param name="labelValue">Its value.</param>
    public static JsonObject NewPod(JsonObject owner, string labelKey, string labelValue)
    {
        var template = owner.Object("spec", "template").Copy() ?? [];
        var metadata = new JsonObject
        {
            ["name"] = $"{owner.NameOf()}-{RandomNames.Suffix()}",
            ["generateName"] = owner.NameOf() + "-",
            ["namespace"] = owner.NamespaceOf(),
            ["labels"] = template.Object("metadata", "labels").Copy() ?? [],
            ["ownerReferences"] = new JsonArray(OwnerReference(owner)),
        };
        metadata["labels"]![labelKey] = labelValue;
        foreach (var field in (string[])["annotations", "finalizers"])
        {
            if (template.At("metadata", field) is { } kept)
            {
                metadata[field] = kept.DeepClone();
            }
        }

        return new JsonObject { ["metadata"] = metadata, ["spec"] = template["spec"]?.DeepClone() };
    }

    /// <summary>The reference by which an object belongs to its controller.</summary>
    public static JsonObject OwnerReference(JsonObject owner) => new()
    {
        ["apiVersion"] = owner.Text("apiVersion"),
        ["kind"] = owner.Text("kind"),
        ["name"] = owner.NameOf(),
        ["uid"] = owner.UidOf(),
        ["controller"] = true,
        ["blockOwnerDeletion"] = true,
    };

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject obj => new JsonObject(obj.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => KeyValuePair.Create(e.Key, Sorted(e.Value)))),
        JsonArray list => new JsonArray([.. list.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
