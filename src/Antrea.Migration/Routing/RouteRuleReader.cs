using System.Collections.Frozen;
using System.Globalization;
using System.Text.Json;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Routing;

/// <summary>Reads one rule, from a line of <c>ip rule</c> or an entry of <c>ip -j rule</c>.</summary>
internal static class RouteRuleReader
{
    /// <summary>Words by which a rule is for some packets only that the model does not tell apart.</summary>
    private static readonly FrozenSet<string> NotModelled = Set(
        "tos", "dsfield", "dscp", "uidrange", "uid_start", "uid_end", "ipproto", "ip_proto", "sport", "sport_start", "dport", "dport_start",
        "tun_id", "l3mdev", "suppress_ifgroup", "flowlabel", "map-to", "masquerade");

    private static readonly FrozenSet<string> Flags = Set("[detached]", "[unresolved]", "iif_detached", "oif_detached", "unresolved");

    private static readonly FrozenSet<string> OtherAttributes = Set("realms", "protocol", "proto", "flow_to", "flow_from", "ref");

    /// <summary>Whether a line begins as a rule does: with a priority and a colon.</summary>
    public static bool IsRule(string word) =>
        word.Length is > 1 and <= 11 && word[^1] == ':' && word.AsSpan(0, word.Length - 1).IndexOfAnyExceptInRange('0', '9') < 0;

    /// <summary>Reads a line whose first word <see cref="IsRule"/>; null when a finding says why not.</summary>
    public static RouteRule? Read(RouteLine line, bool isIPv6, RouteFindings findings)
    {
        var words = line.Words;
        if (!uint.TryParse(words[0].AsSpan(0, words[0].Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var priority))
        {
            findings.Unreadable(line.PlaceOf(0), $"'{words[0]}' is no priority");
            return null;
        }

        var rule = new RouteRule { Priority = priority, IsIPv6 = isIPv6 };
        for (var at = 1; at < words.Count; at++)
        {
            var word = words[at];
            if (NotModelled.Contains(word) || (word == "lookup" && at + 1 < words.Count && words[at + 1].StartsWith("[l3mdev", StringComparison.Ordinal)))
            {
                findings.RuleNotModelled(line.PlaceOf(at), word);
                return null;
            }

            if (TrySetFlag(rule, word) is { } flagged)
            {
                rule = flagged;
                continue;
            }

            if (Flags.Contains(word))
            {
                continue;
            }

            if (word is not ("from" or "to" or "iif" or "oif" or "fwmark" or "lookup" or "table" or "goto" or "suppress_prefixlength")
                && !OtherAttributes.Contains(word))
            {
                findings.UnknownWords(line.PlaceOf(at), [word], null, "ip rule", "rule");
                continue;
            }

            if (++at == words.Count)
            {
                findings.Unreadable(line.PlaceOf(at), $"'{word}' has no value", "rule");
                return null;
            }

            if (TrySet(rule, word, words[at]) is not { } next)
            {
                findings.Unreadable(line.PlaceOf(at), $"'{RouteFindings.Quote(words[at])}' is no value for '{word}'", "rule");
                return null;
            }

            rule = next;
        }

        return rule;
    }

    /// <summary>Reads an entry with a <c>priority</c>; null when a finding says why not.</summary>
    public static RouteRule? Read(JsonElement entry, string place, bool isIPv6, RouteFindings findings)
    {
        if (!entry.GetProperty("priority").TryGetUInt32(out var priority))
        {
            findings.Unreadable(place, "'priority' is no number", "rule");
            return null;
        }

        var rule = new RouteRule { Priority = priority, IsIPv6 = isIPv6 };
        foreach (var member in entry.EnumerateObject())
        {
            var name = member.Name switch
            {
                "src" => "from",
                "dst" => "to",
                "suppress_prefixlen" => "suppress_prefixlength",
                var other => other,
            };
            if (NotModelled.Contains(name))
            {
                findings.RuleNotModelled(place, name);
                return null;
            }

            if (name is "priority" or "srclen" or "dstlen" or "fwmask" || Flags.Contains(name) || OtherAttributes.Contains(name))
            {
                continue;
            }

            var value = Text(member.Value);
            if (name is "from" or "to" && Text(entry, name == "from" ? "srclen" : "dstlen") is { } length)
            {
                value += $"/{length}";
            }
            else if (name == "fwmark" && Text(entry, "fwmask") is { } mask)
            {
                value += $"/{mask}";
            }
            else if (name is "action" or "to_tbl")
            {
                name = value ?? "";
            }

            if ((TrySetFlag(rule, name) ?? (value is null ? null : TrySet(rule, name, value))) is { } next)
            {
                rule = next;
            }
            else if (name is "from" or "to" or "iif" or "oif" or "fwmark" or "table" or "goto" or "suppress_prefixlength")
            {
                findings.Unreadable(place, $"'{member.Name}' has no fitting value", "rule");
                return null;
            }
            else
            {
                findings.UnknownWords(place, [member.Name], null, "ip rule", "rule");
            }
        }

        return rule;
    }

    private static RouteRule? TrySetFlag(RouteRule rule, string word) => word switch
    {
        "not" => rule with { Not = true },
        "nop" => rule with { Action = RouteRuleAction.Nop },
        "blackhole" or "6" => rule with { Action = RouteRuleAction.Blackhole },
        "unreachable" or "7" => rule with { Action = RouteRuleAction.Unreachable },
        "prohibit" or "8" => rule with { Action = RouteRuleAction.Prohibit },
        _ => null,
    };

    private static RouteRule? TrySet(RouteRule rule, string word, string value)
    {
        switch (word)
        {
            case "from" or "to" when value is "all" or "any":
                return rule;
            case "from" when TryPrefix(value, out var from):
                return rule with { From = from, IsIPv6 = from.IsIPv6 };
            case "to" when TryPrefix(value, out var to):
                return rule with { To = to, IsIPv6 = to.IsIPv6 };
            case "iif":
                return rule with { InputDevice = value };
            case "oif":
                return rule with { OutputDevice = value };
            case "lookup" or "table":
                return rule with { Action = RouteRuleAction.Lookup, Table = value };
            case "goto" when uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var target):
                return rule with { Action = RouteRuleAction.Goto, Target = target };
            case "suppress_prefixlength" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var length) && length <= 128:
                return rule with { SuppressPrefixLength = length };
            case "fwmark":
                var slash = value.IndexOf('/', StringComparison.Ordinal);
                var mask = uint.MaxValue;
                return TryMark(slash < 0 ? value : value[..slash], out var mark) && (slash < 0 || TryMark(value[(slash + 1)..], out mask))
                    ? rule with { Mark = mark, MarkMask = mask }
                    : null;
            default:
                return OtherAttributes.Contains(word) ? rule : null;
        }
    }

    private static bool TryPrefix(string text, out Cidr cidr)
    {
        if (!text.Contains('/', StringComparison.Ordinal) && RouteDraft.TryParseAddress(text, out var address))
        {
            cidr = Cidr.Host(address);
            return true;
        }

        return Cidr.TryParse(text, out cidr);
    }

    private static bool TryMark(string text, out uint mark) =>
        text.StartsWith("0x", StringComparison.Ordinal)
            ? uint.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out mark)
            : uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out mark);

    private static string? Text(JsonElement entry, string name) => entry.TryGetProperty(name, out var value) ? Text(value) : null;

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number => value.GetRawText(),
        _ => null,
    };

    private static FrozenSet<string> Set(params string[] words) => words.ToFrozenSet(StringComparer.Ordinal);
}
