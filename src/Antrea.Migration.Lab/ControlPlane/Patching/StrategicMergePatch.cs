using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Kubernetes' strategic merge patch: as a merge patch, but lists of <see cref="ListKeys"/> merge item by item.</summary>
/// <remarks>Understands <c>$patch: delete|replace|merge</c>, <c>$deleteFromPrimitiveList/…</c>, <c>$setElementOrder/…</c> and
/// <c>$retainKeys</c> (Kubernetes documentation, "sig-api-machinery/strategic-merge-patch").</remarks>
internal static class StrategicMergePatch
{
    private const string Directive = "$patch";
    private const string DeletePrefix = "$deleteFromPrimitiveList/";
    private const string OrderPrefix = "$setElementOrder/";
    private const string Retain = "$retainKeys";

    /// <summary>The patched copy of an object.</summary>
    /// <exception cref="ApiException">400: not a patch, or an unknown directive.</exception>
    public static JsonObject Apply(JsonObject document, JsonNode? patch) =>
        patch is JsonObject changes
            ? MergeObject(document, changes, []) ?? []
            : throw ApiException.BadRequest("a strategic merge patch is an object");

    /// <summary>Null when the patch deletes the object.</summary>
    private static JsonObject? MergeObject(JsonObject? target, JsonObject patch, string[] path)
    {
        switch (patch.Text(Directive))
        {
            case "delete":
                return null;
            case "replace":
                var whole = patch.Copy();
                whole.Remove(Directive);
                return whole;
            case null or "merge":
                break;
            case var other:
                throw ApiException.BadRequest($"unknown patch directive \"{other}\"");
        }

        var result = target.Copy() ?? [];
        if (patch[Retain] is JsonArray retained)
        {
            foreach (var field in result.Select(e => e.Key).Except(retained.Select(r => r.Text() ?? "")).ToList())
            {
                result.Remove(field);
            }
        }

        foreach (var (field, value) in patch)
        {
            if (field is Directive or Retain || field.StartsWith(OrderPrefix, StringComparison.Ordinal))
            {
                continue;
            }

            if (field.StartsWith(DeletePrefix, StringComparison.Ordinal))
            {
                RemoveValues(result[field[DeletePrefix.Length..]] as JsonArray, value as JsonArray);
                continue;
            }

            string[] here = [.. path, field];
            JsonNode? merged = value switch
            {
                JsonObject inner => MergeObject(result[field] as JsonObject, inner, here),
                JsonArray list => MergeList(result[field] as JsonArray, list, here),
                _ => value?.DeepClone(),
            };
            if (merged is null)
            {
                result.Remove(field);
            }
            else
            {
                result[field] = merged;
            }
        }

        foreach (var (field, order) in patch.Where(e => e.Key.StartsWith(OrderPrefix, StringComparison.Ordinal)))
        {
            var name = field[OrderPrefix.Length..];
            if (result[name] is JsonArray list && order is JsonArray wanted)
            {
                result[name] = Reorder(list, wanted, ListKeys.Of([.. path, name]));
            }
        }

        return result;
    }

    private static JsonArray MergeList(JsonArray? target, JsonArray patch, string[] path)
    {
        if (ListKeys.IsSet(path))
        {
            var set = (JsonArray?)target?.DeepClone() ?? [];
            foreach (var value in patch.Where(v => !set.Any(old => JsonNode.DeepEquals(old, v))).ToList())
            {
                set.Add(value?.DeepClone());
            }

            return set;
        }

        var result = (JsonArray?)target?.DeepClone() ?? [];
        var items = patch.OfType<JsonObject>().ToList();
        if (ListKeys.Of(path) is not { } key || items.Any(i => i.Text(Directive) == "replace"))
        {
            return [.. patch.Where(i => i.Text(Directive) != "replace").Select(i => i?.DeepClone())];
        }

        foreach (var item in items)
        {
            if (item[key] is null)
            {
                throw ApiException.BadRequest($"map: {item.ToJsonString()} does not contain declared merge key: {key}");
            }

            var at = result.ToList().FindIndex(old => JsonNode.DeepEquals(old.At(key), item[key]));
            var merged = MergeObject(at < 0 ? null : result[at] as JsonObject, item, path);
            if (at >= 0)
            {
                result.RemoveAt(at);
            }

            if (merged is not null)
            {
                result.Insert(at < 0 ? result.Count : at, merged);
            }
        }

        return Interleave(result, target, items, key);
    }

    /// <summary>The patch's items in their order, each other item before the first of them that it preceded; new ones come first.</summary>
    private static JsonArray Interleave(JsonArray merged, JsonArray? live, List<JsonObject> patch, string key)
    {
        int Place(IEnumerable<JsonNode?> list, JsonNode? item) => list.ToList().FindIndex(i => JsonNode.DeepEquals(i.At(key), item.At(key)));

        var named = merged.Where(i => Place(patch, i) >= 0).OrderBy(i => Place(patch, i)).ToList();
        var others = new Queue<JsonNode?>(merged.Where(i => Place(patch, i) < 0));
        var result = new JsonArray();
        foreach (var item in named)
        {
            var place = Place(live ?? [], item);
            while (others.TryPeek(out var other) && place >= 0 && Place(live ?? [], other) < place)
            {
                result.Add(others.Dequeue()?.DeepClone());
            }

            result.Add(item?.DeepClone());
        }

        foreach (var other in others)
        {
            result.Add(other?.DeepClone());
        }

        return result;
    }

    private static void RemoveValues(JsonArray? list, JsonArray? values)
    {
        foreach (var value in values ?? [])
        {
            foreach (var gone in list?.Where(old => JsonNode.DeepEquals(old, value)).ToList() ?? [])
            {
                list!.Remove(gone);
            }
        }
    }

    /// <summary>Items in the wanted order, each unmentioned one staying behind the item it followed.</summary>
    private static JsonArray Reorder(JsonArray list, JsonArray wanted, string? key)
    {
        int Place(JsonNode? item) => wanted.ToList().FindIndex(w => key is null
            ? JsonNode.DeepEquals(w, item)
            : JsonNode.DeepEquals(w.At(key), item.At(key)));

        var last = -1;
        var placed = list.Select((item, index) =>
        {
            last = Place(item) is >= 0 and var place ? place : last;
            return (Item: item, Place: last, Index: index);
        });
        return [.. placed.OrderBy(p => p.Place).ThenBy(p => p.Index).Select(p => p.Item?.DeepClone())];
    }
}
