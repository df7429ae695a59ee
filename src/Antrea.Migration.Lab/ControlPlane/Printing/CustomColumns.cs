using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>The columns that a CustomResourceDefinition gives its kind (<c>additionalPrinterColumns</c>).</summary>
internal static class CustomColumns
{
    /// <summary>NAME first, then the definition's columns; NAME and AGE when it has none.</summary>
    public static TableColumn[] Of(ServedResource resource, TableColumn name, TableColumn age, DateTimeOffset now) =>
        resource.Columns is not { } columns
            ? [name, age]
            : [name, .. columns.OfType<JsonObject>().Select(column => Column(column, now))];

    private static TableColumn Column(JsonObject column, DateTimeOffset now)
    {
        var path = SimpleJsonPath.Parse(column.Text("jsonPath") ?? "");
        var type = column.Text("type") ?? "string";
        return new TableColumn(
            column.Text("name") ?? "",
            type,
            obj => path.First(obj) switch
            {
                null => null,
                var found when type == "date" => Age.Since(found, now),
                JsonValue found => found.DeepClone(),
                var found => found.ToJsonString(),
            },
            (int)(column.Number("priority") ?? 0));
    }
}

/// <summary>The part of Kubernetes' JSONPath that printer columns use: fields, indexes, <c>[*]</c> and
/// <c>[?(@.field=="text")]</c>.</summary>
internal sealed class SimpleJsonPath
{
    private readonly List<Func<JsonNode, IEnumerable<JsonNode?>>> _steps = [];

    private SimpleJsonPath()
    {
    }

    /// <summary>Reads a path such as <c>.status.conditions[?(@.type=="Ready")].status</c>.</summary>
    /// <exception cref="StoreConflictException">Invalid: not a path, or one that is not supported.</exception>
    public static SimpleJsonPath Parse(string text)
    {
        var path = new SimpleJsonPath();
        var rest = text.AsSpan().Trim();
        while (rest.Length > 0)
        {
            if (rest[0] == '[')
            {
                var end = rest.IndexOf(']');
                path._steps.Add(end < 0 ? throw Unsupported(text) : Bracket(rest[1..end].ToString(), text));
                rest = rest[(end + 1)..];
                continue;
            }

            if (rest[0] != '.')
            {
                throw Unsupported(text);
            }

            var field = "";
            var i = 1;
            for (; i < rest.Length && rest[i] is not ('.' or '['); i++)
            {
                i += rest[i] == '\\' && i + 1 < rest.Length ? 1 : 0;
                field += rest[i];
            }

            path._steps.Add(Field(field.Length > 0 ? field : throw Unsupported(text)));
            rest = rest[i..];
        }

        return path;
    }

    /// <summary>The first thing at the path; null when there is nothing.</summary>
    public JsonNode? First(JsonNode root)
    {
        IEnumerable<JsonNode?> found = [root];
        foreach (var step in _steps)
        {
            found = found.OfType<JsonNode>().SelectMany(step);
        }

        return found.OfType<JsonNode>().FirstOrDefault();
    }

    private static Func<JsonNode, IEnumerable<JsonNode?>> Field(string name) => node => [node.At(name)];

    private static Func<JsonNode, IEnumerable<JsonNode?>> Bracket(string inside, string whole)
    {
        if (inside == "*")
        {
            return node => node switch { JsonArray list => list, JsonObject obj => obj.Select(e => e.Value), _ => [] };
        }

        if (int.TryParse(inside, out var index))
        {
            return node => node is JsonArray list && (index < 0 ? index + list.Count : index) is var at and >= 0 && at < list.Count ? [list[at]] : [];
        }

        if (inside is ['\'' or '"', .. var quoted, '\'' or '"'])
        {
            return Field(quoted);
        }

        if (inside.StartsWith("?(@.", StringComparison.Ordinal) && inside.EndsWith(')') && inside[4..^1].Split("==", 2) is [var field, var value])
        {
            var path = field.Trim().Split('.');
            var wanted = value.Trim().Trim('\'', '"');
            return node => node is JsonArray list
                ? list.Where(item => item.At(path) is { } found && (found.Text() ?? found.ToJsonString()) == wanted)
                : [];
        }

        throw Unsupported(whole);
    }

    private static StoreConflictException Unsupported(string text) =>
        new("Invalid", $"jsonPath \"{text}\": fields, indexes, [*] and [?(@.field==\"text\")] are supported");
}
