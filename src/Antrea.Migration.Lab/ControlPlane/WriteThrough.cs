using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>The writes of a store that holds copies of another server's objects: to the server first, its answer to the store.</summary>
/// <remarks>Nothing is locked while the server is asked. A writer sees its own write at once, not when the watch tells.</remarks>
internal sealed class WriteThrough(ObjectStore store, IUpstream upstream)
{
    public JsonObject Create(ResourceType type, JsonObject obj) => store.Accept(type, upstream.Create(type, obj));

    public JsonObject Update(ResourceType type, JsonObject obj) =>
        Change(type, obj.NamespaceOf(), obj.NameOf(), old => With(old, obj), isVersioned: obj.Text("metadata", "resourceVersion") is { Length: > 0 })
        ?? throw StoreConflictException.NotFound(type, obj.NameOf());

    public JsonObject? Mutate(ResourceType type, string @namespace, string name, Func<JsonObject, bool> change) =>
        Change(
            type,
            @namespace,
            name,
            old =>
            {
                var copy = old.Copy();
                return change(copy) ? copy : null;
            },
            isVersioned: false);

    public bool Delete(ResourceType type, string @namespace, string name) =>
        Known(type, @namespace, name) is { } old
        && upstream.Delete(type, @namespace, name, old.UidOf())
        && store.Drop(type, @namespace, name, old.UidOf(), isAnnounced: true);

    private static JsonObject With(JsonObject old, JsonObject obj)
    {
        var copy = obj.Copy();
        copy.Ensure("metadata").Default("resourceVersion", old.Text("metadata", "resourceVersion")!);
        copy.Ensure("metadata").Default("uid", old.UidOf());
        return copy;
    }

    private JsonObject? Known(ResourceType type, string @namespace, string name) =>
        store.Peek(type, @namespace, name) ?? upstream.Read(type, @namespace, name);

    private JsonObject? Change(
        ResourceType type, string @namespace, string name, Func<JsonObject, JsonObject?> change, bool isVersioned)
    {
        for (var old = Known(type, @namespace, name); old is not null; old = upstream.Read(type, @namespace, name))
        {
            if (change(old) is not { } changed)
            {
                return null;
            }

            if (JsonNode.DeepEquals(changed, old))
            {
                return changed;
            }

            try
            {
                return store.Accept(type, upstream.Replace(type, changed, old));
            }
            catch (StoreConflictException e) when (e.Reason == "NotFound")
            {
                return null;
            }
            catch (StoreConflictException e) when (e.Reason == "Conflict" && !isVersioned)
            {
                // Somebody wrote in between: once more, from what is there now.
            }
        }

        return null;
    }
}
