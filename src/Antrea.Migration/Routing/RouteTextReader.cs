using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Antrea.Migration.Routing;

/// <summary>Reads the text form, line by line.</summary>
internal sealed class RouteTextReader
{
    private readonly RouteFindings _findings;
    private readonly bool _defaultIsIPv6;
    private readonly ImmutableArray<Route>.Builder _routes = ImmutableArray.CreateBuilder<Route>();
    private RouteDraft? _draft;

    // The route that following nexthop lines would belong to was left out, so they are too.
    private bool _skipNextHops;

    private RouteTextReader(string source, bool defaultIsIPv6)
    {
        _findings = new RouteFindings(source);
        _defaultIsIPv6 = defaultIsIPv6;
    }

    public static RouteParseResult Read(string text, string source, bool defaultIsIPv6)
    {
        var reader = new RouteTextReader(source, defaultIsIPv6);
        var number = 0;
        foreach (var line in text.Split('\n'))
        {
            number++;

            // With -o a route with several next hops is one line whose parts a backslash joins.
            foreach (var part in line.Split('\\'))
            {
                reader.ReadLine(
                    part.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries), number.ToString(CultureInfo.InvariantCulture));
            }
        }

        reader.Finish();
        return new RouteParseResult(reader._routes.ToImmutable(), reader._findings.ToImmutable());
    }

    private void ReadLine(string[] words, string place)
    {
        // A look-up in the cache prints its flags on a second line that begins with this word.
        if (words.Length == 0 || words[0] == "cache")
        {
            return;
        }

        if (words[0] == "nexthop")
        {
            ReadNextHops(words, 0, place);
            return;
        }

        Finish();
        _skipNextHops = true;
        var draft = new RouteDraft(place);
        var at = 0;
        if (RouteFormat.Types.TryGetValue(words[0], out var type))
        {
            draft.Type = type;
            at++;
        }

        if (at == words.Length)
        {
            _findings.Unreadable(place, $"'{words[0]}' has no destination");
            return;
        }

        if (!draft.TrySetDestination(words[at++], _findings, out var error)
            || !TryReadAttributes(words, ref at, draft.Hop, draft, place, out error))
        {
            if (error.Length > 0)
            {
                _findings.Unreadable(place, error);
            }

            return;
        }

        _draft = draft;
        _skipNextHops = false;
        ReadNextHops(words, at, place);
    }

    private void ReadNextHops(string[] words, int at, string place)
    {
        while (at < words.Length)
        {
            at++;
            var hop = new HopDraft();
            if (!TryReadAttributes(words, ref at, hop, null, place, out var error))
            {
                if (error.Length > 0)
                {
                    _findings.Unreadable(place, error);
                }

                _draft = null;
                _skipNextHops = true;
                return;
            }

            if (_draft is not null)
            {
                _draft.NextHops.Add(hop);
            }
            else if (!_skipNextHops)
            {
                _findings.Unreadable(place, "a next hop without a route before it");
            }
        }
    }

    /// <summary>Reads attributes up to the end or the next <c>nexthop</c>. An empty error means the finding is already
    /// there.</summary>
    private bool TryReadAttributes(
        string[] words, ref int at, HopDraft hop, RouteDraft? draft, string place, [NotNullWhen(false)] out string? error)
    {
        List<string>? unknown = null;
        error = null;
        while (at < words.Length && words[at] != "nexthop")
        {
            var word = words[at++];
            if (hop.TrySetFlag(word))
            {
                continue;
            }

            if (RouteWords.NotModelled.Contains(word))
            {
                _findings.NotModelled(place, word);
                error = "";
                return false;
            }

            if (!RouteWords.OtherAttributes.Contains(word) && !RouteWords.Read.Contains(word))
            {
                (unknown ??= []).Add(word);
                continue;
            }

            if (word == "via" && at < words.Length && words[at] is "inet" or "inet6")
            {
                hop.GatewayFamilyNamed = true;
                at++;
            }
            else if (RouteWords.OtherAttributes.Contains(word) && at < words.Length && words[at] == "lock")
            {
                at++;
            }

            if (at == words.Length)
            {
                error = $"'{word}' has no value";
                return false;
            }

            if (!TrySet(word, words[at++], hop, draft))
            {
                error = $"'{RouteFindings.Quote(words[at - 1])}' is no value for '{word}'";
                return false;
            }
        }

        if (unknown is not null)
        {
            _findings.UnknownWords(place, unknown, RouteWords.Meant(unknown[0]));
        }

        return true;
    }

    private static bool TrySet(string word, string value, HopDraft hop, RouteDraft? draft)
    {
        switch (word)
        {
            case "via":
                hop.Gateway = RouteDraft.TryParseAddress(value, out var gateway) ? gateway : null;
                return gateway is not null;
            case "dev":
                hop.Device = value;
                return true;
            case "weight":
                hop.Weight = int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var weight) ? weight : 0;
                return hop.Weight is >= 1 and <= 256;
            case "pref" when draft is not null:
                draft.SaysIPv6 = true;
                return true;
        }

        return RouteWords.OtherAttributes.Contains(word) || (draft is not null && TrySet(word, value, draft));
    }

    private static bool TrySet(string word, string value, RouteDraft draft)
    {
        switch (word)
        {
            case "proto" or "protocol":
                draft.Protocol = value == "boot" ? null : value;
                return true;
            case "scope":
                draft.Scope = value == "global" ? null : value;
                return true;
            case "table":
                draft.Table = value;
                return true;
            case "src":
                draft.Source = RouteDraft.TryParseAddress(value, out var source) ? source : null;
                return source is not null;
            default:
                var isNumber = uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var metric);
                draft.Metric = metric;
                return isNumber;
        }
    }

    private void Finish()
    {
        if (_draft is not null)
        {
            if (_draft.TryFinish(_defaultIsIPv6, out var route, out var error))
            {
                _routes.Add(route);
            }
            else
            {
                _findings.Unreadable(_draft.Place, error);
            }
        }

        _draft = null;
    }
}
