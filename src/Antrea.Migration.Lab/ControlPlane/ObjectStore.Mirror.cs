using System.Globalization;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <content>The store as a copy of another server's objects.</content>
internal sealed partial class ObjectStore
{
    private readonly HashSet<string> _dropped = new(StringComparer.Ordinal);
    private WriteThrough? _through;

    /// <summary>Makes this a copy of another server's objects: writes go there, <see cref="Accept"/> and <see cref="Drop"/> say
    /// what it has. To be called before the first write.</summary>
    public void WriteTo(IUpstream upstream) => _through = new WriteThrough(this, upstream);

    /// <summary>Takes over an object as the other server has it, unless what is here is as new. Returns a copy of what is here then.</summary>
    public JsonObject Accept(ResourceType type, JsonObject obj)
    {
        lock (_gate)
        {
            var old = Peek(type, obj.NamespaceOf(), obj.NameOf());
            if (_dropped.Contains(obj.UidOf()) || (old is not null && VersionOf(old) >= VersionOf(obj)))
            {
                return (old ?? obj).Copy();
            }

            if (old is not null && old.UidOf() != obj.UidOf())
            {
                Drop(type, old.NamespaceOf(), old.NameOf(), old.UidOf(), isAnnounced: false);
                old = null;
            }

            return Commit(old is null ? StoreEventType.Added : StoreEventType.Modified, type, obj.Copy(), old, isStamped: true).Copy();
        }
    }

    /// <summary>Takes an object away that the other server has no longer. False when it is not here.</summary>
    /// <param name="type">The kind.</param>
    /// <param name="namespace">Its Namespace.</param>
    /// <param name="name">Its name.</param>
    /// <param name="uid">Its uid; a namesake stays.</param>
    /// <param name="isAnnounced">Whether the server will still tell of its deletion, perhaps after late news of its life.</param>
    public bool Drop(ResourceType type, string @namespace, string name, string uid, bool isAnnounced)
    {
        lock (_gate)
        {
            var isPresent = Peek(type, @namespace, name) is { } old && old.UidOf() == uid;
            if (isAnnounced && isPresent)
            {
                _dropped.Add(uid);
            }
            else if (!isAnnounced)
            {
                _dropped.Remove(uid);
            }

            if (isPresent)
            {
                var last = Table(type).Find(@namespace, name)!;
                Table(type).Remove(@namespace, name);
                Publish(StoreEventType.Deleted, type, last, last, frozen: true);
            }

            return isPresent;
        }
    }

    private static long VersionOf(JsonObject obj) =>
        long.Parse(obj.Text("metadata", "resourceVersion") ?? "0", CultureInfo.InvariantCulture);
}
