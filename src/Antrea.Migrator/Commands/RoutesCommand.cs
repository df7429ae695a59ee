using System.Collections.Immutable;
using System.CommandLine;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Routing.Analysis;
using Antrea.Migration.Routing.Reachability;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>routes</c>: what in the Nodes' tables cuts somebody off, and who reaches whom.</summary>
internal static class RoutesCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: true);
        var inputs = new ReachabilityInputs();
        var file = RouteTables.Option();
        var format = CommonOptions.Format();
        var command = new Command(
            "routes",
            "Show which routes cut Pods off, and who reaches whom while both networks run; exit code 2 when somebody is cut off. With --file alone no cluster is asked.")
        {
            file, format,
        };
        source.AddTo(command);
        inputs.AddTo(command);
        command.Add(RoutesWhyCommand.Create(output));
        command.SetAction(async (parse, cancellationToken) =>
        {
            var files = parse.GetValue(file) is { Length: > 0 } given ? RouteTables.FromFiles(given, cancellationToken) : null;
            ClusterSnapshot? snapshot = null;
            var tables = files;
            if (files is null || source.IsGiven(parse))
            {
                await using var cluster = await source.OpenAsync(parse, cancellationToken);
                snapshot = await cluster.Reader.ReadAsync(cancellationToken);
                tables = files?.Of(snapshot) ?? await RouteTables.FromNodesAsync(cluster, snapshot, cancellationToken);
            }

            var conflicts = RouteAnalyzer.Analyze(tables!.Tables, snapshot, cancellationToken);
            var matrix = snapshot is null
                ? null
                : ReachabilityMatrix.Build(
                    inputs.Read(parse, snapshot), MigrationEndpoints.Of(snapshot), ReachabilityService.Of(snapshot), cancellationToken);
            if (parse.GetValue(format) == "json")
            {
                output.WriteJson(RoutesOutput.Json(tables, conflicts, matrix));
            }
            else
            {
                RoutesOutput.Write(output, tables, conflicts, matrix);
            }

            return IsClean(tables, conflicts, matrix) ? ExitCodes.Success : ExitCodes.Findings;
        });
        return command;
    }

    /// <summary>A table of which a part was not read says nothing good of the rest.</summary>
    private static bool IsClean(RouteTables tables, ImmutableArray<RouteConflict> conflicts, ReachabilityMatrix? matrix) =>
        tables.Findings.All(f => f.Severity != Severity.Blocker) && conflicts.All(c => c.Severity == Severity.Info) && matrix?.Pairs(ReachabilityVerdict.Unreachable) is null or 0;
}
