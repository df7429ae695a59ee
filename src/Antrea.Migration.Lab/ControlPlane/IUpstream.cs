using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>The server whose objects an <see cref="ObjectStore"/> holds copies of: where its writes go.</summary>
/// <remarks>Answers come back as the server has them. Refusals are <see cref="StoreConflictException"/>s.</remarks>
internal interface IUpstream
{
    /// <summary>The object as it is now; null when there is none, or no such kind.</summary>
    JsonObject? Read(ResourceType type, string @namespace, string name);

    /// <summary>Adds an object, with its status.</summary>
    JsonObject Create(ResourceType type, JsonObject obj);

    /// <summary>Writes what differs from <paramref name="old"/> over it.</summary>
    JsonObject Replace(ResourceType type, JsonObject obj, JsonObject old);

    /// <summary>Deletes an object without a grace period. False when it was not there.</summary>
    bool Delete(ResourceType type, string @namespace, string name, string uid);
}
