using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>The lab cluster's objects, in memory: one counter of resource versions, optimistic concurrency, a feed of changes.</summary>
/// <remarks>
/// What goes in and what comes out is copied, so nobody holds a piece of the store; the <c>Peek</c> members and events
/// share the stored instances instead, which are never changed after the write and must not be by a reader. Subscribers
/// are called inside the write, in order, and must only queue. Thread-safe.
/// </remarks>
/// <param name="time">The cluster's clock, for creation and deletion timestamps.</param>
/// <param name="historyLimit">How many past changes are kept at least for <see cref="Subscribe"/>.</param>
internal sealed partial class ObjectStore(TimeProvider time, int historyLimit = 20_000) : IObjectStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ResourceType, ObjectTable> _objects = [];
    private readonly List<StoreEvent> _history = [];
    private readonly List<Action<StoreEvent>> _subscribers = [];
    private long _version = 1;
    private long _forgotten = 1;

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

    /// <summary>Called inside every write with the kind, the new object (which it may complete) and the old one, null for
    /// a creation. It may refuse the write with a <see cref="StoreConflictException"/>.</summary>
    public Action<ResourceType, JsonObject, JsonObject?>? Admission { get; set; }

    /// <summary>The cluster's time as objects carry it: UTC, whole seconds.</summary>
    public string Now => time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <summary>A copy of the object, or null.</summary>
    public JsonObject? Get(ResourceType type, string @namespace, string name) => Peek(type, @namespace, name).Copy();

    /// <summary>The stored object itself, or null. Not to be changed.</summary>
    public JsonObject? Peek(ResourceType type, string @namespace, string name)
    {
        lock (_gate)
        {
            return Table(type).Find(@namespace, name);
        }
    }

    /// <summary>Copies of all objects of a kind, of one Namespace or of all (null), sorted by Namespace and name.</summary>
    public List<JsonObject> List(ResourceType type, string? @namespace = null) =>
        [.. PeekAll(type, @namespace).Select(obj => obj.Copy())];

    /// <summary>The stored objects themselves, sorted as <see cref="List"/> sorts. Not to be changed.</summary>
    public List<JsonObject> PeekAll(ResourceType type, string? @namespace = null) => PeekWithVersion(type, @namespace).Items;

    /// <summary>A consistent list of copies and the version to watch from.</summary>
    public (List<JsonObject> Items, long Version) ListWithVersion(ResourceType type, string? @namespace = null)
    {
        var (items, version) = PeekWithVersion(type, @namespace);
        return ([.. items.Select(obj => obj.Copy())], version);
    }

    /// <summary>A consistent list of the stored objects themselves and the version to watch from.</summary>
    public (List<JsonObject> Items, long Version) PeekWithVersion(ResourceType type, string? @namespace = null)
    {
        lock (_gate)
        {
            return ([.. Table(type).In(@namespace)], _version);
        }
    }

    /// <summary>The kinds of which there is an object.</summary>
    public List<ResourceType> Types()
    {
        lock (_gate)
        {
            return [.. _objects.Where(e => !e.Value.IsEmpty).Select(e => e.Key)];
        }
    }

    /// <summary>Adds an object; fills in uid, creationTimestamp, resourceVersion and generation. Returns it as stored.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="obj">The object; it needs <c>metadata.name</c>, and <c>metadata.namespace</c> when the kind is namespaced.</param>
    /// <param name="dryRun">Do everything but store it.</param>
    /// <exception cref="StoreConflictException">AlreadyExists, or what <see cref="Admission"/> says.</exception>
    public JsonObject Create(ResourceType type, JsonObject obj, bool dryRun = false)
    {
        if (_through is { } through)
        {
            return through.Create(type, obj);
        }

        lock (_gate)
        {
            var copy = obj.Copy();
            if (Table(type).Find(copy.NamespaceOf(), copy.NameOf()) is not null)
            {
                throw StoreConflictException.AlreadyExists(type, copy.NameOf());
            }

            copy["apiVersion"] ??= type.ApiVersion;
            copy["kind"] ??= type.Kind;
            var metadata = copy.Ensure("metadata");
            metadata["uid"] = Guid.NewGuid().ToString();
            metadata["creationTimestamp"] = Now;
            metadata.Remove("generation");
            if (type.HasGeneration)
            {
                metadata["generation"] = 1L;
            }

            metadata.Remove("deletionTimestamp");
            metadata.Remove("deletionGracePeriodSeconds");
            Admission?.Invoke(type, copy, null);
            return dryRun ? copy : Commit(StoreEventType.Added, type, copy, null).Copy();
        }
    }

    /// <summary>Replaces an object. A resourceVersion in it must be the stored one; without one the write is unconditional.
    /// generation rises when anything but metadata and status changes. An unchanged object is not written again. A marked
    /// object that has no finalizer and no grace period left is removed.</summary>
    /// <exception cref="StoreConflictException">NotFound, Conflict, or what <see cref="Admission"/> says.</exception>
    public JsonObject Update(ResourceType type, JsonObject obj, bool dryRun = false) =>
        _through is { } through ? through.Update(type, obj) : Replace(type, obj, null, dryRun);

    /// <summary>Reads, changes and writes one object in one go; the change returns false to leave it alone. Null when it is
    /// not there or was left alone.</summary>
    public JsonObject? Mutate(ResourceType type, string @namespace, string name, Func<JsonObject, bool> change)
    {
        if (_through is { } through)
        {
            return through.Mutate(type, @namespace, name, change);
        }

        lock (_gate)
        {
            return Get(type, @namespace, name) is { } obj && change(obj) ? Update(type, obj) : null;
        }
    }

    /// <summary>Marks an object for deletion (deletionTimestamp); with finalizers left, or a grace period, it stays until
    /// <see cref="Update"/> takes the last finalizer off or <see cref="Delete"/> removes it; with neither it is removed at
    /// once. Marking again can only shorten the grace period.</summary>
    /// <returns>The object as it is now, or as it last was; null when it is not there.</returns>
    public JsonObject? MarkForDeletion(ResourceType type, string @namespace, string name, long gracePeriodSeconds)
    {
        if (_through is { } through)
        {
            // Whoever writes through plays Nodes: their word is that the object has come to its end.
            var last = Get(type, @namespace, name);
            return through.Delete(type, @namespace, name) ? last : null;
        }

        lock (_gate)
        {
            if (Get(type, @namespace, name) is not { } obj)
            {
                return null;
            }

            if (obj.IsTerminating() && gracePeriodSeconds >= (obj.Number("metadata", "deletionGracePeriodSeconds") ?? 0))
            {
                return obj;
            }

            var end = time.GetUtcNow().AddSeconds(gracePeriodSeconds).UtcDateTime;
            return Replace(
                type, obj, (end.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture), gracePeriodSeconds), dryRun: false);
        }
    }

    /// <summary>Removes an object at once, finalizers or not. False when it is not there.</summary>
    public bool Delete(ResourceType type, string @namespace, string name)
    {
        if (_through is { } through)
        {
            return through.Delete(type, @namespace, name);
        }

        lock (_gate)
        {
            if (Peek(type, @namespace, name) is not { } old)
            {
                return false;
            }

            Remove(type, old.Copy(), old);
            return true;
        }
    }

    /// <summary>Calls <paramref name="onEvent"/> for every change after <paramref name="sinceVersion"/>, past ones first.</summary>
    /// <exception cref="StoreConflictException">Expired: changes after that version are forgotten already.</exception>
    public IDisposable Subscribe(Action<StoreEvent> onEvent, long sinceVersion)
    {
        lock (_gate)
        {
            // Versions 0 and 1 are before the first change, so they need the whole history.
            if (Math.Max(sinceVersion, 1) < _forgotten)
            {
                throw new StoreConflictException("Expired", $"too old resource version: {sinceVersion} ({_forgotten})");
            }

            var first = _history.FindLastIndex(e => e.Version <= sinceVersion) + 1;
            foreach (var past in _history[first..])
            {
                onEvent(past);
            }

            _subscribers.Add(onEvent);
            return new Subscription(this, onEvent);
        }
    }

    /// <summary>Calls <paramref name="onEvent"/> with every object there is, as if it was just added, and then for every change.</summary>
    public IDisposable Follow(Action<StoreEvent> onEvent)
    {
        lock (_gate)
        {
            foreach (var (type, objects) in _objects.ToList())
            {
                foreach (var obj in objects.In(null).ToList())
                {
                    onEvent(new StoreEvent(StoreEventType.Added, type, obj, _version));
                }
            }

            return Subscribe(onEvent, _version);
        }
    }

    private static bool HasFinalizers(JsonObject obj) =>
        obj.At("metadata", "finalizers") is JsonArray { Count: > 0 }
        || (obj.Text("kind") == ResourceType.Namespace.Kind && obj.At("spec", "finalizers") is JsonArray { Count: > 0 });

    private static bool SameSpec(JsonObject left, JsonObject right)
    {
        foreach (var field in left.Select(e => e.Key).Union(right.Select(e => e.Key)))
        {
            if (field is not ("metadata" or "status") && !JsonNode.DeepEquals(left[field], right[field]))
            {
                return false;
            }
        }

        return true;
    }

    private JsonObject Replace(ResourceType type, JsonObject obj, (string Time, long Grace)? deletion, bool dryRun)
    {
        lock (_gate)
        {
            var copy = obj.Copy();
            var old = Peek(type, copy.NamespaceOf(), copy.NameOf()) ?? throw StoreConflictException.NotFound(type, copy.NameOf());
            copy["apiVersion"] ??= type.ApiVersion;
            copy["kind"] ??= type.Kind;
            var metadata = copy.Ensure("metadata");
            var oldMetadata = (JsonObject)old["metadata"]!;
            if (metadata.Text("resourceVersion") is { Length: > 0 } version && version != oldMetadata.Text("resourceVersion"))
            {
                throw StoreConflictException.Changed(type, copy.NameOf());
            }

            if (metadata.Text("uid") is { Length: > 0 } uid && uid != old.UidOf())
            {
                throw new StoreConflictException(
                    "Conflict",
                    $"Operation cannot be fulfilled on {type.QualifiedPlural} \"{copy.NameOf()}\": Precondition failed: "
                    + $"UID in precondition: {uid}, UID in object meta: {old.UidOf()}");
            }

            foreach (var field in (string[])
                ["uid", "creationTimestamp", "resourceVersion", "generation", "deletionTimestamp", "deletionGracePeriodSeconds"])
            {
                metadata.Remove(field);
                if (oldMetadata[field] is { } kept)
                {
                    metadata[field] = kept.DeepClone();
                }
            }

            if (deletion is var (end, grace))
            {
                metadata["deletionTimestamp"] = end;
                metadata["deletionGracePeriodSeconds"] = grace;
            }

            Admission?.Invoke(type, copy, old);
            if (JsonNode.DeepEquals(copy, old))
            {
                return copy;
            }

            if (type.HasGeneration && !SameSpec(copy, old))
            {
                metadata["generation"] = (old.Number("metadata", "generation") ?? 1) + 1;
            }

            if (dryRun)
            {
                return copy;
            }

            return copy.IsTerminating() && !HasFinalizers(copy) && (copy.Number("metadata", "deletionGracePeriodSeconds") ?? 0) == 0
                ? Remove(type, copy, old)
                : Commit(StoreEventType.Modified, type, copy, old).Copy();
        }
    }

    private ObjectTable Table(ResourceType type)
    {
        if (!_objects.TryGetValue(type, out var table))
        {
            _objects[type] = table = new ObjectTable();
        }

        return table;
    }

    private JsonObject Remove(ResourceType type, JsonObject last, JsonObject old)
    {
        Table(type).Remove(old.NamespaceOf(), old.NameOf());
        return Publish(StoreEventType.Deleted, type, last, old).Copy();
    }

    private JsonObject Commit(StoreEventType change, ResourceType type, JsonObject obj, JsonObject? old, bool isStamped = false)
    {
        if (!isStamped)
        {
            obj["metadata"]!["resourceVersion"] = (_version + 1).ToString(CultureInfo.InvariantCulture);
        }

        var stored = Freeze(obj);
        Table(type).Set(obj.NamespaceOf(), obj.NameOf(), stored);
        return Publish(change, type, stored, old, frozen: true);
    }

    /// <summary>Parsed text: cheap to copy, and every number reads the same whatever C# type it was set with.</summary>
    private static JsonObject Freeze(JsonObject obj) => (JsonObject)JsonNode.Parse(JsonSerializer.SerializeToUtf8Bytes(obj))!;

    private JsonObject Publish(StoreEventType change, ResourceType type, JsonObject obj, JsonObject? old, bool frozen = false)
    {
        _version++;
        if (!frozen)
        {
            obj["metadata"]!["resourceVersion"] = _version.ToString(CultureInfo.InvariantCulture);
            obj = Freeze(obj);
        }

        var happened = new StoreEvent(change, type, obj, _version, old);
        _history.Add(happened);
        if (_history.Count >= 2 * historyLimit)
        {
            _forgotten = _history[historyLimit - 1].Version;
            _history.RemoveRange(0, historyLimit);
        }

        foreach (var subscriber in _subscribers.ToArray())
        {
            subscriber(happened);
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
