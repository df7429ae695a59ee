using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Antrea.Migration.Routing;

/// <summary>Reads the text form, line by line, and JSON arrays between the lines.</summary>
internal sealed partial class RouteTextReader
{
    /// <summary>How many parts that begin like JSON and are none are looked at, as each look may go through the whole text.</summary>
    private const int MostBrokenArrays = 16;

    private const string StartOfColour = "\u001b[";

    private readonly RouteFindings _findings;
    private readonly ImmutableArray<Route>.Builder _routes = ImmutableArray.CreateBuilder<Route>();
    private readonly ImmutableArray<RouteRule>.Builder _rules = ImmutableArray.CreateBuilder<RouteRule>();
    private readonly RouteLine _line = new();
    private RouteDraft? _draft;

    // The route that following nexthop lines would belong to was left out, so they are too.
    private bool _skipNextHops;

    // What the command above the lines says of them.
    private bool _isIPv6;
    private bool _familyIsSaid;
    private string? _table;
    private long _lastPriority;

    private RouteTextReader(string source, bool defaultIsIPv6)
    {
        _findings = new RouteFindings(source);
        _isIPv6 = defaultIsIPv6;
    }

    public static RouteParseResult Read(string text, string source, bool defaultIsIPv6, bool withJson, CancellationToken cancellationToken)
    {
        var reader = new RouteTextReader(source, defaultIsIPv6);
        reader.ReadLines(WithoutColours(text), withJson, cancellationToken);
        reader.Finish();
        return new RouteParseResult(reader._routes.ToImmutable(), reader._findings.ToImmutable()) { Rules = reader._rules.ToImmutable() };
    }

    private void ReadLines(string text, bool withJson, CancellationToken cancellationToken)
    {
        var number = 0;
        var brokenArrays = 0;
        for (var start = 0; start < text.Length;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            number++;
            var length = text.AsSpan(start).IndexOf('\n');
            var end = length < 0 ? text.Length : start + length;
            var line = text.AsSpan(start, end - start);
            if (withJson && brokenArrays < MostBrokenArrays && line.TrimStart() is ['[', ..] array)
            {
                var first = end - array.Length;
                if (JsonEnd(text, first) is { } last)
                {
                    brokenArrays += TryReadJson(text[first..last], number) ? 0 : 1;
                    number += text.AsSpan(first, last - first).Count('\n') - 1;
                    start = last;
                    continue;
                }

                brokenArrays++;
            }

            ReadLine(line, number);
            start = end + 1;
        }
    }

    private void ReadLine(ReadOnlySpan<char> line, int number)
    {
        var nul = line.IndexOf('\0');
        if (line.Length > RouteLine.MaxLength || nul >= 0)
        {
            Finish();
            _skipNextHops = true;
            var (column, fault) = line.Length > RouteLine.MaxLength
                ? (1, string.Create(CultureInfo.InvariantCulture, $"the line has {line.Length} characters, more than any that ip prints"))
                : (nul + 1, "there is a NUL character here (is the file UTF-16?)");
            _findings.Unreadable(string.Create(CultureInfo.InvariantCulture, $"{number}:{column}"), fault);
            return;
        }

        // With -o a route with several next hops is one line whose parts a backslash joins.
        for (var offset = 0; offset <= line.Length;)
        {
            var length = line[offset..].IndexOf('\\');
            length = length < 0 ? line.Length - offset : length;
            _line.Read(line.Slice(offset, length), number, offset);
            ReadPart();
            offset += length + 1;
        }
    }

    private void ReadPart()
    {
        var words = _line.Words;

        // A look-up in the cache prints its flags on a second line that begins with this word; -d prints there which object a next hop is of.
        if (words.Count == 0 || words[0] is "cache" or "nh_info")
        {
            return;
        }

        if (words[0] == "nexthop")
        {
            ReadNextHops(0);
            return;
        }

        Finish();
        if (RouteCommand.Find(words) is { } command)
        {
            (_isIPv6, _familyIsSaid, _table, _lastPriority) = (command.IsIPv6, true, command.Table, 0);
            return;
        }

        // A comment, or a ruler between two outputs.
        if (words[0][0] == '#' || words.TrueForAll(w => w.AsSpan().IndexOfAnyExcept("=-*~_") < 0))
        {
            return;
        }

        if (RouteRuleReader.IsRule(words[0]))
        {
            ReadRule();
            return;
        }

        _skipNextHops = true;
        var draft = new RouteDraft(_line.PlaceOf(0)) { Table = _table ?? RouteFormat.MainTable };
        var at = 0;
        if (RouteNumbers.TryType(words[0], out var type))
        {
            draft.Type = type;
            at++;
        }

        if (at == words.Count)
        {
            _findings.Unreadable(_line.PlaceOf(0), $"'{words[0]}' has no destination");
            return;
        }

        if (!draft.TrySetDestination(words[at], _findings, out var error))
        {
            _findings.Unreadable(_line.PlaceOf(at), error);
            return;
        }

        at++;
        if (at < words.Count && RouteDraft.TryParseAddress(words[at], out _))
        {
            _findings.Unreadable(_line.PlaceOf(at), $"a second address, '{words[at]}', as `route -n` and `netstat -r` print it");
            return;
        }

        if (!TryReadAttributes(ref at, draft.Hop, draft))
        {
            return;
        }

        _draft = draft;
        _skipNextHops = false;
        ReadNextHops(at);
    }

    private void ReadRule()
    {
        // Both families' rules begin at 0: a list that begins again without a word is the other family's.
        if (RouteRuleReader.Read(_line, _isIPv6, _findings) is not { } rule)
        {
            return;
        }

        if (!_familyIsSaid && rule.Priority < _lastPriority && rule is { From: null, To: null, IsIPv6: false })
        {
            _isIPv6 = true;
            rule = rule with { IsIPv6 = true };
        }

        _lastPriority = rule.Priority;
        _rules.Add(rule);
    }

    private bool TryReadJson(string array, int number)
    {
        Finish();
        var line = number.ToString(CultureInfo.InvariantCulture);
        var (before, firstRoute) = (_rules.Count, _routes.Count);
        if (RouteJsonReader.Read(array, line, _isIPv6, _routes, _rules, _findings) is { } fault)
        {
            _findings.UnreadablePart(line, fault);
            return false;
        }

        for (var i = firstRoute; _table is not null && i < _routes.Count; i++)
        {
            _routes[i] = _routes[i] with { Table = _table };
        }

        // As in ReadRule: a second array of rules is IPv6's.
        if (!_familyIsSaid && !_isIPv6 && before > 0 && _rules.Count > before && _rules[before].Priority < _rules[before - 1].Priority)
        {
            for (var i = before; i < _rules.Count; i++)
            {
                _rules[i] = _rules[i] with { IsIPv6 = (_rules[i].From ?? _rules[i].To)?.IsIPv6 ?? true };
            }
        }

        return true;
    }

    /// <summary>Takes out what <c>ip -c</c>, or a recorded terminal, puts around addresses and devices.</summary>
    private static string WithoutColours(string text)
    {
        var escape = text.IndexOf(StartOfColour, StringComparison.Ordinal);
        if (escape < 0)
        {
            return text;
        }

        var plain = new StringBuilder(text.Length);
        var start = 0;
        for (; escape >= 0; escape = text.IndexOf(StartOfColour, start, StringComparison.Ordinal))
        {
            var rest = text.AsSpan(escape + StartOfColour.Length);
            var digits = rest.IndexOfAnyExcept("0123456789;");
            digits = digits < 0 ? rest.Length : digits;
            plain.Append(text, start, escape - start);
            start = escape + StartOfColour.Length + digits + (digits < rest.Length && rest[digits] is 'm' or 'K' ? 1 : 0);
        }

        return plain.Append(text, start, text.Length - start).ToString();
    }

    /// <summary>Where the array that begins here ends; null when it never does.</summary>
    private static int? JsonEnd(string text, int start)
    {
        var depth = 0;
        var inString = false;
        for (var i = start; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '"':
                    inString = !inString;
                    break;
                case '\\' when inString:
                    i++;
                    break;
                case '[' when !inString:
                    depth++;
                    break;
                case ']' when !inString && --depth == 0:
                    return i + 1;
            }
        }

        return null;
    }

    private void Finish()
    {
        if (_draft is not null)
        {
            if (_draft.TryFinish(_isIPv6, out var route, out var error))
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
