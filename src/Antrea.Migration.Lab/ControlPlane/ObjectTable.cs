using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>The objects of one kind, by Namespace and name, in that order.</summary>
/// <remarks>A Namespace's are found without a look at the others': controllers ask for them at every change.</remarks>
internal sealed class ObjectTable
{
    private readonly SortedDictionary<string, SortedDictionary<string, JsonObject>> _namespaces = new(StringComparer.Ordinal);

    /// <summary>Whether there is none.</summary>
    public bool IsEmpty => _namespaces.Count == 0;

    /// <summary>The object; null when there is none.</summary>
    public JsonObject? Find(string @namespace, string name) => _namespaces.GetValueOrDefault(@namespace)?.GetValueOrDefault(name);

    /// <summary>Those of one Namespace, or all (null).</summary>
    public IEnumerable<JsonObject> In(string? @namespace) => @namespace is null
        ? _namespaces.Values.SelectMany(objects => objects.Values)
        : _namespaces.TryGetValue(@namespace, out var objects) ? objects.Values : [];

    /// <summary>Adds an object, or puts it in the place of the one that is there.</summary>
    public void Set(string @namespace, string name, JsonObject obj)
    {
        if (!_namespaces.TryGetValue(@namespace, out var objects))
        {
            _namespaces[@namespace] = objects = new(StringComparer.Ordinal);
        }

        objects[name] = obj;
    }

    /// <summary>Removes an object; nothing happens when there is none.</summary>
    public void Remove(string @namespace, string name)
    {
        if (_namespaces.TryGetValue(@namespace, out var objects) && objects.Remove(name) && objects.Count == 0)
        {
            _namespaces.Remove(@namespace);
        }
    }
}
