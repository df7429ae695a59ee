using System.CommandLine;
using System.Globalization;
using Antrea.Migration;
using Antrea.Migration.Connectivity;
using Antrea.Migrator.Output;
using Spectre.Console;

namespace Antrea.Migrator.Commands;

/// <summary><c>matrix</c>: tries who reaches whom, and holds it against policies and routes. The JSON is described in docs/matrix-json.md.</summary>
internal static class MatrixCommand
{
    private const int MostConnections = 20_000;

    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: false);
        var selection = new MatrixSelection();
        var opening = new MatrixEnds.Options();
        var expectations = new MatrixExpectationInputs();
        var compare = new Option<string?>("--compare") { Description = "Say what has changed since this matrix (-o json of an earlier run); exit code 2 when something has.", HelpName = "FILE" };
        var by = new Option<string>("--by") { Description = "What rows and columns of the table are.", HelpName = "node|class|pod", DefaultValueFactory = _ => "class" }
            .AcceptOnlyFromAmong("node", "class", "pod");
        var timeout = CommonOptions.Whole("--timeout", "Milliseconds that a connection may take to be made; one that is dropped takes all of them.", 2000, 1, CommonOptions.DayInMilliseconds);
        var sources = CommonOptions.Whole("--sources", "From how many Pods at a time.", 16, 1, 1000);
        var connections = CommonOptions.Whole("--connections", "How many connections of a Pod at a time.", 16, 1, 1000);
        var format = CommonOptions.Format();
        var command = new Command(
            "matrix", "Try who reaches whom, from inside Pods, and compare with what policies and routes say; exit code 2 when something differs.")
        {
            compare, by, timeout, sources, connections, format,
        };
        selection.AddTo(command);
        expectations.AddTo(command);
        opening.AddTo(command);
        source.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var earlier = parse.GetValue(compare) is { } path ? MatrixJson.Parse(await File.ReadAllTextAsync(path, cancellationToken), path) : null;
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            await using var ends = await opening.OpenAsync(parse, cluster, selection, cancellationToken);
            var (pairs, what) = selection.Choose(parse, ends.Endpoints);
            if (pairs.Length is 0 or > MostConnections)
            {
                throw new MigrationException(
                    pairs.Length == 0
                        ? "There is nothing to try: no two Pods of those chosen make a pair with a TCP port that is declared."
                        : string.Create(CultureInfo.InvariantCulture, $"These are {pairs.Length} connections, more than {MostConnections}."),
                    pairs.Length == 0 ? "Choose more Pods, or see what their containers declare." : "Take a sample with --ring 3, or choose with --namespace, --from or --to.");
            }

            var prober = new MatrixProber(ends.Transport, new MatrixOptions
            {
                Timeout = TimeSpan.FromMilliseconds(parse.GetValue(timeout)),
                Sources = parse.GetValue(sources),
                ConnectionsPerSource = parse.GetValue(connections),
            });
            var (expect, notes) = expectations.Read(parse, ends.Snapshot);
            Task<ConnectivityMatrix> TryAsync(Action<int>? progress) => prober.ProbeAsync(what, ends.Endpoints, pairs, expect, progress, cancellationToken);
            var isWatched = parse.GetValue(format) != "json" && Terminal.IsInteractive(output);
            var matrix = !isWatched ? await TryAsync(null) : await Terminal.Console(output).Status().StartAsync(
                $"{pairs.Length} connections…", status => TryAsync(done => status.Status = $"{done} of {pairs.Length} connections tried"));
            var comparison = earlier is null ? null : MatrixComparison.Compare(earlier, matrix);
            if (parse.GetValue(format) == "json")
            {
                output.WriteJson(MatrixJson.Format(matrix, comparison));
            }
            else
            {
                MatrixOutput.Write(output, matrix, comparison, notes, Enum.Parse<MatrixGrouping>(parse.GetRequiredValue(by), ignoreCase: true));
            }

            return matrix.IsAsExpected && comparison is null or { Changes.IsEmpty: true } ? ExitCodes.Success : ExitCodes.Findings;
        });
        return command;
    }
}
