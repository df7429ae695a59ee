namespace Antrea.Migration.Connectivity;

/// <summary>Finds the outages of one flow in its requests' sending and ending times. It has no clock of its own.</summary>
/// <remarks>Requests overlap, and a lost one ends later than a good one sent after it; so they are judged in the order of
/// sending, each as soon as all before it have ended. Safe for use by several threads.</remarks>
internal sealed class FlowRecorder
{
    private readonly Lock _lock = new();
    private readonly TimeSpan _stallThreshold;
    private readonly Queue<Request> _waiting = new();
    private readonly List<Window> _windows = [];
    private Window? _open;
    private TimeSpan _lastEnd;

    public FlowRecorder(TimeSpan stallThreshold) => _stallThreshold = stallThreshold;

    public long Success { get; private set; }

    public long Failure { get; private set; }

    /// <summary>Notes a request on its way.</summary>
    /// <param name="at">Since the start of the probe, as all times here.</param>
    /// <param name="phase">The phase it falls into.</param>
    /// <param name="nodes">The Nodes under restart then.</param>
    public Request Send(TimeSpan at, string phase, string nodes = "")
    {
        var request = new Request(at, phase, nodes);
        lock (_lock)
        {
            _waiting.Enqueue(request);
        }

        return request;
    }

    /// <summary>Notes what became of it.</summary>
    public void Complete(Request request, ProbeOutcome outcome, TimeSpan at)
    {
        lock (_lock)
        {
            // The first that waits has not ended yet, or it is this one: nothing was heard since it was sent, or since the
            // last end, whichever came later.
            var oldest = _waiting.Peek();
            var silentSince = oldest.SentAt > _lastEnd ? oldest.SentAt : _lastEnd;
            if (at - silentSince > _stallThreshold)
            {
                _windows.Add(new Window(silentSince, at, 0, ProbeFailureCause.None, oldest.Phase, Recovered: outcome.Succeeded)
                {
                    Nodes = oldest.Nodes,
                });
            }

            _lastEnd = at > _lastEnd ? at : _lastEnd;
            request.Ended(outcome, at);
            while (_waiting.TryPeek(out var next) && next.Outcome is not null)
            {
                Judge(_waiting.Dequeue());
            }
        }
    }

    /// <summary>Whether a request that was sent by then has not ended yet.</summary>
    public bool IsWaiting(TimeSpan sentBy)
    {
        lock (_lock)
        {
            return _waiting.TryPeek(out var oldest) && oldest.SentAt <= sentBy;
        }
    }

    /// <summary>Forgets the requests whose end nobody will hear of; says how many.</summary>
    public int Abandon()
    {
        lock (_lock)
        {
            var lost = 0;
            while (_waiting.TryDequeue(out var next))
            {
                if (next.Outcome is null)
                {
                    lost++;
                }
                else
                {
                    Judge(next);
                }
            }

            return lost;
        }
    }

    /// <summary>All outages by start, those that touch merged into one. A request under way counts once nothing was heard for longer than
    /// a stall takes.</summary>
    /// <param name="end">When the probe ended, or now: the end of an outage that still lasts.</param>
    public IReadOnlyList<Window> Finish(TimeSpan end)
    {
        lock (_lock)
        {
            List<Window> all = _open is null ? [.. _windows] : [.. _windows, _open with { End = end > _open.End ? end : _open.End }];
            if (_waiting.TryPeek(out var oldest))
            {
                var silentSince = oldest.SentAt > _lastEnd ? oldest.SentAt : _lastEnd;
                if (oldest.Outcome is null && end - silentSince > _stallThreshold)
                {
                    all.Add(new Window(silentSince, end, 0, ProbeFailureCause.None, oldest.Phase, Recovered: false) { Nodes = oldest.Nodes });
                }
            }

            List<Window> merged = [];
            foreach (var window in all.OrderBy(window => window.Start).ThenBy(window => window.End))
            {
                if (merged is [.., var last] && window.Start <= last.End)
                {
                    merged[^1] = last.MergedWith(window);
                }
                else
                {
                    merged.Add(window);
                }
            }

            return merged;
        }
    }

    private void Judge(Request request)
    {
        var outcome = request.Outcome!;
        if (outcome.Succeeded)
        {
            Success++;
            if (_open is not null)
            {
                _windows.Add(_open with { End = request.EndedAt, Recovered = true });
                _open = null;
            }

            return;
        }

        Failure++;
        _open = _open is null
            ? new Window(request.SentAt, request.EndedAt, 1, outcome.Cause, request.Phase, Recovered: false) { Nodes = request.Nodes }
            : _open with { End = request.EndedAt, RequestsLost = _open.RequestsLost + 1 };
    }

    /// <summary>One request of the flow.</summary>
    internal sealed class Request(TimeSpan sentAt, string phase, string nodes)
    {
        public TimeSpan SentAt { get; } = sentAt;

        public string Phase { get; } = phase;

        public string Nodes { get; } = nodes;

        public ProbeOutcome? Outcome { get; private set; }

        public TimeSpan EndedAt { get; private set; }

        public void Ended(ProbeOutcome outcome, TimeSpan at) => (Outcome, EndedAt) = (outcome, at);
    }

    /// <summary>An outage, with times since the start of the probe.</summary>
    internal sealed record Window(
        TimeSpan Start, TimeSpan End, long RequestsLost, ProbeFailureCause Cause, string Phase, bool Recovered)
    {
        public string Nodes { get; init; } = "";

        /// <summary>The same for a report.</summary>
        /// <param name="flow">Whose it is.</param>
        /// <param name="start">When the probe began.</param>
        public OutageWindow ToOutage(FlowName flow, DateTimeOffset start) =>
            new(flow, start + Start, start + End, RequestsLost, Cause, Phase, Recovered) { Nodes = Nodes };

        /// <summary>Both as one; <paramref name="later"/> starts no earlier than this one.</summary>
        public Window MergedWith(Window later) => this with
        {
            End = later.End > End ? later.End : End,
            RequestsLost = RequestsLost + later.RequestsLost,
            Cause = Cause == ProbeFailureCause.None ? later.Cause : Cause,
            Recovered = later.End > End ? later.Recovered : later.End < End ? Recovered : Recovered || later.Recovered,
        };
    }
}
