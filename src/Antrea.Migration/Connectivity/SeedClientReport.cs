using System.Collections.Immutable;

namespace Antrea.Migration.Connectivity;

/// <summary>Turns the events of a probe run into the lines that the seed's <c>/client</c> prints, and reads such lines
/// back.</summary>
/// <remarks>
/// <para><b>Shape.</b> A line per tenth of the requests asked for, one per worker that stops, the totals, the time; each with
/// the log's time, whole seconds, in the time zone of the events. Then one line that the client does not have: requests that
/// were due and not sent, the longest silence, failures by cause.</para>
/// <para>For one run, and for one thread.</para>
/// </remarks>
public sealed class SeedClientReport
{
    private readonly long _step;
    private long _ended;

    /// <summary>Creates the report of a run.</summary>
    /// <param name="requests"><see cref="ProbeOptions.Requests"/>. Below 10 there are no progress lines.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="requests"/> is below 1.</exception>
    public SeedClientReport(int requests)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(requests, 1);
        _step = requests / 10;
    }

    /// <summary>Reads what the client printed, with or without our last line; empty lines are skipped.</summary>
    /// <exception cref="FormatException">A line is none of the client's, or one of the totals is missing or there twice; the
    /// message has the line's number or its beginning.</exception>
    public static SeedClientTranscript Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return SeedClientTranscript.Parse(text);
    }

    /// <summary>The lines to print for <paramref name="probeEvent"/>, in order and without line ends; often none.</summary>
    /// <remarks>To be called once for each event, in their order.</remarks>
    public ImmutableArray<string> Add(ProbeEvent probeEvent)
    {
        ArgumentNullException.ThrowIfNull(probeEvent);
        return probeEvent switch
        {
            ProbeSample => AddSample(probeEvent.At),
            ProbeWorkerStopped => [SeedClientLine.Create(probeEvent.At, SeedClientField.StopSignal, $"").ToString()],
            ProbeFinished finished => Summarize(finished),
            _ => [],
        };
    }

    private static ImmutableArray<string> Summarize(ProbeFinished finished)
    {
        var result = finished.Result;
        var silence = GoDuration.FromTimeSpan(result.LongestSilence);
        var causes = result.Failures.IsEmpty ? "none" : string.Join(", ", result.Failures);
        return
        [
            Line(SeedClientField.Total, $"{result.Total}"),
            Line(SeedClientField.Success, $"{result.Success}"),
            Line(SeedClientField.Failure, $"{result.Failure}"),
            Line(SeedClientField.SuccessRate, $"{result.SuccessRate:F6}"),
            Line(SeedClientField.TotalTime, $"{GoDuration.FromTimeSpan(result.Elapsed)}"),
            Line(SeedClientField.Hidden, $"{result.NotSent}. Longest silence: {silence}. Failures by cause: {causes}"),
        ];

        string Line(SeedClientField field, FormattableString value) =>
            SeedClientLine.Create(finished.At, field, value).ToString();
    }

    private ImmutableArray<string> AddSample(DateTimeOffset at)
    {
        _ended++;
        return _step > 0 && _ended % _step == 0 && _ended / _step <= 10
            ? [SeedClientLine.Create(at, SeedClientField.Completed, $"{_ended}").ToString()]
            : [];
    }
}
