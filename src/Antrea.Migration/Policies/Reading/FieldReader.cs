using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Policies.Reading;

/// <summary>Reads the fields of one JSON object and reports, with its path, each that has the wrong type or that nobody asked for.</summary>
/// <remarks>A JSON null counts as an absent field, as it does for the API server.</remarks>
internal sealed class FieldReader(JsonObject json, string path, ICollection<PolicyFinding> findings)
{
    /// <summary>The fields that somebody asked for, of those that are there; most objects have few of the fields they could have.</summary>
    private HashSet<string>? _asked;

    /// <summary>Whether selectors are read as Calico up to v3.29 reads them; holds for nested objects too.</summary>
    public bool LineBreaksInSelectors { get; init; }

    /// <summary>Where the object is.</summary>
    public string Path => path;

    /// <summary>The names of all fields, in order.</summary>
    public IEnumerable<string> Names => json.Select(entry => entry.Key);

    /// <summary>Whether the field is there with any value but null.</summary>
    public bool Has(string field) => Take(field) is not null;

    /// <summary>Whether the field is there and holds a text.</summary>
    public bool IsText(string field) => Take(field)?.GetValueKind() == JsonValueKind.String;

    public string? Text(string field)
    {
        var node = Take(field);
        if (node is null || TryText(node, out var text))
        {
            return node?.GetValue<string>();
        }

        Malformed(field, "a text");
        return null;
    }

    public bool? Flag(string field)
    {
        var node = Take(field);
        if (node?.GetValueKind() is null or JsonValueKind.True or JsonValueKind.False)
        {
            return node is null ? null : node.GetValueKind() == JsonValueKind.True;
        }

        Malformed(field, "true or false");
        return null;
    }

    public double? Number(string field)
    {
        var node = Take(field);
        if (node is null)
        {
            return null;
        }

        if (node.GetValueKind() == JsonValueKind.Number
            && double.TryParse(node.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && double.IsFinite(number))
        {
            return number;
        }

        Malformed(field, "a number");
        return null;
    }

    /// <summary>The nested object, or null when absent.</summary>
    public FieldReader? Object(string field)
    {
        var node = Take(field);
        if (node is null or JsonObject)
        {
            return node is JsonObject inner ? Within(inner, At(field)) : null;
        }

        Malformed(field, "an object");
        return null;
    }

    /// <summary>The list's objects, each with its path; nothing when absent.</summary>
    public IEnumerable<FieldReader> Objects(string field)
    {
        foreach (var (item, at) in Items(field))
        {
            if (item is JsonObject inner)
            {
                yield return Within(inner, at);
            }
            else
            {
                findings.Add(PolicyCode.MalformedField.At(at, "must be an object"));
            }
        }
    }

    /// <summary>The list's texts, each with its path; nothing when absent.</summary>
    public IEnumerable<(string Text, string Path)> Texts(string field)
    {
        foreach (var (item, at) in Items(field))
        {
            if (TryText(item, out var text))
            {
                yield return (text, at);
            }
            else
            {
                findings.Add(PolicyCode.MalformedField.At(at, "must be a text"));
            }
        }
    }

    /// <summary>The list's values of any type, each with its path; nothing when absent.</summary>
    public IEnumerable<(JsonNode? Item, string Path)> Items(string field)
    {
        var node = Take(field);
        if (node is null)
        {
            return [];
        }

        if (node is not JsonArray array)
        {
            Malformed(field, "a list");
            return [];
        }

        return array.Select((item, i) => (item, $"{At(field)}[{i.ToString(CultureInfo.InvariantCulture)}]"));
    }

    /// <summary>A field that holds an integer or a text.</summary>
    public string? IntegerOrText(string field)
    {
        var node = Take(field);
        if (node is null)
        {
            return null;
        }

        if (TryIntegerOrText(node, out var text))
        {
            return text;
        }

        Malformed(field, "a number or a text");
        return null;
    }

    /// <summary>A selector; null when absent or empty. A selector of blanks, or one that does not parse, is a finding.</summary>
    public CalicoSelector? Selector(string field)
    {
        if (Text(field) is not { Length: > 0 } text)
        {
            return null;
        }

        if (text.AsSpan().Trim(" \t").IsEmpty)
        {
            findings.Add(PolicyCode.SelectorBlank.At(At(field), "a selector of blanks"));
            return null;
        }

        if (CalicoSelector.TryParse(text, LineBreaksInSelectors, out var selector, out var error))
        {
            return selector;
        }

        var shown = text.Length <= 100 ? text : text[..100] + "…";
        findings.Add(PolicyCode.SelectorInvalid.At(At(field), $"'{shown}' is not a selector: {error}"));
        return null;
    }

    /// <summary>Marks fields that decide nothing as known.</summary>
    public void Ignore(params ReadOnlySpan<string> fields)
    {
        foreach (var field in fields)
        {
            Take(field);
        }
    }

    /// <summary>Reports every field that was not asked for.</summary>
    public void Finish()
    {
        foreach (var (field, value) in json)
        {
            if (value is not null && _asked?.Contains(field) != true)
            {
                findings.Add(PolicyCode.UnknownField.At(At(field), $"the field '{field}' is not known here"));
            }
        }
    }

    public string At(string field) => path.Length == 0 ? field : $"{path}.{field}";

    public void Malformed(string field, string expected) =>
        findings.Add(PolicyCode.MalformedField.At(At(field), $"must be {expected}"));

    internal static bool TryIntegerOrText(JsonNode? node, out string text)
    {
        text = "";
        if (TryText(node, out var given))
        {
            text = given;
            return true;
        }

        if (node?.GetValueKind() != JsonValueKind.Number)
        {
            return false;
        }

        text = node.ToJsonString();
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
    }

    private static bool TryText(JsonNode? node, out string text)
    {
        text = "";
        if (node is not JsonValue value || value.GetValueKind() != JsonValueKind.String)
        {
            return false;
        }

        text = value.GetValue<string>();
        return true;
    }

    private FieldReader Within(JsonObject inner, string at) => new(inner, at, findings) { LineBreaksInSelectors = LineBreaksInSelectors };

    private JsonNode? Take(string field)
    {
        if (json[field] is not { } node)
        {
            return null;
        }

        (_asked ??= new HashSet<string>(StringComparer.Ordinal)).Add(field);
        return node;
    }
}
