using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Clusters;

/// <summary>Reads the fields of one object and records every value that cannot be understood.</summary>
internal sealed class ObjectFields(ClusterObject obj, ICollection<BadValue> bad)
{
    /// <summary>The object.</summary>
    public ClusterObject Object { get; } = obj;

    /// <summary>Records that a value cannot be understood.</summary>
    public void Bad(string field, string message, Severity severity = Severity.Blocker) =>
        bad.Add(new BadValue(Object, field, message, severity));

    /// <summary>The value behind a dotted path of fields, or null.</summary>
    public JsonNode? At(string field) => Object.Json.At(field.Split('.'));

    /// <summary>The text behind a path; null when it is missing or empty. Another type is recorded.</summary>
    public string? Text(string field, Severity severity = Severity.Blocker)
    {
        switch (At(field))
        {
            case null:
                return null;
            case JsonValue value when value.TryGetValue<string>(out var text):
                return text.Length > 0 ? text : null;
            case var other:
                Bad(field, $"{Shown(other)} is not a text", severity);
                return null;
        }
    }

    /// <summary>The truth value behind a path, as true or "true"; false when it is missing. Another type is recorded.</summary>
    public bool Flag(string field, Severity severity = Severity.Blocker)
    {
        if (At(field) is not { } value)
        {
            return false;
        }

        if (value.FlagAt() is { } flag)
        {
            return flag;
        }

        // BlockAffinity writes an unset "deleted" as the empty string.
        if (value is not JsonValue scalar || !scalar.TryGetValue<string>(out var text) || text.Length > 0)
        {
            Bad(field, $"{Shown(value)} is neither true nor false", severity);
        }

        return false;
    }

    /// <summary>The whole number behind a path, or null when it is missing. Another type or a number out of range is recorded.</summary>
    public int? Number(string field, int least, int most, Severity severity = Severity.Blocker)
    {
        if (At(field) is not { } value)
        {
            return null;
        }

        if (value.NumberAt() is { } number && number >= least && number <= most)
        {
            return (int)number;
        }

        Bad(field, $"{Shown(value)} is not a whole number from {least} to {most}", severity);
        return null;
    }

    /// <summary>The prefix behind a path, or null when it is malformed, which is recorded, or missing, which is too.</summary>
    public Cidr? RequiredCidr(string field)
    {
        if (At(field) is null)
        {
            Bad(field, "is missing");
            return null;
        }

        return Text(field) is { } text ? ParseCidr(field, text) : null;
    }

    /// <summary>The prefix in a text, or null when it is malformed, which is recorded.</summary>
    public Cidr? ParseCidr(string field, string text, Severity severity = Severity.Blocker)
    {
        if (Cidr.TryParse(text, out var cidr, out var error))
        {
            return cidr;
        }

        Bad(field, error, severity);
        return null;
    }

    /// <summary>The address in a text, or null when it is malformed, which is recorded.</summary>
    public IPAddress? ParseAddress(string field, string text, Severity severity = Severity.Blocker)
    {
        // Through Cidr, whose parser is strict: "10.1" and "0x0a000001" are mistakes in a manifest.
        if (Cidr.TryParse($"{text}/{(text.Contains(':', StringComparison.Ordinal) ? 128 : 32)}", out var host)
            && host.FirstAddress.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6)
        {
            return host.FirstAddress;
        }

        Bad(field, $"'{text}' is not an IP address", severity);
        return null;
    }

    /// <summary>The texts of a list; null when the list is missing. Elements of another type are recorded.</summary>
    public ImmutableArray<(string Field, string Text)>? Texts(string field, Severity severity = Severity.Blocker)
    {
        if (At(field) is not { } value)
        {
            return null;
        }

        if (value is not JsonArray array)
        {
            Bad(field, $"{Shown(value)} is not a list", severity);
            return [];
        }

        var texts = ImmutableArray.CreateBuilder<(string, string)>();
        for (var i = 0; i < array.Count; i++)
        {
            if (array[i].TextAt() is { } text)
            {
                texts.Add(($"{field}[{i}]", text));
            }
            else
            {
                Bad($"{field}[{i}]", $"{Shown(array[i])} is not a text", severity);
            }
        }

        return texts.ToImmutable();
    }

    /// <summary>Records every value of the mapping behind a path that is no text, and a mapping that is none.</summary>
    public void CheckMap(string field, Severity severity = Severity.Blocker)
    {
        switch (At(field))
        {
            case null:
                break;
            case JsonObject map:
                foreach (var (key, value) in map.Where(e => e.Value is not JsonValue scalar || !scalar.TryGetValue<string>(out _)))
                {
                    Bad($"{field}[{key}]", $"{Shown(value)} is not a text; put quotes around it", severity);
                }

                break;
            case var other:
                Bad(field, $"{Shown(other)} is not a mapping", severity);
                break;
        }
    }

    /// <summary>The mappings of a list, each with its path; nothing when the list is missing. What is no list, and elements that are no mappings, are recorded.</summary>
    public IEnumerable<(JsonObject Item, string Field)> Mappings(JsonNode? list, string field)
    {
        if (list is not JsonArray items)
        {
            if (list is not null)
            {
                Bad(field, $"{Shown(list)} is not a list");
            }

            yield break;
        }

        for (var i = 0; i < items.Count; i++)
        {
            var at = string.Create(CultureInfo.InvariantCulture, $"{field}[{i}]");
            if (items[i] is JsonObject item)
            {
                yield return (item, at);
            }
            else
            {
                Bad(at, $"{Shown(items[i])} is not a mapping");
            }
        }
    }

    /// <summary>A value as messages show it, cut off after 60 characters.</summary>
    public static string Shown(JsonNode? value)
    {
        switch (value)
        {
            case null:
                return "null";
            case JsonArray:
                return "a list";
            case JsonObject:
                return "a mapping";
            default:
                var text = value.AsValue().TryGetValue<string>(out var plain) ? plain : value.ToJsonString();
                return $"'{(text.Length > 60 ? text[..60] + "…" : text)}'";
        }
    }
}
