using System.Buffers;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>The API's rules that clients run into most: names, what a workload must have, and what may not change.</summary>
/// <remarks>No schema: unknown fields and wrong types pass.</remarks>
internal static class ObjectValidation
{
    private static readonly SearchValues<char> NameCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-.");

    /// <summary>Checks a name: given, and a DNS subdomain (RBAC objects: a path segment).</summary>
    /// <exception cref="ApiException">422.</exception>
    public static void ValidateName(ResourceType type, string name)
    {
        if (name.Length == 0)
        {
            throw ApiException.Invalid(type, "", "metadata.name", "FieldValueRequired", "Required value: name or generateName is required");
        }

        var good = type.Group == "rbac.authorization.k8s.io"
            ? name is not ("." or "..") && !name.AsSpan().ContainsAny('/', '%')
            : name.Length <= 253 && !name.AsSpan().ContainsAnyExcept(NameCharacters)
                && name.Split('.').All(label => label.Length > 0 && label[0] != '-' && label[^1] != '-');
        if (!good)
        {
            throw ApiException.Invalid(
                type, name, "metadata.name", "FieldValueInvalid",
                $"Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', "
                + "and must start and end with an alphanumeric character");
        }
    }

    /// <summary>Checks what no change of any object may do: give it another identity, or new finalizers on its way out.</summary>
    /// <exception cref="ApiException">422.</exception>
    public static void ValidateUpdate(ResourceType type, JsonObject obj, JsonObject old)
    {
        if (old.IsTerminating())
        {
            var added = obj.Texts("metadata", "finalizers").Except(old.Texts("metadata", "finalizers")).ToList();
            Require(
                type, obj, added.Count == 0, "metadata.finalizers",
                $"Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers [{string.Join(", ", added)}]",
                "FieldValueForbidden");
        }

        if (type.Kind is "ConfigMap" or "Secret" && old.Flag("immutable"))
        {
            foreach (var field in (string[])["data", "binaryData", "immutable"])
            {
                Require(
                    type, obj, JsonNode.DeepEquals(obj[field], old[field]), field, "Forbidden: field is immutable when `immutable` is set",
                    "FieldValueForbidden");
            }
        }
    }

    /// <summary>Checks a whole object.</summary>
    /// <exception cref="ApiException">422.</exception>
    public static void Validate(ResourceType type, JsonObject obj, JsonObject? old)
    {
        foreach (var (key, value) in obj.Object("metadata", "labels") ?? [])
        {
            Require(type, obj, IsLabelKey(key), "metadata.labels", $"Invalid value: \"{key}\": name part must consist of alphanumeric characters, '-', '_' or '.'");
            Require(
                type, obj, value.Text() is { } text && (text.Length == 0 || IsQualified(text)), "metadata.labels",
                $"Invalid value: {value?.ToJsonString()}: a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'");
        }

        switch (type.Group, type.Kind)
        {
            case ("", "Pod"):
                Containers(type, obj, obj.Object("spec"), "spec");
                PodSpecStays(obj, old);
                break;
            case ("apps", "DaemonSet" or "Deployment" or "ReplicaSet" or "StatefulSet"):
                Workload(type, obj, old);
                break;
            case ("batch", "Job"):
                Containers(type, obj, obj.Object("spec", "template", "spec"), "spec.template.spec");
                break;
            case ("", "ConfigMap" or "Secret"):
                foreach (var key in (obj.Object("data") ?? []).Concat(obj.Object("binaryData") ?? []).Select(f => f.Key))
                {
                    Require(
                        type, obj, key.Length <= 253 && IsFileName(key), $"data[{key}]",
                        $"Invalid value: \"{key}\": a valid config key must consist of alphanumeric characters, '-', '_' or '.'");
                }

                break;
            case ("", "Service"):
                foreach (var (port, index) in obj.Items("spec", "ports").Select((p, i) => (p, i)))
                {
                    Require(type, obj, port.Number("port") is >= 1 and <= 65535, $"spec.ports[{index}].port", "must be between 1 and 65535, inclusive");
                }

                Unchanged(type, obj, old, "spec", "clusterIP");
                break;
            case ("apiextensions.k8s.io", "CustomResourceDefinition"):
                Definition(type, obj, old);
                break;
        }
    }

    private static bool IsFileName(string text) =>
        text is not ("" or "." or "..") && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.');

    private static bool IsQualified(string text) =>
        text.Length <= 63 && IsFileName(text) && char.IsAsciiLetterOrDigit(text[0]) && char.IsAsciiLetterOrDigit(text[^1]);

    private static bool IsLabelKey(string key) => key.Split('/') switch
    {
        [var name] => IsQualified(name),
        [var prefix, var name] => prefix.Length is > 0 and <= 253 && !prefix.AsSpan().ContainsAnyExcept(NameCharacters) && IsQualified(name),
        _ => false,
    };

    private static void Workload(ResourceType type, JsonObject obj, JsonObject? old)
    {
        var selector = obj.Object("spec", "selector");
        Require(type, obj, selector is { Count: > 0 }, "spec.selector", "is required", "FieldValueRequired");
        Require(
            type, obj,
            LabelSelector.FromSpec(selector).MatchesLabels(obj.Object("spec", "template", "metadata", "labels")),
            "spec.template.metadata.labels", "`selector` does not match template `labels`");
        Unchanged(type, obj, old, "spec", "selector");
        Containers(type, obj, obj.Object("spec", "template", "spec"), "spec.template.spec");
    }

    private static void Containers(ResourceType type, JsonObject obj, JsonObject? spec, string path)
    {
        var containers = spec.Items("containers").ToList();
        Require(type, obj, containers.Count > 0, $"{path}.containers", "is required", "FieldValueRequired");
        for (var i = 0; i < containers.Count; i++)
        {
            Require(type, obj, containers[i].Text("name") is { Length: > 0 }, $"{path}.containers[{i}].name", "is required", "FieldValueRequired");
            Require(type, obj, containers[i].Text("image") is { Length: > 0 }, $"{path}.containers[{i}].image", "is required", "FieldValueRequired");
        }

        Require(
            type, obj, containers.Select(c => c.Text("name")).Distinct().Count() == containers.Count,
            $"{path}.containers", "has two containers of one name");
    }

    /// <summary>Of a Pod's spec only images, tolerations, active deadline and grace period may change; the Node is set by binding.</summary>
    private static void PodSpecStays(JsonObject pod, JsonObject? old)
    {
        if (old is null)
        {
            return;
        }

        var (left, right) = (Fixed(pod), Fixed(old));
        if (right["nodeName"] is { } node)
        {
            left.Default("nodeName", node.DeepClone());
        }

        Require(
            ResourceType.Pod, pod, JsonNode.DeepEquals(left, right), "spec",
            "pod updates may not change fields other than `spec.containers[*].image`, `spec.initContainers[*].image`, "
            + "`spec.activeDeadlineSeconds`, `spec.tolerations` (only additions to existing tolerations), "
            + "`spec.terminationGracePeriodSeconds`", "FieldValueForbidden");

        static JsonObject Fixed(JsonObject obj)
        {
            var spec = obj.Object("spec").Copy() ?? [];
            ObjectDefaults.CompletePodSpec(spec);
            foreach (var field in (string[])["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"])
            {
                spec.Remove(field);
            }

            foreach (var container in spec.Items("containers").Concat(spec.Items("initContainers")))
            {
                container.Remove("image");
            }

            return spec;
        }
    }

    private static void Definition(ResourceType type, JsonObject obj, JsonObject? old)
    {
        var names = obj.Object("spec", "names");
        Require(type, obj, obj.Text("spec", "group") is { Length: > 0 }, "spec.group", "is required", "FieldValueRequired");
        Require(type, obj, names.Text("plural") is { Length: > 0 }, "spec.names.plural", "is required", "FieldValueRequired");
        Require(type, obj, names.Text("kind") is { Length: > 0 }, "spec.names.kind", "is required", "FieldValueRequired");
        Require(type, obj, obj.Text("spec", "scope") is "Namespaced" or "Cluster", "spec.scope", "supported values: \"Cluster\", \"Namespaced\"");
        Require(
            type, obj, obj.NameOf() == $"{names.Text("plural")}.{obj.Text("spec", "group")}", "metadata.name",
            "must be spec.names.plural+\".\"+spec.group");
        Require(
            type, obj, obj.Items("spec", "versions").Count(v => v.Flag("storage")) == 1, "spec.versions",
            "must have exactly one version marked as storage version");
        foreach (var column in obj.Items("spec", "versions").SelectMany(v => v.Items("additionalPrinterColumns")))
        {
            SimpleJsonPath.Parse(column.Text("jsonPath") ?? "");
        }

        Unchanged(type, obj, old, "spec", "scope");
        Unchanged(type, obj, old, "spec", "group");
        Unchanged(type, obj, old, "spec", "names", "plural");
    }

    private static void Unchanged(ResourceType type, JsonObject obj, JsonObject? old, params string[] path)
    {
        // An absent field is completed from the old object; what is not there cannot have been changed.
        if (old?.At(path) is { } before && obj.At(path) is { } after)
        {
            Require(
                type, obj, JsonNode.DeepEquals(before, after), string.Join('.', path),
                $"Invalid value: {after.ToJsonString()}: field is immutable");
        }
    }

    private static void Require(
        ResourceType type, JsonObject obj, bool holds, string field, string message, string fault = "FieldValueInvalid")
    {
        if (!holds)
        {
            throw ApiException.Invalid(type, obj.NameOf(), field, fault, message);
        }
    }
}
