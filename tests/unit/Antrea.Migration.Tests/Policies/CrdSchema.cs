using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Holds values to a structural schema as the API server does: fields, types, enums, bounds, formats, patterns, required and exclusive fields.</summary>
internal static class CrdSchema
{
    /// <summary>Everything wrong; <paramref name="seen"/> takes the path of each value looked at.</summary>
    public static IEnumerable<string> Violations(JsonNode? value, JsonObject schema, string path, ICollection<string> seen)
    {
        seen.Add(path);
        return value switch
        {
            JsonObject map => OfObject(map, schema, path, seen),
            JsonArray list when IsOf(schema, "array") => list.SelectMany(i => Violations(i, schema["items"]!.AsObject(), $"{path}[]", seen)),
            _ => OfScalar(value, schema).Select(v => $"{path}={value}: {v}"),
        };
    }

    private static IEnumerable<string> OfObject(JsonObject map, JsonObject schema, string path, ICollection<string> seen)
    {
        if (!IsOf(schema, "object"))
        {
            yield return $"{path}: an object";
        }

        if (schema["additionalProperties"] is JsonObject any)
        {
            foreach (var violation in map.SelectMany(f => Violations(f.Value, any, $"{path}.{f.Key}", seen)))
            {
                yield return violation;
            }

            yield break;
        }

        var properties = schema["properties"] as JsonObject ?? [];
        foreach (var (field, value) in map)
        {
            var isHeader = !path.Contains('.', StringComparison.Ordinal) && field is "apiVersion" or "kind" or "metadata";
            if (isHeader)
            {
                continue;
            }

            if (properties[field] is not JsonObject property)
            {
                yield return $"{path}.{field}: unknown";
                continue;
            }

            foreach (var violation in Violations(value, property, $"{path}.{field}", seen))
            {
                yield return violation;
            }
        }

        foreach (var missing in Names(schema["required"]).Where(r => map[r] is null))
        {
            yield return $"{path}.{missing}: required";
        }

        if (schema["oneOf"] is JsonArray choices && choices.Count(c => Names(c!["required"]).All(r => map[r] is not null)) != 1)
        {
            yield return $"{path}: not exactly one of its alternatives";
        }

        if (map.Count < Number(schema["minProperties"], 0) || map.Count > Number(schema["maxProperties"], int.MaxValue))
        {
            yield return $"{path}: too few or too many fields";
        }
    }

    private static IEnumerable<string> OfScalar(JsonNode? value, JsonObject schema)
    {
        var kind = value?.GetValueKind() ?? JsonValueKind.Null;
        var text = value?.ToString() ?? "";
        var isNumber = kind == JsonValueKind.Number;
        var isWhole = isNumber && long.TryParse(value!.ToJsonString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _);
        var isType = schema["x-kubernetes-int-or-string"] is not null ? isWhole || kind == JsonValueKind.String : schema["type"]?.ToString() switch
        {
            "string" => kind == JsonValueKind.String,
            "integer" => isWhole,
            "number" => isNumber,
            "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
            _ => false,
        };
        if (!isType)
        {
            yield return $"not of type {schema["type"]}";
        }

        if (schema["enum"] is JsonArray allowed && !allowed.Any(a => JsonNode.DeepEquals(a, value) || IsHexadecimal(a, value)))
        {
            yield return "not in the enum";
        }

        if (isNumber && (Number(value, 0) < Number(schema["minimum"], double.MinValue) || Number(value, 0) > Number(schema["maximum"], double.MaxValue)))
        {
            yield return "out of bounds";
        }

        if (!IsFormat(text, schema["format"]?.ToString()) || (schema["oneOf"] is JsonArray formats && formats.Count(f => IsFormat(text, f!["format"]!.ToString())) != 1))
        {
            yield return "not of the format";
        }

        if (schema["pattern"] is { } pattern && !Regex.IsMatch(text, pattern.ToString(), RegexOptions.None, TimeSpan.FromSeconds(1)))
        {
            yield return "not of the pattern";
        }
    }

    private static bool IsFormat(string text, string? format) => format switch
    {
        "cidr" => Cidr.TryParseMasked(text, out _, out _),
        "ipv4" => IPAddress.TryParse(text, out var address) && !text.Contains(':', StringComparison.Ordinal) && address.ToString() == text,
        "ipv6" => IPAddress.TryParse(text, out _) && text.Contains(':', StringComparison.Ordinal),
        _ => true,
    };

    /// <summary>The manifests write some numbers as 0x11.</summary>
    private static bool IsHexadecimal(JsonNode? allowed, JsonNode? value) =>
        allowed?.ToString() is ['0', 'x', .. var digits]
        && int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var number)
        && value?.ToString() == number.ToString(CultureInfo.InvariantCulture);

    private static bool IsOf(JsonObject schema, string type) => schema["type"]?.ToString() == type;

    private static IEnumerable<string> Names(JsonNode? list) => (list as JsonArray ?? []).Select(n => n!.ToString());

    private static double Number(JsonNode? bound, double otherwise) =>
        bound is null ? otherwise : double.Parse(bound.ToJsonString(), CultureInfo.InvariantCulture);
}
