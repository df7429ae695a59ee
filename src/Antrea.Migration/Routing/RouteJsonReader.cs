using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;

namespace Antrea.Migration.Routing;

/// <summary>Reads the JSON form, entry by entry.</summary>
internal static partial class RouteJsonReader
{
    /// <summary>Names that the JSON form has beside the words of the text form.</summary>
    private static readonly FrozenSet<string> PassedOver =
        ((string[])["metrics", "cache", "ifindex", "fragmented", "flow", "nh_info"]).ToFrozenSet(StringComparer.Ordinal);

    public static RouteParseResult Read(string json, string source, bool defaultIsIPv6)
    {
        var findings = new RouteFindings(source);
        var routes = ImmutableArray.CreateBuilder<Route>();
        var rules = ImmutableArray.CreateBuilder<RouteRule>();
        if (Read(json, "", defaultIsIPv6, routes, rules, findings) is { } fault)
        {
            findings.UnreadableInput(fault);
        }

        return new RouteParseResult(routes.ToImmutable(), findings.ToImmutable()) { Rules = rules.ToImmutable() };
    }

    /// <summary>Reads one array, of routes or of rules; says what is wrong with it as a whole, or null.</summary>
    /// <param name="json">The array.</param>
    /// <param name="line">Where it begins: a line's number, or nothing.</param>
    /// <param name="defaultIsIPv6">The family of what does not tell.</param>
    /// <param name="routes">Takes the routes.</param>
    /// <param name="rules">Takes the rules.</param>
    /// <param name="findings">Told of what is odd in an entry.</param>
    public static string? Read(
        string json, string line, bool defaultIsIPv6,
        ImmutableArray<Route>.Builder routes, ImmutableArray<RouteRule>.Builder rules, RouteFindings findings)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                return $"a JSON array was expected, not {document.RootElement.ValueKind}";
            }

            var number = 0;
            foreach (var element in document.RootElement.EnumerateArray())
            {
                var place = string.Create(CultureInfo.InvariantCulture, $"{line}[{number++}]");
                if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty("priority", out _))
                {
                    if (ReadRule(element, place, defaultIsIPv6, findings) is { } rule)
                    {
                        rules.Add(rule);
                    }
                }
                else if (ReadEntry(element, place, findings, defaultIsIPv6) is { } route)
                {
                    routes.Add(route);
                }
            }

            return null;
        }
        catch (JsonException e)
        {
            return $"not JSON: {RouteFindings.Quote(e.Message)}";
        }
    }

    private static RouteRule? ReadRule(JsonElement element, string place, bool isIPv6, RouteFindings findings)
    {
        try
        {
            return RouteRuleReader.Read(element, place, isIPv6, findings);
        }
        catch (InvalidOperationException)
        {
            // What System.Text.Json says of a text with half a surrogate pair, and of a value of another kind.
            findings.Unreadable(place, "a value of the wrong kind", "rule");
            return null;
        }
    }

    private static Route? ReadEntry(JsonElement element, string place, RouteFindings findings, bool defaultIsIPv6)
    {
        // iproute2 leaves an empty object where a filter took a route out.
        if (element.ValueKind == JsonValueKind.Object && !element.EnumerateObject().Any())
        {
            return null;
        }

        string? error;
        try
        {
            if (TryRead(element, place, findings, out var draft, out error) && draft.TryFinish(defaultIsIPv6, out var route, out error))
            {
                return route;
            }
        }
        catch (InvalidOperationException)
        {
            // What System.Text.Json says of a text with half a surrogate pair.
            error = "a text that is no Unicode";
        }

        if (error.Length > 0)
        {
            findings.Unreadable(place, error);
        }

        return null;
    }

    private static bool TryRead(
        JsonElement element, string place, RouteFindings findings,
        [NotNullWhen(true)] out RouteDraft? draft, [NotNullWhen(false)] out string? error)
    {
        draft = null;
        if (element.ValueKind != JsonValueKind.Object)
        {
            error = $"an object was expected, not {element.ValueKind}";
            return false;
        }

        var read = new RouteDraft(place);
        if (Text(element, "type") is { } type)
        {
            if (!RouteNumbers.TryType(type, out var known))
            {
                error = $"type '{RouteFindings.Quote(type)}' is none that is known";
                return false;
            }

            read.Type = known;
        }

        if (Text(element, "dst") is not { } destination)
        {
            error = "no text 'dst'";
            return false;
        }

        List<string>? unknown = null;
        if (!read.TrySetDestination(destination, findings, out error)
            || !TryReadMembers(element, read.Hop, read, place, findings, ref unknown, out error))
        {
            return false;
        }

        if (unknown is not null)
        {
            findings.UnknownWords(place, unknown, RouteWords.Meant(unknown[0]));
        }

        draft = read;
        return true;
    }

    /// <summary>Reads the members of a route, or of one of its next hops when <paramref name="draft"/> is
    /// null.</summary>
    private static bool TryReadMembers(
        JsonElement element, HopDraft hop, RouteDraft? draft, string place, RouteFindings findings,
        ref List<string>? unknown, [NotNullWhen(false)] out string? error)
    {
        foreach (var member in element.EnumerateObject())
        {
            if (RouteWords.NotModelled.Contains(member.Name))
            {
                findings.NotModelled(place, member.Name);
                error = "";
                return false;
            }

            var read = draft is not null && member.Name == "nexthops"
                ? TryReadNextHops(member.Value, draft, place, findings, ref unknown, out error)
                : TryReadMember(member, hop, draft, ref unknown, out error);
            if (!read)
            {
                error ??= "";
                return false;
            }
        }

        error = null;
        return true;
    }

    private static bool TryReadNextHops(
        JsonElement value, RouteDraft draft, string place, RouteFindings findings,
        ref List<string>? unknown, [NotNullWhen(false)] out string? error)
    {
        error = "'nexthops' is no array of objects";
        if (value.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        foreach (var element in value.EnumerateArray())
        {
            var hop = new HopDraft();
            if (element.ValueKind != JsonValueKind.Object)
            {
                return false;
            }

            if (!TryReadMembers(element, hop, null, place, findings, ref unknown, out var inner))
            {
                error = inner;
                return false;
            }

            draft.NextHops.Add(hop);
        }

        error = null;
        return true;
    }

    private static bool TryNumber(JsonElement value, out uint number)
    {
        number = 0;
        return value.ValueKind == JsonValueKind.Number && value.TryGetUInt32(out number);
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? Text(value) : null;

    /// <summary>A text, or a number as text: protocols and tables without a name come as either.</summary>
    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        _ => null,
    };
}
