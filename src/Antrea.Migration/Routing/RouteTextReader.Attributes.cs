using System.Globalization;

namespace Antrea.Migration.Routing;

/// <content>What stands behind a destination: attributes and next hops.</content>
internal sealed partial class RouteTextReader
{
    private void ReadNextHops(int at)
    {
        while (at < _line.Words.Count)
        {
            var start = at++;
            var hop = new HopDraft();
            if (!TryReadAttributes(ref at, hop, null))
            {
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
                _findings.Unreadable(_line.PlaceOf(start), "a next hop without a route before it");
            }
        }
    }

    /// <summary>Reads attributes up to the end or the next <c>nexthop</c>; where it cannot, a finding says why.</summary>
    private bool TryReadAttributes(ref int at, HopDraft hop, RouteDraft? draft)
    {
        List<string>? unknown = null;
        var firstUnknown = 0;
        var words = _line.Words;
        while (at < words.Count && words[at] != "nexthop")
        {
            var word = words[at++];
            if (hop.TrySetFlag(word))
            {
                continue;
            }

            if (RouteWords.NotModelled.Contains(word))
            {
                _findings.NotModelled(_line.PlaceOf(at - 1), word);
                return false;
            }

            if (!RouteWords.OtherAttributes.Contains(word) && !RouteWords.Read.Contains(word))
            {
                firstUnknown = unknown is null ? at - 1 : firstUnknown;
                (unknown ??= []).Add(word);
                continue;
            }

            if (word == "via" && at < words.Count && words[at] is "inet" or "inet6")
            {
                hop.GatewayFamilyNamed = true;
                at++;
            }
            else if (RouteWords.OtherAttributes.Contains(word) && at < words.Count && words[at] == "lock")
            {
                at++;
            }

            if (at == words.Count)
            {
                _findings.Unreadable(_line.PlaceOf(at - 1), $"'{word}' has no value");
                return false;
            }

            if (!TrySet(word, words[at++], hop, draft))
            {
                _findings.Unreadable(_line.PlaceOf(at - 1), $"'{RouteFindings.Quote(words[at - 1])}' is no value for '{word}'");
                return false;
            }
        }

        if (unknown is not null)
        {
            _findings.UnknownWords(_line.PlaceOf(firstUnknown), unknown, RouteWords.Meant(unknown[0]));
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
                draft.Protocol = RouteNumbers.Protocol(value);
                return true;
            case "scope":
                draft.Scope = RouteNumbers.Scope(value);
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
}
