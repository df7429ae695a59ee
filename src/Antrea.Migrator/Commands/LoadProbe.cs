using System.Collections.Immutable;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary>One run of <c>probe --rate</c> or <c>--max</c>: shows how it goes, prints what it came to, and judges it.</summary>
internal static class LoadProbe
{
    /// <summary>How many seconds a line of the progress stands for where lines cannot be redrawn.</summary>
    private const int SecondsALine = 10;

    /// <param name="events">The run; it has no token, since Ctrl-C ends it in good order.</param>
    /// <param name="stop">Ends it so.</param>
    /// <param name="thresholds">What must not be.</param>
    /// <param name="format">One of table, json, csv, junit.</param>
    /// <param name="output">Where everything goes.</param>
    /// <param name="cancellationToken">Ctrl-C.</param>
    public static async Task<int> RunAsync(
        IAsyncEnumerable<ProbeEvent> events,
        Action stop,
        ImmutableArray<LoadThreshold> thresholds,
        string format,
        TextWriter output,
        CancellationToken cancellationToken)
    {
        using var stopping = cancellationToken.Register(stop);
        LoadReport? report = null;
        var passed = new List<LoadSecond>();
        await foreach (var item in events)
        {
            if (item is ProbeReported reported)
            {
                report = reported.Report;
            }
            else if (format == "table" && item is ProbeSecondPassed { Second: var second })
            {
                passed.Add(second);
                await ShowAsync(output, passed);
            }
        }

        if (format == "table" && Terminal.IsInteractive(output) && report!.Timeline.Length > 0)
        {
            await output.WriteLineAsync();
        }

        LoadReportOutput.Write(output, format, report!, thresholds, cancellationToken.IsCancellationRequested);
        return cancellationToken.IsCancellationRequested
            ? ExitCodes.Interrupted
            : thresholds.Any(t => t.IsCrossedBy(report!)) ? ExitCodes.Findings : ExitCodes.Success;
    }

    private static async Task ShowAsync(TextWriter output, List<LoadSecond> passed)
    {
        var isInteractive = Terminal.IsInteractive(output);
        if (!isInteractive && passed.Count < SecondsALine)
        {
            return;
        }

        var line = LoadReportOutput.Line(passed);
        await output.WriteAsync(isInteractive ? "\r" + line.PadRight(Terminal.Width(output) - 1) : line + "\n");
        passed.Clear();
    }
}
