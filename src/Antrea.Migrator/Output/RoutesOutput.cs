using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Findings;
using Antrea.Migration.Routing.Analysis;
using Antrea.Migration.Routing.Reachability;
using Antrea.Migrator.Commands;

namespace Antrea.Migrator.Output;

/// <summary>What <c>routes</c> and <c>routes why</c> print. The JSON is described in docs/routes.md.</summary>
internal static class RoutesOutput
{
    private const int MostNodesNamed = 5;

    /// <summary>A conflict that all of 5,000 Nodes have would fill the output with names.</summary>
    private const int MostNodesListed = 100;

    public static void Write(TextWriter output, RouteTables tables, ImmutableArray<RouteConflict> conflicts, ReachabilityMatrix? matrix)
    {
        output.WriteLine(Text($"{tables.Tables.Length} tables with {tables.Tables.Sum(t => t.RouteCount)} routes: {conflicts.Length} conflicts"));
        if (tables.Note is { } note)
        {
            output.WriteLine(note);
        }

        foreach (var conflict in conflicts)
        {
            output.WriteLine();
            output.WriteLine($"{conflict.Severity.ToString().ToUpperInvariant(),-7} {conflict.Id}  on {Names(conflict.Nodes)}");
            output.WriteLine(conflict.Route.Length == 0 ? "        (no route)" : $"        {conflict.Route.ReplaceLineEndings("\n        ")}");
            output.WriteLine($"        {conflict.Evidence}");
            output.WriteLine($"        dies: {conflict.Dies}");
            output.WriteLine($"        → {conflict.Remedy}");
        }

        if (!tables.Findings.IsEmpty)
        {
            output.WriteLine();
            output.WriteFindings(tables.Findings);
        }

        if (matrix is not null)
        {
            output.WriteLine();
            Write(output, matrix);
        }
    }

    public static JsonObject Json(RouteTables tables, ImmutableArray<RouteConflict> conflicts, ReachabilityMatrix? matrix) => new()
    {
        ["tables"] = new JsonArray([.. tables.Tables.Select(t => new JsonObject
        {
            ["node"] = t.Node,
            ["routes"] = t.RouteCount,
            ["rules"] = t.Rules.Length,
        })]),
        ["note"] = tables.Note,
        ["conflicts"] = new JsonArray([.. conflicts.Select(c => new JsonObject
        {
            ["id"] = c.Id,
            ["severity"] = c.Severity.ToString(),
            ["nodes"] = Array(c.Nodes.Take(MostNodesListed)),
            ["nodeCount"] = c.Nodes.Count,
            ["route"] = c.Route,
            ["evidence"] = c.Evidence,
            ["dies"] = c.Dies,
            ["remedy"] = c.Remedy,
        })]),
        ["findings"] = JsonOutput.Of(tables.Findings),
        ["matrix"] = matrix is null ? null : Json(matrix),
    };

    public static void Write(TextWriter output, PathTrace told, IReadOnlyCollection<PathTrace> all, RouteTables tables)
    {
        output.WriteLine($"{told.Client} to {(told.ClusterIP is null ? "" : $"Service {told.ClusterIP}, endpoint ")}{told.Server}: {Word(told.Answer.Verdict)}");
        if (all.Count > 1)
        {
            output.WriteLine(Text(
                $"Of the Service's endpoints (at most 100 of them) {all.Count} were asked for; {all.Count(t => t.Answer.Verdict == ReachabilityVerdict.Reachable)} of them work. This is the story of one{(told.Answer.Verdict == ReachabilityVerdict.Reachable ? "" : " that does not")}."));
        }

        output.WriteLine($"Tables: {Whose(told, tables)}");
        foreach (var packet in told.Hops.GroupBy(h => h.Packet))
        {
            output.WriteLine();
            output.WriteLine(packet.Key switch
            {
                "request" => "The request (SYN):",
                "reply" => "The reply (SYN-ACK):",
                _ => "The acknowledgement (ACK), which shows whether every hop has seen both:",
            });
            foreach (var (hop, i) in packet.Select((hop, i) => (hop, i + 1)))
            {
                output.WriteLine(Text($"  {i}. {hop.Where}: {(hop.IsLost ? "LOST: " : "")}{hop.What}"));
            }
        }

        output.WriteLine();
        output.WriteLine($"Why: {told.Answer.Reason}.");
        output.WriteLine(told.Answer switch
        {
            { LostAt: { } lostAt } => $"Dies at: {lostAt}.",
            { SourceSeen: { } seen } => $"The server sees {seen}.",
            _ => "",
        });
        if (told.Answer.Remedy.Length > 0)
        {
            output.WriteLine($"→ {told.Answer.Remedy}.");
        }
    }

    public static JsonObject Json(PathTrace told, IReadOnlyCollection<PathTrace> all, RouteTables tables) => new()
    {
        ["client"] = told.Client.ToString(),
        ["server"] = told.Server.ToString(),
        ["clusterIP"] = told.ClusterIP?.ToString(),
        ["verdict"] = told.Answer.Verdict.ToString(),
        ["cause"] = told.Answer.Cause.ToString(),
        ["reason"] = told.Answer.Reason,
        ["lostAt"] = told.Answer.LostAt,
        ["sourceSeen"] = told.Answer.SourceSeen,
        ["remedy"] = told.Answer.Remedy,
        ["endpoints"] = all.Count,
        ["reachableEndpoints"] = all.Count(t => t.Answer.Verdict == ReachabilityVerdict.Reachable),
        ["savedTables"] = Array(Saved(told, tables)),
        ["hops"] = new JsonArray([.. told.Hops.Select(h => new JsonObject
        {
            ["packet"] = h.Packet,
            ["where"] = h.Where,
            ["what"] = h.What,
            ["lost"] = h.IsLost,
        })]),
    };

    private static void Write(TextWriter output, ReachabilityMatrix matrix)
    {
        output.WriteLine("Who reaches whom while both networks run, each Pod as what it is and as what it becomes:");
        output.WriteLine(Text(
            $"{matrix.Pairs(ReachabilityVerdict.Reachable)} pairs work, {matrix.Pairs(ReachabilityVerdict.Degraded)} now and then, {matrix.Pairs(ReachabilityVerdict.Unreachable)} never"));
        var lost = matrix.Cells.Where(c => c.Answer.Verdict != ReachabilityVerdict.Reachable).ToList();
        if (lost.Count == 0)
        {
            return;
        }

        var causes = lost.Select(c => c.Answer.Cause).Distinct().Order().ToList();
        var table = new TextTable("From", "To", "Where", "", "Pairs", "Why");
        foreach (var cell in lost)
        {
            table.Add(
                cell.From.ToString(), cell.To.ToString(), cell.Place, Word(cell.Answer.Verdict), cell.Pairs.ToString(CultureInfo.InvariantCulture),
                Text($"({causes.IndexOf(cell.Answer.Cause) + 1})"));
        }

        table.WriteTo(output);
        foreach (var (cause, i) in causes.Select((cause, i) => (cause, i + 1)))
        {
            var example = lost.Where(c => c.Answer.Cause == cause).MaxBy(c => c.Pairs)!;
            output.WriteLine(Text($"({i}) {cause}, for example {example.Client} to {(example.ClusterIP is null ? "" : $"Service {example.ClusterIP}, endpoint ")}{example.Server}: {example.Answer.Reason}"));
            output.WriteLine($"    dies at {example.Answer.LostAt}");
            output.WriteLine($"    → {example.Answer.Remedy}");
        }
    }

    private static JsonObject Json(ReachabilityMatrix matrix) => new()
    {
        ["pairs"] = new JsonObject
        {
            ["reachable"] = matrix.Pairs(ReachabilityVerdict.Reachable),
            ["degraded"] = matrix.Pairs(ReachabilityVerdict.Degraded),
            ["unreachable"] = matrix.Pairs(ReachabilityVerdict.Unreachable),
        },
        ["classes"] = new JsonArray([.. matrix.Classes.Select(c => new JsonObject
        {
            ["kind"] = c.Kind.ToString(),
            ["addresses"] = c.Addresses,
            ["services"] = c.IsOfServices,
            ["family"] = c.IsIPv6 ? "IPv6" : "IPv4",
            ["endpoints"] = c.Endpoints,
            ["nodes"] = Array(c.Nodes),
        })]),
        ["cells"] = new JsonArray([.. matrix.Cells.Select(c => new JsonObject
        {
            ["from"] = matrix.Classes.IndexOf(c.From),
            ["to"] = matrix.Classes.IndexOf(c.To),
            ["place"] = c.Place,
            ["verdict"] = c.Answer.Verdict.ToString(),
            ["pairs"] = c.Pairs,
            ["cause"] = c.Answer.Cause.ToString(),
            ["reason"] = c.Answer.Reason,
            ["lostAt"] = c.Answer.LostAt,
            ["remedy"] = c.Answer.Remedy,
            ["client"] = c.Client.ToString(),
            ["server"] = c.Server.ToString(),
            ["clusterIP"] = c.ClusterIP?.ToString(),
        })]),
    };

    private static string Whose(PathTrace told, RouteTables tables)
    {
        var saved = Saved(told, tables).ToList();
        return saved.Count == 0
            ? "no Node's own; what Calico and Antrea write there."
            : $"{string.Join(" and ", saved)}'s own; elsewhere what Calico and Antrea write.";
    }

    private static IEnumerable<string> Saved(PathTrace told, RouteTables tables) => tables.Tables
        .Where(t => (t.Node == told.Client.Node || t.Node == told.Server.Node) && t.Tells(told.Client.Address.AddressFamily))
        .Select(t => t.Node);

    private static string Names(IReadOnlyList<string> nodes) =>
        string.Join(", ", nodes.Take(MostNodesNamed)) + (nodes.Count > MostNodesNamed ? Text($" and {nodes.Count - MostNodesNamed} more") : "");

    private static string Word(ReachabilityVerdict verdict) => verdict switch
    {
        ReachabilityVerdict.Reachable => "works",
        ReachabilityVerdict.Degraded => "works now and then",
        _ => "does not work",
    };

    private static JsonArray Array(IEnumerable<string> texts) => new([.. texts.Select(t => (JsonNode)t)]);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
