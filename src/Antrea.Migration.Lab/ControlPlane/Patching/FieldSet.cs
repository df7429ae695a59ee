using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Which fields a manager applied, in the form of <c>metadata.managedFields[].fieldsV1</c>: <c>f:NAME</c> for a field,
/// <c>k:{KEYS}</c> for an item of a list that merges, an empty object for a leaf.</summary>
internal static class FieldSet
{
    /// <summary>What identifies the item itself, within its set.</summary>
    private const string Self = ".";

    /// <summary>The fields of an applied configuration; identity (apiVersion, kind, name, Namespace) is nobody's.</summary>
    /// <param name="applied">The configuration.</param>
    /// <param name="custom">A custom resource: all its lists are replaced as a whole, except those of its metadata.</param>
    public static JsonObject Of(JsonObject applied, bool custom)
    {
        var copy = applied.Copy();
        foreach (var field in (string[])["apiVersion", "kind"])
        {
            copy.Remove(field);
        }

        foreach (var field in (string[])
            ["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "selfLink"])
        {
            copy.Object("metadata")?.Remove(field);
        }

        if (copy.Object("metadata") is { Count: 0 })
        {
            copy.Remove("metadata");
        }

        return OfObject(copy, [], custom);
    }

    /// <summary>The merge keys of a list, none when it is replaced as a whole.</summary>
    public static string[] KeysOf(string[] path, bool custom) => custom && path is not ["metadata", ..] ? [] : ListKeys.ForApply(path);

    /// <summary>The name of a list item in a set.</summary>
    public static string KeyOf(JsonObject item, string[] keys) =>
        "k:" + new JsonObject(keys.Select(k => KeyValuePair.Create(k, ListKeys.Value(item, k)?.DeepClone()))).ToJsonString();

    /// <summary>Whether a set has the leaf or item another set has at the same place.</summary>
    public static JsonObject Without(JsonObject set, JsonObject taken)
    {
        var rest = new JsonObject();
        foreach (var (name, inner) in set)
        {
            var other = taken[name] as JsonObject;
            if (other is null)
            {
                rest[name] = inner?.DeepClone();
            }
            else if (inner is JsonObject { Count: > 0 } deeper && Without(deeper, other) is { Count: > 0 } left)
            {
                rest[name] = left;
            }
        }

        return rest;
    }

    /// <summary>Takes the fields of a set out of an object.</summary>
    public static void Remove(JsonObject obj, JsonObject set, string[] path, bool custom)
    {
        foreach (var (name, inner) in set.Where(e => e.Key.StartsWith("f:", StringComparison.Ordinal)))
        {
            var field = name[2..];
            string[] here = [.. path, field];
            switch (obj[field])
            {
                case JsonObject deeper when inner is JsonObject { Count: > 0 } rest:
                    Remove(deeper, rest, here, custom);
                    if (deeper.Count == 0)
                    {
                        obj.Remove(field);
                    }

                    break;
                case JsonArray list when inner is JsonObject { Count: > 0 } items:
                    RemoveItems(list, items, here, custom);
                    if (list.Count == 0)
                    {
                        obj.Remove(field);
                    }

                    break;
                default:
                    obj.Remove(field);
                    break;
            }
        }
    }

    private static void RemoveItems(JsonArray list, JsonObject items, string[] path, bool custom)
    {
        var keys = KeysOf(path, custom);
        foreach (var item in list.OfType<JsonObject>().ToList())
        {
            if (items[KeyOf(item, keys)] is not JsonObject set)
            {
                continue;
            }

            if (set.ContainsKey(Self))
            {
                list.Remove(item);
            }
            else
            {
                Remove(item, set, path, custom);
            }
        }
    }

    private static JsonObject OfObject(JsonObject obj, string[] path, bool custom)
    {
        var set = new JsonObject();
        foreach (var (field, value) in obj)
        {
            string[] here = [.. path, field];
            set["f:" + field] = value switch
            {
                JsonObject { Count: > 0 } inner => OfObject(inner, here, custom),
                JsonArray list when KeysOf(here, custom) is { Length: > 0 } keys => OfItems(list, keys, here, custom),
                _ => new JsonObject(),
            };
        }

        return set;
    }

    private static JsonObject OfItems(JsonArray list, string[] keys, string[] path, bool custom)
    {
        var set = new JsonObject();
        foreach (var item in list.OfType<JsonObject>())
        {
            var inner = OfObject(item, path, custom);
            inner[Self] = new JsonObject();
            set[KeyOf(item, keys)] = inner;
        }

        return set;
    }
}
