using System.Collections.Immutable;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing;

/// <summary>Collects what was odd in one input, up to <see cref="RouteParser.MaxFindings"/>.</summary>
internal sealed class RouteFindings(string source)
{
    private const int MaxQuoted = 100;

    private readonly List<Finding> _findings = [];
    private int _leftOut;

    /// <summary>A line or entry that gives no route, or no rule.</summary>
    public void Unreadable(string place, string why, string what = "route") => Add(
        "route-line-unreadable",
        place,
        () => $"{why}; the {what} is left out",
        "Check the line; only the output of `ip route` and `ip rule`, or of these with -j, belongs here");

    /// <summary>A rule for packets that the model does not tell apart.</summary>
    public void RuleNotModelled(string place, string word) => Add(
        "route-rule-not-modelled",
        place,
        () => $"'{Quote(word)}' makes the rule one for packets of some kind only; the rule is left out",
        "Judge by hand whether such packets matter");

    /// <summary>A part that looks like JSON and is none, in a text that may hold more.</summary>
    public void UnreadablePart(string place, string why) => Add(
        "routes-unreadable",
        place,
        () => $"{why}; nothing of it was read",
        "Give the whole output of `ip -j route` or `ip -j rule`, or the plain text",
        Severity.Blocker);

    /// <summary>A route of a kind that the model does not hold.</summary>
    public void NotModelled(string place, string word) => Add(
        "route-not-modelled",
        place,
        () => $"'{Quote(word)}' makes the route one for some packets only, or wraps them; the route is left out",
        "Judge by hand whether such packets matter");

    /// <summary>Words that iproute2 does not print; the route is kept without them.</summary>
    public void UnknownWords(
        string place, IReadOnlyCollection<string> words, string? meant, string command = "ip route", string what = "route")
    {
        Add(
            "route-word-unknown",
            place,
            () => $"{string.Join(", ", words.Take(5).Select(w => $"'{Quote(w)}'"))}{(words.Count > 5 ? "…" : "")}: no word of {command}"
                + $"{(meant is null ? "" : $" (did you mean '{meant}'?)")}; the {what} is read without it",
            "Check the line for a slip of the pen");
    }

    /// <summary>A destination with bits set behind its prefix; the route is kept with the prefix it lies in.</summary>
    public void HostBits(string place, string text, object masked) => Add(
        "route-host-bits",
        place,
        () => $"'{Quote(text)}' has bits set behind its prefix; read as {masked}",
        "Check the destination; the kernel never prints one like this");

    /// <summary>The input as a whole is not what it should be.</summary>
    public void UnreadableInput(string why) => _findings.Add(new Finding(
        "routes-unreadable",
        Severity.Blocker,
        source,
        $"{why}; no route was read",
        "Give the output of `ip -j route`, or of `ip route` as text"));

    public ImmutableArray<Finding> ToImmutable() => _leftOut == 0
        ? [.. _findings]
        :
        [
            .. _findings,
            new Finding(
                "route-findings-left-out",
                Severity.Warning,
                source,
                $"{_leftOut} more findings were left out after {RouteParser.MaxFindings}",
                "Check that this is the output of `ip route` at all"),
        ];

    /// <summary>Text from the input, short and printable enough for a message.</summary>
    public static string Quote(string text)
    {
        var cut = text.Length <= MaxQuoted ? text : text[..MaxQuoted] + "…";
        return string.Concat(cut.Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '?' : c));
    }

    private void Add(string id, string place, Func<string> evidence, string remedy, Severity severity = Severity.Warning)
    {
        if (_findings.Count == RouteParser.MaxFindings)
        {
            _leftOut++;
            return;
        }

        _findings.Add(new Finding(id, severity, place.StartsWith('[') ? source + place : $"{source}:{place}", evidence(), remedy));
    }
}
