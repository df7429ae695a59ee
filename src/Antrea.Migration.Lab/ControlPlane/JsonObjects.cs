using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Reading and writing Kubernetes objects as JSON, where any part may be missing or of the wrong kind.</summary>
internal static class JsonObjects
{
    /// <summary>The node at a path of field names; null when a part is missing or is not an object.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (var field in path)
        {
            node = (node as JsonObject)?[field];
        }

        return node;
    }

    /// <summary>The text at a path; null when there is none.</summary>
    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    /// <summary>The whole number at a path; null when there is none.</summary>
    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) switch
    {
        JsonValue value when value.TryGetValue<long>(out var number) => number,
        JsonValue value when value.TryGetValue<int>(out var number) => number,
        _ => null,
    };

    /// <summary>Whether there is <c>true</c> at a path.</summary>
    public static bool Flag(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.TryGetValue<bool>(out var flag) && flag;

    /// <summary>The object at a path; null when there is none.</summary>
    public static JsonObject? Object(this JsonNode? node, params ReadOnlySpan<string> path) => node.At(path) as JsonObject;

    /// <summary>The objects of the list at a path; empty when there is none.</summary>
    public static IEnumerable<JsonObject> Items(this JsonNode? node, params ReadOnlySpan<string> path) =>
        (node.At(path) as JsonArray)?.OfType<JsonObject>() ?? [];

    /// <summary>The texts of the list at a path; empty when there is none.</summary>
    public static IEnumerable<string> Texts(this JsonNode? node, params ReadOnlySpan<string> path) =>
        (node.At(path) as JsonArray)?.Select(item => item.Text()).OfType<string>() ?? [];

    /// <summary>The object in a field, made when it is missing or of another kind.</summary>
    public static JsonObject Ensure(this JsonObject node, string field)
    {
        if (node[field] is not JsonObject found)
        {
            node[field] = found = [];
        }

        return found;
    }

    /// <summary>Sets a field that is missing or null. False when it is there already.</summary>
    public static bool Default(this JsonObject node, string field, JsonNode value)
    {
        if (node[field] is not null)
        {
            return false;
        }

        node[field] = value;
        return true;
    }

    /// <summary><c>metadata.name</c>; empty when missing.</summary>
    public static string NameOf(this JsonObject obj) => obj.Text("metadata", "name") ?? "";

    /// <summary><c>metadata.namespace</c>; empty when missing.</summary>
    public static string NamespaceOf(this JsonObject obj) => obj.Text("metadata", "namespace") ?? "";

    /// <summary><c>metadata.uid</c>; empty when missing.</summary>
    public static string UidOf(this JsonObject obj) => obj.Text("metadata", "uid") ?? "";

    /// <summary>Whether the object is marked for deletion.</summary>
    public static bool IsTerminating(this JsonObject obj) => obj.Text("metadata", "deletionTimestamp") is not null;

    /// <summary>The owner reference with <c>controller: true</c>; null for an object of its own.</summary>
    public static JsonObject? ControllerOf(this JsonObject obj) =>
        obj.Items("metadata", "ownerReferences").FirstOrDefault(owner => owner.Flag("controller"));

    /// <summary>The condition of a type in <c>status.conditions</c>.</summary>
    public static JsonObject? Condition(this JsonObject obj, string type) =>
        obj.Items("status", "conditions").FirstOrDefault(condition => condition.Text("type") == type);

    /// <summary>Whether the condition of a type is True.</summary>
    public static bool ConditionIsTrue(this JsonObject obj, string type) => obj.Condition(type).Text("status") == "True";

    /// <summary>Sets a condition; <c>lastTransitionTime</c> moves only when the status changes.</summary>
    /// <param name="status">The object's status.</param>
    /// <param name="type">Which condition.</param>
    /// <param name="isTrue">True or False; null for Unknown.</param>
    /// <param name="reason">Null for none, which most kinds leave out.</param>
    /// <param name="message">As <paramref name="reason"/>.</param>
    /// <param name="now">The time.</param>
    public static void SetCondition(this JsonObject status, string type, bool? isTrue, string? reason, string? message, string now)
    {
        if (status["conditions"] is not JsonArray conditions)
        {
            status["conditions"] = conditions = [];
        }

        var condition = conditions.OfType<JsonObject>().FirstOrDefault(c => c.Text("type") == type);
        if (condition is null)
        {
            condition = new JsonObject { ["type"] = type };
            conditions.Add(condition);
        }

        var value = isTrue switch { true => "True", false => "False", null => "Unknown" };
        if (condition.Text("status") != value)
        {
            condition["status"] = value;
            condition["lastTransitionTime"] = now;
        }

        SetOrRemove(condition, "reason", reason);
        SetOrRemove(condition, "message", message);
    }

    /// <summary>The path of the first value in <paramref name="given"/> that <paramref name="stored"/> has not, or has otherwise; null when it has all.</summary>
    /// <remarks>What the other one has besides is its own: defaults, what a server adds. A list that has more items than were given has an
    /// equal for each, in any order.</remarks>
    public static string? FirstLost(JsonNode? given, JsonNode? stored, string path) => (given, stored) switch
    {
        (JsonObject map, JsonObject kept) => map.Select(f => FirstLost(f.Value, kept[f.Key], $"{path}.{f.Key}")).FirstOrDefault(lost => lost is not null),
        (JsonArray list, JsonArray kept) when list.Count == kept.Count =>
            list.Select((item, i) => FirstLost(item, kept[i], string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"))).FirstOrDefault(lost => lost is not null),
        (JsonArray list, JsonArray kept) =>
            list.Select((item, i) => kept.Any(other => FirstLost(item, other, "") is null) ? null : string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"))
                .FirstOrDefault(lost => lost is not null),
        _ => JsonNode.DeepEquals(given, stored) ? null : path,
    };

    private static void SetOrRemove(JsonObject condition, string field, string? value)
    {
        if (value is null)
        {
            condition.Remove(field);
        }
        else
        {
            condition[field] = value;
        }
    }

    /// <summary>A deep copy of an object.</summary>
    [return: NotNullIfNotNull(nameof(obj))]
    public static JsonObject? Copy(this JsonObject? obj) => (JsonObject?)obj?.DeepClone();
}
