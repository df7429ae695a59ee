using System.Collections.Immutable;
using System.CommandLine;
using Antrea.Migration;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using Antrea.Migration.Routing;

namespace Antrea.Migrator.Commands;

/// <summary>The routing tables that are at hand: saved files, or what Nodes tell.</summary>
/// <param name="Tables">A kernel each, by name.</param>
/// <param name="Findings">What was odd in the files.</param>
/// <param name="Note">Why there are none, or none of some Nodes; null when there is nothing to say.</param>
internal sealed record RouteTables(ImmutableArray<NodeRoutes> Tables, ImmutableArray<Finding> Findings, string? Note)
{
    private const long LargestFile = 256 * 1024 * 1024;
    private const int NodesAtOnce = 8;

    /// <param name="use">What the tables are for, as the end of a sentence about them; null where they are what the verb is about.</param>
    public static Option<string[]> Option(string? use = null) => new("--file")
    {
        Description = "A Node's saved output of 'ip route', 'ip -6 route', 'ip rule' (also with -j, 'table all', or several in one file), as NODE=PATH; give it once a "
            + (use is null ? "Node. A Pod's table may be given as NAMESPACE/POD=PATH." : $"Node, {use}."),
        HelpName = "NODE=PATH",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [],
    };

    /// <summary>Reads files.</summary>
    /// <param name="arguments"><c>NODE=PATH</c> each; a Node that is named twice has both files' routes. What is listed twice
    /// (by <c>ip route</c> and again by <c>table all</c>) counts once, as a kernel has no route twice.</param>
    /// <param name="cancellationToken">Ends the reading early.</param>
    /// <exception cref="FormatException">An argument is none, or a file holds nothing that can be read.</exception>
    public static RouteTables FromFiles(IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var findings = ImmutableArray.CreateBuilder<Finding>();
        var read = new SortedDictionary<string, List<RouteParseResult>>(StringComparer.Ordinal);
        foreach (var argument in arguments)
        {
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            if (equals < 1 || equals == argument.Length - 1)
            {
                throw new FormatException($"--file is '{argument}', but must be NODE=PATH.");
            }

            var path = argument[(equals + 1)..];
            if (new FileInfo(path) is { Exists: true, Length: > LargestFile } large)
            {
                throw new FormatException($"{path} has {large.Length} bytes; no Node's routes are more than {LargestFile}.");
            }

            var result = RouteParser.Parse(File.ReadAllText(path), path, cancellationToken);
            if (result.Routes.IsEmpty && result.Rules.IsEmpty)
            {
                throw new FormatException(
                    result.Findings is [var first, ..]
                        ? $"{path} has no route: {first.Subject}: {first.Evidence}"
                        : $"{path} has no route: it is empty. Give the output of 'ip route'.");
            }

            findings.AddRange(result.Findings);
            if (!read.TryGetValue(argument[..equals], out var files))
            {
                read.Add(argument[..equals], files = []);
            }

            files.Add(result);
        }

        return new RouteTables(
            [.. NodeRoutes.Share(read.Select(n => new NodeRoutes(n.Key, n.Value.SelectMany(f => f.Routes).Distinct(), n.Value.SelectMany(f => f.Rules).Distinct())))],
            findings.ToImmutable(),
            null);
    }

    /// <summary>The same, held against a cluster: a slip in a Node's name would make all of its routes missing, or the table count for nothing.</summary>
    /// <exception cref="FormatException">A table is of no Node. Those of Pods, which come and go, may be of any.</exception>
    public RouteTables Of(ClusterSnapshot snapshot)
    {
        var nodes = snapshot.Nodes.Select(n => n.Name).ToHashSet(StringComparer.Ordinal);
        return Tables.FirstOrDefault(t => !t.Node.Contains('/', StringComparison.Ordinal) && !nodes.Contains(t.Node)) is { } stray
            ? throw new FormatException($"--file is given for '{stray.Node}', but the cluster has no Node of that name (a Pod is named as NAMESPACE/POD).")
            : this;
    }

    /// <summary>Asks a living cluster's Nodes through the migration's node agent, where that runs.</summary>
    public static async Task<RouteTables> FromNodesAsync(ClusterSource cluster, ClusterSnapshot snapshot, CancellationToken cancellationToken)
    {
        if (cluster.Client is null)
        {
            return new RouteTables([], [], "No Node's own table is at hand, so conflicts are not looked for; give them with --file NODE=PATH.");
        }

        var access = new PodExecNodeAccess(cluster.Client);
        var results = new RouteParseResult?[snapshot.Nodes.Length];
        string? refused = null;
        await Parallel.ForEachAsync(
            Enumerable.Range(0, results.Length),
            new ParallelOptions { MaxDegreeOfParallelism = NodesAtOnce, CancellationToken = cancellationToken },
            async (i, token) =>
            {
                try
                {
                    var name = snapshot.Nodes[i].Name;
                    var answer = await access.RunAsync(name, NodeCommands.ReadRoutes(), token);
                    results[i] = answer.ExitCode == 0 ? RouteParser.Parse(answer.Output, $"Node/{name}", token) : null;
                }
                catch (MigrationException e)
                {
                    refused = e.Message;
                }
            });
        var missing = results.Count(r => r is null);
        return new RouteTables(
            [.. NodeRoutes.Share(results.Select((r, i) => r is null ? null : new NodeRoutes(snapshot.Nodes[i].Name, r.Routes, r.Rules)).OfType<NodeRoutes>())],
            [.. results.OfType<RouteParseResult>().SelectMany(r => r.Findings)],
            missing == 0
                ? null
                : $"{missing} of {results.Length} Nodes told no table ({(refused is null ? "the command failed" : "the migration's node agent does not run")}); "
                    + "give them with --file NODE=PATH.");
    }
}
