using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Connectivity.Load;

/// <summary>All workers of a run on one thread, which waits until any of their connections is ready.</summary>
/// <remarks>In the steady state a request costs a write, a read and its share of a <c>poll</c>, and allocates nothing.</remarks>
internal sealed class ClosedLoop
{
    /// <summary>How long a worker rests that got no connection.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(10);

    /// <summary>How often time limits and stops are looked at.</summary>
    private static readonly TimeSpan LookAround = TimeSpan.FromMilliseconds(10);

    /// <summary>A round takes no longer than <see cref="LookAround"/> unless nobody lets the thread run: then nobody looks.</summary>
    private static readonly TimeSpan HeldUp = TimeSpan.FromMilliseconds(250);

    private readonly ClosedLoopOptions _options;
    private readonly Func<TimeSpan> _elapsed;
    private readonly ClosedLoopWorker[] _workers;
    private readonly List<Socket> _readable;
    private readonly List<Socket> _writable;
    private readonly ReportRecorder _recorder;
    private readonly SilenceRecorder _silence;
    private long _begun;

    public ClosedLoop(
        ClosedLoopOptions options, IPEndPoint[] servers, byte[] request, Func<TimeSpan> elapsed, ReportRecorder recorder, SilenceRecorder silence)
    {
        _options = options;
        _elapsed = elapsed;
        _recorder = recorder;
        _silence = silence;
        _workers = [.. Enumerable.Range(0, options.Workers).Select(_ => new ClosedLoopWorker(options, servers, request))];
        _readable = new List<Socket>(options.Workers);
        _writable = new List<Socket>(options.Workers);
    }

    /// <summary>Works until the end of the run; what is under way when it comes still ends and counts.</summary>
    /// <param name="seconds">Gets each second that has passed.</param>
    /// <param name="stop">Ends the run in good order.</param>
    /// <param name="abort">Breaks it off.</param>
    public void Run(Action<LoadSecond> seconds, StopRequest stop, CancellationToken abort)
    {
        try
        {
            var now = _elapsed();
            var lookAt = now;
            while (!abort.IsCancellationRequested)
            {
                if (now >= lookAt)
                {
                    lookAt = now + LookAround;
                    LookRound(now, MayBegin(now) && !stop.Asked.IsCancellationRequested, stop.PatienceEnded.IsCancellationRequested, seconds);
                }

                if (!Gather() && (!MayBegin(now) || stop.Asked.IsCancellationRequested))
                {
                    return;
                }

                var before = now;
                Wait();
                now = _elapsed();
                if (now - before > HeldUp)
                {
                    _silence.LeaveOut(now - before);
                }

                var goesOn = MayBegin(now) && !stop.Asked.IsCancellationRequested;
                foreach (var socket in _writable)
                {
                    var worker = ((ClosedLoopSocket)socket).Worker;
                    End(worker, worker.Write(now), now, goesOn);
                }

                foreach (var socket in _readable)
                {
                    var worker = ((ClosedLoopSocket)socket).Worker;
                    now = _elapsed();
                    End(worker, worker.Read(now), now, goesOn);
                }
            }

            abort.ThrowIfCancellationRequested();
        }
        finally
        {
            foreach (var worker in _workers)
            {
                worker.Close();
            }
        }
    }

    private bool MayBegin(TimeSpan now) => now < _options.Duration && _begun < _options.Requests;

    /// <summary>Ends what took too long, begins what rested long enough, and closes seconds.</summary>
    private void LookRound(TimeSpan now, bool mayBegin, bool waitsNoLonger, Action<LoadSecond> seconds)
    {
        foreach (var worker in _workers)
        {
            End(worker, worker.CheckTime(now, waitsNoLonger), now, mayBegin);
            if (!worker.IsBusy && mayBegin)
            {
                Begin(worker, now);
            }
        }

        while (_recorder.CloseSecond(now) is { } second)
        {
            seconds(second);
        }
    }

    private void End(ClosedLoopWorker worker, ProbeOutcome? outcome, TimeSpan now, bool mayBegin)
    {
        if (outcome is null)
        {
            return;
        }

        _recorder.Add(worker.Started, now, outcome);
        _silence.Add(outcome, now);
        if (mayBegin)
        {
            Begin(worker, now);
        }
    }

    private void Begin(ClosedLoopWorker worker, TimeSpan now)
    {
        if (worker.RestsUntil <= now && _begun < _options.Requests)
        {
            _begun++;

            // A request that fails at once has left the worker resting or without connection: it comes round again later.
            End(worker, worker.Begin(now), now, mayBegin: false);
        }
    }

    /// <summary>Lists the sockets to wait for.</summary>
    private bool Gather()
    {
        _readable.Clear();
        _writable.Clear();
        foreach (var worker in _workers)
        {
            if (worker.IsBusy)
            {
                (worker.WantsToWrite ? _writable : _readable).Add(worker.Socket!);
            }
        }

        return _readable.Count + _writable.Count > 0;
    }

    /// <summary>Waits, and leaves in the lists what is ready.</summary>
    private void Wait()
    {
        if (_readable.Count + _writable.Count > 0)
        {
            Socket.Select(_readable.Count > 0 ? _readable : null, _writable.Count > 0 ? _writable : null, null, LookAround);
        }
        else
        {
            // Everybody rests.
            using var never = new ManualResetEventSlim();
            never.Wait(LookAround);
        }
    }
}
