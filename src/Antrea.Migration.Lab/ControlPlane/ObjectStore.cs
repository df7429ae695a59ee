using System.Globalization;
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
/// <param name="Object">The object after the change (before it, for a deletion), with the change's resourceVersion. Not to be changed.</param>
/// <param name="Version">The resource version of the change.</param>
internal sealed record StoreEvent(StoreEventType Type, ResourceType Resource, JsonObject Object, long Version);

/// <summary>A write was refused: the object exists, is gone, or has changed since it was read.</summary>
internal sealed class StoreConflictException(string reason, string message) : Exception(message)
{
    /// <summary>The Kubernetes status reason: <c>AlreadyExists</c>, <c>NotFound</c> or <c>Conflict</c>.</summary>
    public string Reason { get; } = reason;
}

/// <summary>The lab cluster's objects, in memory: one counter of resource versions, optimistic concurrency, a feed of changes.</summary>
/// <remarks>
/// What goes in and what comes out is copied, so nobody holds a piece of the store. Subscribers are called inside the
/// write, in order and must only queue. Thread-safe.
/// </remarks>
internal sealed class ObjectStore(TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ResourceType, SortedDictionary<(string Namespace, string Name), JsonObject>> _objects = [];
    private readonly List<StoreEvent> _history = [];
    private readonly List<Action<StoreEvent>> _subscribers = [];
    private long _version = 1;

    /// <summary>The version of the newest change.</summary>
    public long Version
    {
        get
        {
            lock (_gate)
            {
                return _version;
            }
        }
    }

    /// <summary>A copy of the object, or null.</summary>
    public JsonObject? Get(ResourceType type, string @namespace, string name)
    {
        lock (_gate)
        {
            return Table(type).TryGetValue((@namespace, name), out var found) ? Copy(found) : null;
        }
    }

    /// <summary>Copies of all objects of a kind, of one Namespace or of all (null), sorted by Namespace and name.</summary>
    public List<JsonObject> List(ResourceType type, string? @namespace = null)
    {
        lock (_gate)
        {
            return [.. Table(type).Where(e => @namespace is null || e.Key.Namespace == @namespace).Select(e => Copy(e.Value))];
        }
    }

    /// <summary>Adds an object; fills in uid, creationTimestamp, resourceVersion and generation. Returns it as stored.</summary>
    /// <exception cref="StoreConflictException">AlreadyExists.</exception>
    public JsonObject Create(ResourceType type, JsonObject obj)
    {
        lock (_gate)
        {
            var copy = Copy(obj);
            var key = KeyOf(copy);
            if (Table(type).ContainsKey(key))
            {
                throw new StoreConflictException("AlreadyExists", $"{type.Plural} \"{key.Name}\" already exists");
            }

            copy["apiVersion"] ??= type.ApiVersion;
            copy["kind"] ??= type.Kind;
            var metadata = (JsonObject)copy["metadata"]!;
            metadata["uid"] = Guid.NewGuid().ToString();
            metadata["creationTimestamp"] = Timestamp();
            metadata["generation"] = 1;
            return Commit(StoreEventType.Added, type, key, copy);
        }
    }

    /// <summary>Replaces an object. A resourceVersion in it must be the stored one; without one the write is unconditional.
    /// generation rises when anything but metadata and status changes. An unchanged object is not written again.</summary>
    /// <exception cref="StoreConflictException">NotFound or Conflict.</exception>
    public JsonObject Update(ResourceType type, JsonObject obj)
    {
        lock (_gate)
        {
            var copy = Copy(obj);
            var key = KeyOf(copy);
            if (!Table(type).TryGetValue(key, out var old))
            {
                throw new StoreConflictException("NotFound", $"{type.Plural} \"{key.Name}\" not found");
            }

            var metadata = (JsonObject)copy["metadata"]!;
            var oldMetadata = (JsonObject)old["metadata"]!;
            if (metadata["resourceVersion"]?.GetValue<string>() is { Length: > 0 } version
                && version != oldMetadata["resourceVersion"]!.GetValue<string>())
            {
                throw new StoreConflictException(
                    "Conflict",
                    $"Operation cannot be fulfilled on {type.Plural} \"{key.Name}\": the object has been modified; "
                    + "please apply your changes to the latest version and try again");
            }

            foreach (var field in (string[])["uid", "creationTimestamp", "resourceVersion", "generation", "deletionTimestamp"])
            {
                if (oldMetadata[field] is { } kept)
                {
                    metadata[field] = kept.DeepClone();
                }
            }

            if (JsonNode.DeepEquals(copy, old))
            {
                return copy;
            }

            if (!JsonNode.DeepEquals(WithoutMetadataAndStatus(copy), WithoutMetadataAndStatus(old)))
            {
                metadata["generation"] = (oldMetadata["generation"]?.GetValue<long>() ?? 1) + 1;
            }

            if (oldMetadata["deletionTimestamp"] is not null && metadata["finalizers"] is not JsonArray { Count: > 0 }
                && oldMetadata["finalizers"] is JsonArray { Count: > 0 })
            {
                return Remove(type, key, copy);
            }

            return Commit(StoreEventType.Modified, type, key, copy);
        }
    }

    /// <summary>Reads, changes and writes one object in one go; the change returns false to leave it alone. Null when it is not there.</summary>
    public JsonObject? Mutate(ResourceType type, string @namespace, string name, Func<JsonObject, bool> change)
    {
        lock (_gate)
        {
            return Get(type, @namespace, name) is { } obj && change(obj) ? Update(type, obj) : null;
        }
    }

    /// <summary>Marks an object for deletion (deletionTimestamp); with finalizers left, or a grace period, it stays until
    /// <see cref="Update"/> takes the last finalizer off or <see cref="Delete"/> removes it.</summary>
    public JsonObject? MarkForDeletion(ResourceType type, string @namespace, string name, long gracePeriodSeconds) =>
        Mutate(type, @namespace, name, obj =>
        {
            var metadata = (JsonObject)obj["metadata"]!;
            if (metadata["deletionTimestamp"] is not null)
            {
                return false;
            }

            var stored = Table(type)[(@namespace, name)];
            stored["metadata"]!["deletionTimestamp"] = Timestamp(); // Update keeps the stored one
            metadata["deletionGracePeriodSeconds"] = gracePeriodSeconds;
            return true;
        });

    /// <summary>Removes an object at once. False when it is not there.</summary>
    public bool Delete(ResourceType type, string @namespace, string name)
    {
        lock (_gate)
        {
            var key = (@namespace, name);
            if (!Table(type).TryGetValue(key, out var old))
            {
                return false;
            }

            Remove(type, key, Copy(old));
            return true;
        }
    }

    /// <summary>Calls <paramref name="onEvent"/> for every change after <paramref name="sinceVersion"/>, past ones first.</summary>
    public IDisposable Subscribe(Action<StoreEvent> onEvent, long sinceVersion)
    {
        lock (_gate)
        {
            foreach (var past in _history.Where(e => e.Version > sinceVersion))
            {
                onEvent(past);
            }

            _subscribers.Add(onEvent);
            return new Subscription(this, onEvent);
        }
    }

    /// <summary>A consistent list and the version to watch from.</summary>
    public (List<JsonObject> Items, long Version) ListWithVersion(ResourceType type, string? @namespace = null)
    {
        lock (_gate)
        {
            return (List(type, @namespace), _version);
        }
    }

    private static JsonObject Copy(JsonObject obj) => (JsonObject)obj.DeepClone();

    private static (string Namespace, string Name) KeyOf(JsonObject obj) =>
        (obj["metadata"]?["namespace"]?.GetValue<string>() ?? "", obj["metadata"]!["name"]!.GetValue<string>());

    private static JsonObject WithoutMetadataAndStatus(JsonObject obj)
    {
        var copy = Copy(obj);
        copy.Remove("metadata");
        copy.Remove("status");
        return copy;
    }

    private string Timestamp() =>
        time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private SortedDictionary<(string Namespace, string Name), JsonObject> Table(ResourceType type)
    {
        if (!_objects.TryGetValue(type, out var table))
        {
            _objects[type] = table = [];
        }

        return table;
    }

    private JsonObject Remove(ResourceType type, (string Namespace, string Name) key, JsonObject last)
    {
        Table(type).Remove(key);
        return Publish(StoreEventType.Deleted, type, last);
    }

    private JsonObject Commit(StoreEventType change, ResourceType type, (string Namespace, string Name) key, JsonObject obj)
    {
        Table(type)[key] = obj;
        return Copy(Publish(change, type, obj));
    }

    private JsonObject Publish(StoreEventType change, ResourceType type, JsonObject obj)
    {
        _version++;
        obj["metadata"]!["resourceVersion"] = _version.ToString(CultureInfo.InvariantCulture);
        var stored = new StoreEvent(change, type, Copy(obj), _version);
        _history.Add(stored);
        foreach (var subscriber in _subscribers)
        {
            subscriber(stored);
        }

        return obj;
    }

    private sealed class Subscription(ObjectStore store, Action<StoreEvent> onEvent) : IDisposable
    {
        public void Dispose()
        {
            lock (store._gate)
            {
                store._subscribers.Remove(onEvent);
            }
        }
    }
}
