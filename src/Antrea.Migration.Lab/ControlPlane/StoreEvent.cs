using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>What happened to an object.</summary>
internal enum StoreEventType
{
    Added,
    Modified,
    Deleted,
}

/// <summary>One change, in the order of resource versions.</summary>
/// <param name="Type">What happened.</param>
/// <param name="Resource">The kind of object.</param>
/// <param name="Object">The object after the change (as it last was, for a deletion), with the change's resourceVersion. Not to be changed.</param>
/// <param name="Version">The resource version of the change.</param>
/// <param name="Previous">The object before the change; null for a creation. Not to be changed.</param>
internal sealed record StoreEvent(
    StoreEventType Type, ResourceType Resource, JsonObject Object, long Version, JsonObject? Previous = null);

/// <summary>A write was refused: the object exists, is gone, has changed since it was read, or is not valid.</summary>
/// <param name="reason">The Kubernetes status reason: <c>AlreadyExists</c>, <c>NotFound</c>, <c>Conflict</c>, <c>Invalid</c>,
/// <c>Forbidden</c> or <c>Expired</c>.</param>
/// <param name="message">What an API server would say.</param>
internal sealed class StoreConflictException(string reason, string message) : Exception(message)
{
    /// <summary>The Kubernetes status reason.</summary>
    public string Reason { get; } = reason;

    public static StoreConflictException AlreadyExists(ResourceType type, string name) =>
        new("AlreadyExists", $"{type.QualifiedPlural} \"{name}\" already exists");

    public static StoreConflictException NotFound(ResourceType type, string name) =>
        new("NotFound", $"{type.QualifiedPlural} \"{name}\" not found");

    public static StoreConflictException Changed(ResourceType type, string name) =>
        new(
            "Conflict",
            $"Operation cannot be fulfilled on {type.QualifiedPlural} \"{name}\": the object has been modified; "
            + "please apply your changes to the latest version and try again");
}
