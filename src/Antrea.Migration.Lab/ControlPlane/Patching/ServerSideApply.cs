using System.Net;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Server-side apply: merges a configuration and remembers per manager what it applied.</summary>
/// <remarks>Thin on purpose: only fields that were themselves applied have owners, so a field changed by an update or another
/// patch conflicts with nobody. Fields that a manager applied before and leaves out now are removed, unless another
/// manager applied them too.</remarks>
internal static class ServerSideApply
{
    /// <summary>The object after the apply.</summary>
    /// <param name="live">The object as it is; identity only when it is to be created.</param>
    /// <param name="applied">The configuration.</param>
    /// <param name="manager">Who applies.</param>
    /// <param name="force">Take over fields of other managers that have other values.</param>
    /// <param name="custom">Whether it is a custom resource, see <see cref="FieldSet.Of"/>.</param>
    /// <param name="now">The cluster's time.</param>
    /// <exception cref="ApiException">409: another manager applied another value, and <paramref name="force"/> is not set.</exception>
    public static JsonObject Apply(JsonObject live, JsonObject applied, string manager, bool force, bool custom, string now)
    {
        if (applied.At("metadata", "managedFields") is not null)
        {
            throw ApiException.BadRequest("metadata.managedFields must be nil");
        }

        var fields = FieldSet.Of(applied, custom);
        var records = live.Items("metadata", "managedFields").Select(r => r.Copy()).ToList();
        var mine = records.Find(r => r.Text("manager") == manager && r.Text("operation") == "Apply");
        var others = records.Where(r => r != mine).ToList();

        var conflicts = new List<(string Manager, string Field, JsonObject Leaf)>();
        foreach (var other in others)
        {
            Compare(live, applied, other.Object("fieldsV1") ?? [], [], "", custom, (field, leaf) =>
                conflicts.Add((other.Text("manager") ?? "", field, leaf)));
        }

        if (conflicts.Count > 0 && !force)
        {
            throw Conflict(live, conflicts);
        }

        foreach (var other in others)
        {
            foreach (var (_, _, leaf) in conflicts.Where(c => c.Manager == other.Text("manager")))
            {
                other["fieldsV1"] = FieldSet.Without(other.Object("fieldsV1") ?? [], leaf);
            }
        }

        var result = Merge(live, applied, [], custom);
        var dropped = FieldSet.Without(mine.Object("fieldsV1") ?? [], fields);
        foreach (var other in others)
        {
            dropped = FieldSet.Without(dropped, other.Object("fieldsV1") ?? []);
        }

        FieldSet.Remove(result, dropped, [], custom);
        var time = mine is not null && JsonNode.DeepEquals(mine["fieldsV1"], fields) ? mine.Text("time") ?? now : now;
        others.RemoveAll(r => r.Object("fieldsV1") is not { Count: > 0 });
        others.Add(new JsonObject
        {
            ["manager"] = manager,
            ["operation"] = "Apply",
            ["apiVersion"] = applied.Text("apiVersion"),
            ["time"] = time,
            ["fieldsType"] = "FieldsV1",
            ["fieldsV1"] = fields,
        });
        result.Ensure("metadata")["managedFields"] = new JsonArray([.. others]);
        return result;
    }

    private static JsonObject Merge(JsonObject live, JsonObject applied, string[] path, bool custom)
    {
        var result = live.Copy();
        foreach (var (field, value) in applied)
        {
            string[] here = [.. path, field];
            if (value is null)
            {
                result.Remove(field);
                continue;
            }

            result[field] = value switch
            {
                JsonObject inner when result[field] is JsonObject old => Merge(old, inner, here, custom),
                JsonArray list when result[field] is JsonArray old && FieldSet.KeysOf(here, custom) is { Length: > 0 } keys =>
                    MergeItems(old, list, keys, here, custom),
                _ => value.DeepClone(),
            };
        }

        return result;
    }

    private static JsonArray MergeItems(JsonArray live, JsonArray applied, string[] keys, string[] path, bool custom)
    {
        var result = live.OfType<JsonObject>().Select(i => i.Copy()).ToList();
        foreach (var item in applied.OfType<JsonObject>())
        {
            var at = result.FindIndex(old => ListKeys.Same(old, item, keys));
            if (at < 0)
            {
                result.Add(item.Copy());
            }
            else
            {
                result[at] = Merge(result[at], item, path, custom);
            }
        }

        return [.. result];
    }

    /// <summary>Reports each leaf that another manager applied and that is to get another value.</summary>
    private static void Compare(
        JsonNode live, JsonNode applied, JsonObject owned, string[] path, string shown, bool custom, Action<string, JsonObject> report)
    {
        foreach (var (name, inner) in owned)
        {
            if (!name.StartsWith("f:", StringComparison.Ordinal) || applied.At(name[2..]) is not { } wanted)
            {
                continue;
            }

            string[] here = [.. path, name[2..]];
            var (now, field) = (live.At(name[2..]), $"{shown}.{name[2..]}");
            if (inner is not JsonObject { Count: > 0 } deeper)
            {
                if (!JsonNode.DeepEquals(now, wanted))
                {
                    report(field, new JsonObject { [name] = new JsonObject() });
                }
            }
            else if (wanted is JsonObject && now is JsonObject)
            {
                Compare(now, wanted, deeper, here, field, custom, (f, leaf) => report(f, new JsonObject { [name] = leaf }));
            }
            else if (wanted is JsonArray list && now is JsonArray old && FieldSet.KeysOf(here, custom) is { Length: > 0 } keys)
            {
                foreach (var item in list.OfType<JsonObject>())
                {
                    var key = FieldSet.KeyOf(item, keys);
                    if (deeper[key] is JsonObject set && old.OfType<JsonObject>().FirstOrDefault(o => ListKeys.Same(o, item, keys)) is { } other)
                    {
                        Compare(other, item, set, here, $"{field}[{key[2..]}]", custom, (f, leaf) =>
                            report(f, new JsonObject { [name] = new JsonObject { [key] = leaf } }));
                    }
                }
            }
        }
    }

    private static ApiException Conflict(JsonObject live, List<(string Manager, string Field, JsonObject Leaf)> conflicts)
    {
        var plural = conflicts.Count == 1 ? "" : "s";
        var list = string.Join(", ", conflicts.Select(c => $"conflict with \"{c.Manager}\": {c.Field}"));
        return new(HttpStatusCode.Conflict, "Conflict", $"Apply failed with {conflicts.Count} conflict{plural}: {list}")
        {
            Details = new JsonObject
            {
                ["name"] = live.NameOf(),
                ["kind"] = live.Text("kind"),
                ["causes"] = new JsonArray([.. conflicts.Select(c => (JsonNode)new JsonObject
                {
                    ["reason"] = "FieldManagerConflict",
                    ["message"] = $"conflict with \"{c.Manager}\"",
                    ["field"] = c.Field,
                })]),
            },
        };
    }
}
