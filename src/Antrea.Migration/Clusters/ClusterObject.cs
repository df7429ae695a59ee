using System.Text.Json.Nodes;

namespace Antrea.Migration.Clusters;

/// <summary>One Kubernetes object as it was read: its identity, its JSON and where it came from.</summary>
/// <remarks>Two objects are equal only when they are the same instance: JSON has no cheap equality.</remarks>
public sealed class ClusterObject
{
    /// <summary>Wraps an object that has <c>apiVersion</c>, <c>kind</c> and <c>metadata.name</c>.</summary>
    /// <param name="json">The object. The caller must not change it afterwards.</param>
    /// <param name="source">Where it came from: <c>pods.yaml:12</c> (file and first line), or <c>cluster</c>.</param>
    /// <exception cref="FormatException">One of the three identifying fields is missing or not a text.</exception>
    public ClusterObject(JsonObject json, string source)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(source);
        Json = json;
        Source = source;
        ApiVersion = Text(json, "apiVersion") ?? throw Missing("apiVersion");
        Group = ApiVersion.IndexOf('/', StringComparison.Ordinal) is >= 0 and var end ? ApiVersion[..end] : "";
        Kind = Text(json, "kind") ?? throw Missing("kind");
        var metadata = json["metadata"] as JsonObject;
        Name = Text(metadata, "name") ?? throw Missing("metadata.name");
        Namespace = Text(metadata, "namespace") ?? "";

        FormatException Missing(string field) =>
            new($"{source}: an object without '{field}'; every Kubernetes object has apiVersion, kind and metadata.name.");
    }

    /// <summary>For example <c>crd.projectcalico.org/v1</c>, or <c>v1</c> for the core group.</summary>
    public string ApiVersion { get; }

    /// <summary>For example <c>IPAMBlock</c>.</summary>
    public string Kind { get; }

    /// <summary>The Namespace, or the empty string for a cluster-scoped object.</summary>
    public string Namespace { get; }

    /// <summary>The name, unique within kind and Namespace.</summary>
    public string Name { get; }

    /// <summary>The whole object. Read only by convention.</summary>
    public JsonObject Json { get; }

    /// <summary>Where the object came from, for messages.</summary>
    public string Source { get; }

    /// <summary>Which document of its file the object is in, counted from 1; 0 when it is from no file.</summary>
    internal int Document { get; init; }

    /// <summary>The API group: the part of <see cref="ApiVersion"/> before the slash, empty for the core group.</summary>
    public string Group { get; }

    /// <summary><c>Kind/name</c> or <c>Kind/namespace/name</c>, as findings name it.</summary>
    public override string ToString() => Namespace.Length == 0 ? $"{Kind}/{Name}" : $"{Kind}/{Namespace}/{Name}";

    private static string? Text(JsonObject? parent, string field) =>
        parent?[field] is JsonValue value && value.TryGetValue<string>(out var text) && text.Length > 0 ? text : null;
}
