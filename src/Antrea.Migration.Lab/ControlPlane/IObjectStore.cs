using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Kubernetes objects as a CNI plugin reads and writes them: the lab's own store, or a real API server.</summary>
internal interface IObjectStore
{
    /// <summary>The cluster's time as objects carry it: UTC, whole seconds.</summary>
    string Now { get; }

    /// <summary>The object, or null. Not to be changed.</summary>
    JsonObject? Peek(ResourceType type, string @namespace, string name);

    /// <summary>All objects of a kind, sorted by Namespace and name. Not to be changed.</summary>
    List<JsonObject> PeekAll(ResourceType type, string? @namespace = null);

    /// <summary>Adds an object.</summary>
    /// <exception cref="StoreConflictException">AlreadyExists, or it is refused.</exception>
    JsonObject Create(ResourceType type, JsonObject obj, bool dryRun = false);

    /// <summary>Replaces an object; one that names no resourceVersion is replaced whatever is there.</summary>
    /// <exception cref="StoreConflictException">NotFound or Conflict, or it is refused.</exception>
    JsonObject Update(ResourceType type, JsonObject obj, bool dryRun = false);

    /// <summary>Reads, changes and writes one object in one go; the change, which may be asked for again after a conflict, returns
    /// false to leave it alone. Null when it is not there or was left alone.</summary>
    JsonObject? Mutate(ResourceType type, string @namespace, string name, Func<JsonObject, bool> change);

    /// <summary>Removes an object. False when it is not there.</summary>
    bool Delete(ResourceType type, string @namespace, string name);
}
