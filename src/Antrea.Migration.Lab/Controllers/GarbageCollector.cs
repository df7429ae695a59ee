using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>Deletes objects whose owners are gone, and carries out the foreground and orphan deletion of owners.</summary>
internal sealed class GarbageCollector(ObjectStore store) : IController
{
    private readonly HashSet<string> _alive = [];
    private readonly Dictionary<string, HashSet<WorkKey>> _dependents = [];
    private readonly Dictionary<string, WorkKey> _terminating = [];

    public IEnumerable<WorkKey> KeysFor(StoreEvent happened)
    {
        var (obj, key) = (happened.Object, WorkKey.Of(happened));
        var uid = obj.UidOf();
        var owners = OwnersOf(obj);
        var before = happened.Previous is { } previous ? OwnersOf(previous) : [];
        foreach (var owner in before.Concat(owners))
        {
            Dependents(owner).Remove(key);
        }

        if (happened.Type == StoreEventType.Deleted)
        {
            _alive.Remove(uid);
            _terminating.Remove(uid);
            var orphans = _dependents.Remove(uid, out var left) ? left : [];
            return orphans.Concat(owners.SelectMany(WaitingOwner));
        }

        _alive.Add(uid);
        if (obj.IsTerminating())
        {
            _terminating[uid] = key;
        }

        foreach (var owner in owners)
        {
            Dependents(owner).Add(key);
        }

        return owners.Count > 0 || obj.Texts("metadata", "finalizers").Any() ? [key] : [];
    }

    public TimeSpan? Reconcile(WorkKey key)
    {
        if (store.Peek(key.Type, key.Namespace, key.Name) is not { } obj)
        {
            return null;
        }

        var owners = OwnersOf(obj);
        var gone = owners.Where(o => !_alive.Contains(o)).ToList();
        if (owners.Count > 0 && gone.Count == owners.Count)
        {
            Delete(key, obj);
        }
        else if (gone.Count > 0)
        {
            Forget(key, gone);
        }

        if (obj.IsTerminating())
        {
            Finish(key, obj);
        }

        return null;
    }

    private static List<string> OwnersOf(JsonObject obj) =>
        [.. obj.Items("metadata", "ownerReferences").Select(r => r.Text("uid") ?? "").Where(uid => uid.Length > 0)];

    private HashSet<WorkKey> Dependents(string uid)
    {
        if (!_dependents.TryGetValue(uid, out var found))
        {
            _dependents[uid] = found = [];
        }

        return found;
    }

    /// <summary>The owner, if it is marked for deletion and may be waiting for this dependent.</summary>
    private IEnumerable<WorkKey> WaitingOwner(string uid) => _terminating.TryGetValue(uid, out var owner) ? [owner] : [];

    private void Finish(WorkKey key, JsonObject owner)
    {
        var finalizers = owner.Texts("metadata", "finalizers").ToList();
        var dependents = Dependents(owner.UidOf()).ToList();
        if (finalizers.Contains(DeleteHandler.OrphanFinalizer))
        {
            foreach (var dependent in dependents)
            {
                Forget(dependent, [owner.UidOf()]);
            }

            RemoveFinalizer(key, DeleteHandler.OrphanFinalizer);
        }
        else if (finalizers.Contains(DeleteHandler.ForegroundFinalizer))
        {
            foreach (var dependent in dependents)
            {
                if (store.Peek(dependent.Type, dependent.Namespace, dependent.Name) is { } obj)
                {
                    Delete(dependent, obj);
                }
            }

            if (dependents.TrueForAll(d => store.Peek(d.Type, d.Namespace, d.Name) is null))
            {
                RemoveFinalizer(key, DeleteHandler.ForegroundFinalizer);
            }
        }
    }

    private void Delete(WorkKey key, JsonObject obj)
    {
        if (!obj.IsTerminating())
        {
            store.MarkForDeletion(key.Type, key.Namespace, key.Name, DeleteHandler.GraceOf(key.Type, obj, null));
        }
    }

    private void Forget(WorkKey key, List<string> owners) => store.Mutate(key.Type, key.Namespace, key.Name, obj =>
    {
        var kept = obj.Items("metadata", "ownerReferences").Where(r => !owners.Contains(r.Text("uid") ?? "")).Select(r => (JsonNode)r.Copy()).ToArray();
        if (kept.Length > 0)
        {
            obj["metadata"]!["ownerReferences"] = new JsonArray(kept);
        }
        else
        {
            obj["metadata"]!.AsObject().Remove("ownerReferences");
        }

        return true;
    });

    private void RemoveFinalizer(WorkKey key, string finalizer) => store.Mutate(key.Type, key.Namespace, key.Name, obj =>
    {
        var kept = obj.Texts("metadata", "finalizers").Where(f => f != finalizer).Select(f => (JsonNode)f).ToArray();
        obj["metadata"]!["finalizers"] = new JsonArray(kept);
        return true;
    });
}
