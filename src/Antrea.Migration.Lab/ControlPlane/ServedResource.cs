using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>A kind of object as the API server offers it in one version.</summary>
/// <param name="Type">The kind as it is stored.</param>
/// <param name="Version">The version it is offered in: <see cref="ResourceType.Version"/>, or another one of a custom resource.</param>
internal sealed record ServedResource(ResourceType Type, string Version)
{
    /// <summary>For example <c>daemonset</c>.</summary>
    public string Singular { get; init; } = Type.Kind.ToLowerInvariant();

    /// <summary>For example <c>DaemonSetList</c>.</summary>
    public string ListKind { get; init; } = Type.Kind + "List";

    /// <summary>For example <c>ds</c>.</summary>
    public string[] ShortNames { get; init; } = [];

    /// <summary>For example <c>all</c>.</summary>
    public string[] Categories { get; init; } = [];

    /// <summary>Whether there is a <c>status</c> subresource, so that other writes leave <c>status</c> alone.</summary>
    public bool HasStatus { get; init; }

    /// <summary>Whether there is a <c>scale</c> subresource.</summary>
    public bool HasScale { get; init; }

    /// <summary>Further subresources with the group/version and kind they take, for discovery.</summary>
    public (string Name, string Group, string Version, string Kind, string[] Verbs)[] Subresources { get; init; } = [];

    /// <summary>Whether it is a question to the server, which is answered and not stored.</summary>
    public bool IsReview { get; init; }

    /// <summary>Whether a CustomResourceDefinition made it.</summary>
    public bool IsCustom { get; init; }

    /// <summary><c>additionalPrinterColumns</c> of a custom resource; null for none.</summary>
    public JsonArray? Columns { get; init; }

    /// <summary>What objects carry in <c>apiVersion</c> on the wire.</summary>
    public string ApiVersion => Type.Group.Length == 0 ? Version : $"{Type.Group}/{Version}";
}
