using System.Collections.Immutable;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;
using Antrea.Migrator.Output;
using Antrea.Migrator.Output.Pictures;
using Antrea.Migrator.Output.Timelines;
using Spectre.Console;

namespace Antrea.Migrator.Commands;

/// <summary>What to make of a run.</summary>
/// <param name="Thresholds">What must not be.</param>
/// <param name="Format">One of table, json, csv, junit.</param>
/// <param name="Timeline">The file to draw it to; null for none.</param>
internal sealed record LoadReporting(ImmutableArray<LoadThreshold> Thresholds, string Format, string? Timeline);

/// <summary>One run of <c>probe --rate</c> or <c>--max</c>: shows how it goes, prints what it came to, and judges it.</summary>
internal static class LoadProbe
{
    /// <summary>How many seconds a line of the progress stands for where lines cannot be redrawn.</summary>
    private const int SecondsALine = 10;

    /// <param name="events">The run; it has no token, since Ctrl-C ends it in good order.</param>
    /// <param name="stop">Ends it so.</param>
    /// <param name="wanted">What to make of it.</param>
    /// <param name="output">Where everything goes.</param>
    /// <param name="cancellationToken">Ctrl-C.</param>
    public static async Task<int> RunAsync(
        IAsyncEnumerable<ProbeEvent> events,
        Action stop,
        LoadReporting wanted,
        TextWriter output,
        CancellationToken cancellationToken)
    {
        var (thresholds, format) = (wanted.Thresholds, wanted.Format);
        WholeFile.Prepare("--timeline", wanted.Timeline);
        using var stopping = cancellationToken.Register(stop);
        var report = format != "table" ? await ReadAsync(events, _ => { })
            : Terminal.IsInteractive(output) ? await WatchAsync(events, output)
            : await LogAsync(events, output);
        LoadReportOutput.Write(output, format, report, thresholds, cancellationToken.IsCancellationRequested);
        if (wanted.Timeline is { } path)
        {
            // Also after Ctrl-C: that is when somebody wants to look.
            await SvgPicture.SaveAsync(path, TimelineLayout.Of(Timeline.Of(report)), CancellationToken.None);
        }

        return cancellationToken.IsCancellationRequested
            ? ExitCodes.Interrupted
            : thresholds.Any(t => t.IsCrossedBy(report)) ? ExitCodes.Findings : ExitCodes.Success;
    }

    /// <summary>A table of the last seconds, redrawn each second, and gone at the end.</summary>
    private static Task<LoadReport> WatchAsync(IAsyncEnumerable<ProbeEvent> events, TextWriter output)
    {
        var seconds = new LiveSeconds();
        return Terminal.Console(output).Live(seconds.View()).AutoClear(true)
            .StartAsync(live => ReadAsync(events, second => live.UpdateTarget(seconds.Add(second))));
    }

    /// <summary>A line now and then.</summary>
    private static Task<LoadReport> LogAsync(IAsyncEnumerable<ProbeEvent> events, TextWriter output)
    {
        var passed = new List<LoadSecond>();
        return ReadAsync(events, second =>
        {
            passed.Add(second);
            if (passed.Count == SecondsALine)
            {
                output.WriteLine(LoadReportOutput.Line(passed));
                passed.Clear();
            }
        });
    }

    private static async Task<LoadReport> ReadAsync(IAsyncEnumerable<ProbeEvent> events, Action<LoadSecond> passed)
    {
        LoadReport? report = null;
        await foreach (var item in events)
        {
            switch (item)
            {
                case ProbeReported reported:
                    report = reported.Report;
                    break;
                case ProbeSecondPassed { Second: var second }:
                    passed(second);
                    break;
            }
        }

        return report!;
    }
}
