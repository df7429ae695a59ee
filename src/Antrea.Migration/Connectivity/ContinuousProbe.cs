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
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(10);

    private readonly ImmutableArray<ProbeFlow> _flows;
    private readonly ContinuousProbeOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _abort = new();
    private readonly Lock _lock = new();
    private ImmutableArray<FlowWatch> _watches = [];
    private WatchSurroundings? _surroundings;
    private MigrationMoment _moment = new("", "");
    private Task? _running;

    /// <summary>Creates the probe; <see cref="Start"/> starts it.</summary>
    /// <param name="flows">What to watch; at least one, names of different text.</param>
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

            _surroundings = new WatchSurroundings(_options, _timeProvider);
            _surroundings.Enter(_moment);
            _watches = [.. _flows.Select((flow, i) => FlowWatch.Create(flow, _surroundings, _options.Interval * ((double)i / _flows.Length)))];
            _running = Task.WhenAll(_watches.Select(watch => watch.RunAsync(_stop.Token, _abort.Token)));
        }
    }

    /// <summary>Says what is going on now; outages that begin from here on carry the names.</summary>
    /// <param name="name">The phase.</param>
    /// <param name="nodes">The Nodes on which Pods are restarted now, joined by commas; empty for none.</param>
    public void EnterPhase(string name, string nodes = "")
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(nodes);
        lock (_lock)
        {
            _moment = new MigrationMoment(name, nodes);
            _surroundings?.Enter(_moment);
        }
    }

    /// <summary>What was seen so far; an outage that lasts ends now, as far as is known.</summary>
    /// <exception cref="InvalidOperationException">It was never started.</exception>
    public ContinuousProbeResult GetCurrent()
    {
        _ = RequireStarted();
        return ToResult();
    }

    /// <summary>Waits until what was sent before the call has ended (one time-out at most), and until no flow has gone unseen for longer than
    /// <paramref name="mostUnseen"/>.</summary>
    /// <param name="mostUnseen">How long nothing may have been heard of a flow that others send.</param>
    /// <param name="patience">How long to wait for that.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>The name of a flow that nobody sees, with the reason where it is known; null when all are seen.</returns>
    /// <exception cref="InvalidOperationException">It was never started.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<string?> WaitForAnswersAsync(TimeSpan mostUnseen, TimeSpan patience, CancellationToken cancellationToken = default)
    {
        _ = RequireStarted();
        var asked = _surroundings!.Elapsed;
        while (true)
        {
            var now = _surroundings.Elapsed;
            var unseen = _watches.FirstOrDefault(w => w.SeenUntil is not { } seen || now - seen > mostUnseen);
            if (unseen is null && !_watches.Any(w => w.Recorder.IsWaiting(asked)))
            {
                return null;
            }

            if (now - asked > patience)
            {
                return unseen is null ? null : $"{unseen.Flow.Name}{(unseen is StreamWatch { Trouble: { Length: > 0 } why } ? $" ({why})" : "")}";
            }

            await Task.Delay(Glance, _timeProvider, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Stops to send, waits for the requests under way (one time-out at most), and reports.</summary>
    /// <param name="cancellationToken">Ends the wait; the probe stops all the same.</param>
    /// <exception cref="InvalidOperationException">It was never started.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled, or the probe was
    /// disposed before.</exception>
    public async Task<ContinuousProbeResult> StopAsync(CancellationToken cancellationToken = default)
    {
        var running = RequireStarted();
        _stop.Cancel();
        await running.WaitAsync(cancellationToken).ConfigureAwait(false);
        return ToResult() with { Dots = [.. _watches.Select(watch => new FlowDots(watch.Flow.Name, watch.Dots))] };
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

    private Task RequireStarted()
    {
        lock (_lock)
        {
            return _running ?? throw new InvalidOperationException("The continuous probe was never started.");
        }
    }

    private static List<string> FaultsOf(ImmutableArray<ProbeFlow> flows)
    {
        List<string> faults = [];
        if (flows.IsEmpty)
        {
            faults.Add("There is no flow to watch.");
        }

        foreach (var flow in flows)
        {
            if (flow.Stream is null)
            {
                ProbeOptionRules.CheckEndPoint(faults, $"The target of flow '{flow.Name}'", flow.Target);
            }
        }

        faults.AddRange(flows.GroupBy(flow => flow.Name.ToString()).Where(group => group.Count() > 1)
            .Select(group => $"There are {group.Count()} flows named '{group.Key}'."));
        return faults;
    }

    private ContinuousProbeResult ToResult()
    {
        var outages = _watches
            .Select(watch => watch.Recorder.Finish(watch.SeenUntil ?? TimeSpan.Zero)
                .Select(window => window.ToOutage(watch.Flow.Name, _surroundings!.Start)).ToArray())
            .ToArray();
        var totals = _watches.Zip(outages, (watch, own) => new FlowTotals(
            watch.Flow.Name,
            watch.Recorder.Success,
            watch.Recorder.Failure,
            watch.NotSent,
            own.Select(outage => outage.Duration).DefaultIfEmpty().Max()));
        ImmutableArray<OutageWindow> all =
        [
            .. outages.SelectMany(own => own)
                .OrderBy(outage => outage.Start)
                .ThenBy(outage => outage.Flow.ToString(), StringComparer.Ordinal),
        ];
        return new ContinuousProbeResult(all, [.. totals])
        {
            Start = _surroundings!.Start,
            Elapsed = _surroundings.Elapsed,
            Phases = _surroundings.Phases,
            Services = ServiceDowntime.Of(_flows, all),
        };
    }
}
