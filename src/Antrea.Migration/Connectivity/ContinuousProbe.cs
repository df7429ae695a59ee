using System.Collections.Immutable;

namespace Antrea.Migration.Connectivity;

/// <summary>Watches flows slowly and without a break while something else goes on, and reports when they did not get
/// through.</summary>
/// <remarks>
/// <para>Each flow sends one request per <see cref="ContinuousProbeOptions.Interval"/>, on schedule, whether or not earlier ones
/// have ended: a request that hangs does not stop the watch. At most Timeout / Interval of them, rounded up, are under way per
/// flow. The flows' schedules are spread over the interval.</para>
/// <para>Safe for use by several threads.</para>
/// </remarks>
public sealed class ContinuousProbe : IAsyncDisposable
{
    private readonly ImmutableArray<ProbeFlow> _flows;
    private readonly ContinuousProbeOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly Lock _lock = new();
    private volatile string _phase = "";
    private ImmutableArray<Watch> _watches = [];
    private DateTimeOffset _start;
    private long _startTimestamp;
    private Task? _running;

    /// <summary>Creates the probe; <see cref="Start"/> starts it.</summary>
    /// <param name="flows">What to watch; at least one, names unique.</param>
    /// <param name="options">How closely; <see langword="null"/> for the defaults.</param>
    /// <param name="timeProvider">The clock and its timers; <see langword="null"/> for the machine's.</param>
    /// <exception cref="ArgumentException">The flows or the options cannot be used; the message names every fault.</exception>
    public ContinuousProbe(
        IEnumerable<ProbeFlow> flows, ContinuousProbeOptions? options = null, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(flows);
        _flows = [.. flows];
        _options = options ?? new ContinuousProbeOptions();
        _timeProvider = timeProvider ?? TimeProvider.System;
        ProbeOptionRules.ThrowIfAny(FaultsOf(_flows), nameof(flows));
        ProbeOptionRules.ThrowIfAny(_options.Validate(), nameof(options));
    }

    /// <summary>Starts to watch.</summary>
    /// <exception cref="InvalidOperationException">It was started before.</exception>
    public void Start()
    {
        lock (_lock)
        {
            if (_running is not null)
            {
                throw new InvalidOperationException("The continuous probe was started before; create another one.");
            }

            _start = _timeProvider.GetLocalNow();
            _startTimestamp = _timeProvider.GetTimestamp();
            _watches = [.. _flows.Select((flow, i) => new Watch(
                flow,
                new FlowRecorder(_options.StallThreshold),
                new ProbeTicker(_options.Interval, first: _options.Interval * ((double)i / _flows.Length))))];
            _running = Task.WhenAll(_watches.Select(WatchAsync));
        }
    }

    /// <summary>Says what is going on now; outages that begin from here on carry the name.</summary>
    public void EnterPhase(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        _phase = name;
    }

    /// <summary>Stops to send, waits for the requests under way (one time-out at most), and reports.</summary>
    /// <param name="cancellationToken">Ends the wait; the probe stops all the same.</param>
    /// <exception cref="InvalidOperationException">It was never started.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled, or the probe was
    /// disposed before.</exception>
    public async Task<ContinuousProbeResult> StopAsync(CancellationToken cancellationToken = default)
    {
        Task running;
        lock (_lock)
        {
            running = _running ?? throw new InvalidOperationException("The continuous probe was never started.");
        }

        _stop.Cancel();
        await running.WaitAsync(cancellationToken).ConfigureAwait(false);
        return ToResult(Elapsed);
    }

    /// <summary>Stops at once, and breaks off the requests under way.</summary>
    public async ValueTask DisposeAsync()
    {
        _stop.Cancel();
        _abort.Cancel();
        if (_running is { } running)
        {
            // What it would throw is the cancellation just asked for; a fault of its own has come out of StopAsync.
            await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private TimeSpan Elapsed => _timeProvider.GetElapsedTime(_startTimestamp);

    private static List<string> FaultsOf(ImmutableArray<ProbeFlow> flows)
    {
        List<string> faults = [];
        if (flows.IsEmpty)
        {
            faults.Add("There is no flow to watch.");
        }

        foreach (var flow in flows)
        {
            ProbeOptionRules.CheckTarget(faults, $"The target of flow '{flow.Name}'", flow.Target);
        }

        faults.AddRange(flows.GroupBy(flow => flow.Name).Where(group => group.Count() > 1)
            .Select(group => $"There are {group.Count()} flows named '{group.Key}'."));
        return faults;
    }

    private async Task WatchAsync(Watch watch)
    {
        List<Task> underWay = [];
        while (!_stop.IsCancellationRequested)
        {
            if (watch.Ticker.TryTake(Elapsed, out _))
            {
                underWay.RemoveAll(task => task.IsCompletedSuccessfully);
                underWay.Add(RequestAsync(watch));
            }
            else
            {
                await watch.Ticker.WaitAsync(Elapsed, _timeProvider, _stop.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await Task.WhenAll(underWay).ConfigureAwait(false);
    }

    private async Task RequestAsync(Watch watch)
    {
        var request = watch.Recorder.Send(Elapsed, _phase);
        var outcome = await ProbeExchange
            .SendAsync(watch.Flow.Transport, watch.Flow.Target, _options.Timeout, _timeProvider, _abort.Token)
            .ConfigureAwait(false);
        watch.Recorder.Complete(request, outcome, Elapsed);
    }

    private ContinuousProbeResult ToResult(TimeSpan end)
    {
        var outages = _watches
            .Select(watch => watch.Recorder.Finish(end).Select(window => new OutageWindow(
                watch.Flow.Name,
                _start + window.Start,
                _start + window.End,
                window.RequestsLost,
                window.Cause,
                window.Phase,
                window.Recovered)).ToArray())
            .ToArray();
        var totals = _watches.Zip(outages, (watch, own) => new FlowTotals(
            watch.Flow.Name,
            watch.Recorder.Success,
            watch.Recorder.Failure,
            watch.Ticker.Dropped,
            own.Select(outage => outage.Duration).DefaultIfEmpty().Max()));
        return new ContinuousProbeResult(
            [
                .. outages.SelectMany(own => own)
                    .OrderBy(outage => outage.Start)
                    .ThenBy(outage => outage.Flow, StringComparer.Ordinal),
            ],
            [.. totals]);
    }

    private sealed record Watch(ProbeFlow Flow, FlowRecorder Recorder, ProbeTicker Ticker);
}
