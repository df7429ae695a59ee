using System.Globalization;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Antrea.Migration.Routing;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.IntegrationTests.Routing;

/// <summary>The reading of <c>ip route</c> and the longest-prefix look-up against the kernel: random tables in a network namespace of their
/// own, and for every packet the route that <c>ip route get fibmatch</c> names.</summary>
[TestFixture]
[Category("Kernel")]
internal sealed class KernelLookupTests
{
    private const string Ruler = "----";

    /// <summary>How the kernel answers where no route leads on.</summary>
    private static readonly Dictionary<string, string> Errors = new()
    {
        ["Invalid argument"] = "blackhole",
        ["No route to host"] = "unreachable",
        ["Permission denied"] = "prohibit",
        ["Network is unreachable"] = "none",
    };

    [Test]
    [CancelAfter(180_000)]
    public async Task The_kernel_takes_the_route_that_we_say(
        [Values("IPv4", "IPv6")] string family, [Values(1, 2, 3)] int seed, [Values] bool withRules, CancellationToken cancellationToken)
    {
        Requires.Kernel();
        var isIPv6 = family == "IPv6";
        var kernel = await AskAsync(new KernelRoutes(isIPv6, seed, routes: 1000, packets: 5000, withRules), isIPv6, cancellationToken);

        var node = new NodeRoutes("n", kernel.Text.Routes, kernel.Text.Rules);
        var wrong = kernel.Packets.Zip(kernel.Answers).Where(p => Answer(node.Lookup(p.First), kernel) != p.Second)
            .Select(p => $"{p.First}\n  kernel: {p.Second}\n  ours:   {Answer(node.Lookup(p.First), kernel)}").ToList();
        var answers = kernel.Answers.CountBy(a => Errors.ContainsValue(a) ? a : "a route").ToDictionary();
        Console.WriteLine(string.Join(", ", answers.Select(a => $"{a.Value} {a.Key}")));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(wrong, Is.Empty);
            Assert.That(answers.Keys, Is.SupersetOf((string[])["a route", "blackhole", "unreachable", "prohibit"]), "all kinds of answers are compared");
            Assert.That(kernel.Answers.Distinct().Count(), Is.GreaterThan(100), "many routes are compared");
        }

        if (!withRules && node.Table("main") is { } main)
        {
            var destinations = kernel.Packets.Select(p => p.Destination).ToArray();
            var atOnce = new Route?[destinations.Length];
            main.Lookup(destinations, atOnce);
            Assert.That(atOnce, Is.EqualTo(destinations.Select(main.Lookup)), "all at once as one by one");
        }
    }

    /// <summary>Has the kernel load the routes, list them and look the packets up.</summary>
    private static async Task<Kernel> AskAsync(KernelRoutes routes, bool isIPv6, CancellationToken cancellationToken)
    {
        var ip = isIPv6 ? "ip -6" : "ip";
        var gets = routes.Packets.Select(p => string.Create(
            CultureInfo.InvariantCulture, $"route get fibmatch {p.Destination}{(p.Source is null ? "" : $" from {p.Source}")}{(p.Mark == 0 ? "" : $" mark {p.Mark}")}"));

        // Only the look-ups may fail; everything before ends the script.
        var script = $"""
            set -e
            {routes.Devices}
            {ip} -batch - <<'EOF'
            {string.Join('\n', routes.Commands)}
            EOF
            echo '$ {ip} rule'
            {ip} rule
            echo '$ {ip} route show table all'
            {ip} -o route show table all
            echo '{Ruler}'
            {ip} -j rule
            {ip} -j route show table all
            echo '{Ruler}'
            {ip} -o -force -batch - <<'EOF' || true
            {string.Join('\n', gets)}
            EOF
            """;
        var result = await Cli.Wrap("unshare").WithArguments(["--net", "sh"]).WithStandardInputPipe(PipeSource.FromString(script))
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(Encoding.UTF8, cancellationToken);
        Assert.That(result.ExitCode, Is.Zero, result.StandardError);

        var parts = result.StandardOutput.Split(Ruler + "\n");
        var (text, json) = (RouteParser.Parse(parts[0], "text"), RouteParser.Parse($"$ {ip} rule\n" + parts[1], "json"));
        var lines = parts[0][parts[0].LastIndexOf("$ ", StringComparison.Ordinal)..].TrimEnd('\n').Split('\n')[1..];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(text.Findings, Is.Empty);
            Assert.That(json.Findings, Is.Empty);
            Assert.That(text.Routes, Has.Length.EqualTo(lines.Length), "each line is one route");
            Assert.That(text.Routes.Count(r => r.Protocol != "kernel"), Is.EqualTo(routes.Count), "the kernel has every route");
            Assert.That(json.Routes.AsEnumerable(), Is.EqualTo(text.Routes), "text and JSON say the same");
            Assert.That(json.Rules.AsEnumerable(), Is.EqualTo(text.Rules), "text and JSON say the same");
        }

        return new Kernel(text, lines.Select(WithoutTable).ToArray(), routes.Packets, Answers(parts[2], result.StandardError, routes.Packets.Length));
    }

    /// <summary>Brings the routes found and the errors together, in the order of the look-ups.</summary>
    private static string[] Answers(string found, string errors, int count)
    {
        var answers = new string[count];
        foreach (Match failure in Regex.Matches(errors, @"^RTNETLINK answers: (?<error>.+)\nCommand failed -:(?<line>\d+)$", RegexOptions.Multiline))
        {
            answers[int.Parse(failure.Groups["line"].Value, CultureInfo.InvariantCulture) - 1] = Errors[failure.Groups["error"].Value];
        }

        var lines = found.TrimEnd('\n').Split('\n');
        Assert.That(lines, Has.Length.EqualTo(answers.Count(a => a is null)), errors);
        var next = 0;
        return [.. answers.Select(a => a ?? WithoutTable(lines[next++]))];
    }

    private static string Answer(RouteDecision decision, Kernel kernel) => decision switch
    {
        { Route.Type: RouteType.Blackhole or RouteType.Unreachable or RouteType.Prohibit } => decision.Route.Type.ToString().ToLowerInvariant(),
        { Route: { } route } => kernel.LineOf(route),
        { Rule.Action: RouteRuleAction.Blackhole or RouteRuleAction.Prohibit } => decision.Rule.Action.ToString().ToLowerInvariant(),
        _ => "none",
    };

    /// <summary>A route as the kernel lists it and as it answers: the table is named in the list only, and an answer begins with the next hop
    /// that was chosen.</summary>
    private static string WithoutTable(string line)
    {
        var parts = Regex.Replace(line, @" table \S+", "").Split('\\', StringSplitOptions.TrimEntries);
        return string.Join(" | ", [parts[0], .. parts.Skip(1).Order(StringComparer.Ordinal)]);
    }

    /// <summary>What the kernel has and answers.</summary>
    private sealed record Kernel(RouteParseResult Text, string[] Lines, RoutePacket[] Packets, string[] Answers)
    {
        private readonly Dictionary<Route, string> _lines =
            new(Text.Routes.Zip(Lines, KeyValuePair.Create), ReferenceEqualityComparer.Instance);

        /// <summary>The line that a route was read from.</summary>
        public string LineOf(Route route) => _lines[route];
    }
}
