using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using System.Threading.Channels;

namespace Antrea.Migration.Connectivity.Load;

/// <summary>Sends HTTP/1.1 requests as fast as a number of workers get answers: how much a path carries.</summary>
/// <remarks>
/// <para><b>Closed loop.</b> A worker sends its next request when its last one has ended, so that a slow server is asked less. For
/// how a server does at a given rate use <see cref="OpenModelProber"/>.</para>
/// <para><b>Connections.</b> The name is resolved once; a worker that gets no connection tries the next address 10 ms later. A kept connection that
/// the server closes with <c>Connection: close</c> is made anew; one that it closes without a word is a failure. Responses are read
/// strictly, redirects are not followed and count as failures.</para>
/// <para><b>Outages</b> are times in which no worker at all got a good answer for longer than
/// <see cref="ClosedLoopOptions.StallThreshold"/>; a single failure among many successes is a failure and no outage. A time in which the prober
/// itself got no time to look is left out.</para>
/// <para>Each run has a thread of its own, which waits for sockets by the machine's clock; what is measured is measured by
/// the given one. Safe for use by several threads; each run is independent of the others.</para>
/// </remarks>
public sealed class ClosedLoopProber
{
    private readonly ClosedLoopOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly StopRequest _stop;

    /// <summary>Creates a prober.</summary>
    /// <param name="options">What to send, and for how long.</param>
    /// <param name="timeProvider">The clock; <see langword="null"/> for the machine's.</param>
    /// <exception cref="ArgumentException">The options cannot be used; the message names every fault.</exception>
    public ClosedLoopProber(ClosedLoopOptions options, TimeProvider? timeProvider = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        ProbeOptionRules.ThrowIfAny(options.Validate(), nameof(options));
        _options = options;
        _timeProvider = timeProvider ?? TimeProvider.System;
        _stop = new StopRequest(_timeProvider);
    }

    /// <summary>Ends the runs in good order: nothing more is sent, and the report follows when what is under way has ended, after 5 s as a
    /// failure. Later runs of this prober end at once.</summary>
    public void Stop() => _stop.Ask();

    /// <summary>Runs to the end and returns the report.</summary>
    /// <param name="cancellationToken">Breaks the run off; for a report of what was done so far use <see cref="Stop"/>.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async Task<LoadReport> ProbeAsync(CancellationToken cancellationToken = default)
    {
        LoadReport? report = null;
        await foreach (var probeEvent in RunAsync(cancellationToken).ConfigureAwait(false))
        {
            report = (probeEvent as ProbeReported)?.Report;
        }

        return report!;
    }

    /// <summary>Runs, and tells what happens as it happens.</summary>
    /// <param name="cancellationToken">Breaks the run off; for a report of what was done so far use <see cref="Stop"/>.</param>
    /// <returns>A <see cref="ProbeSecondPassed"/> for each second; last one <see cref="ProbeReported"/>.</returns>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public async IAsyncEnumerable<ProbeEvent> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var abort = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var start = _timeProvider.GetLocalNow();
        var startTimestamp = _timeProvider.GetTimestamp();
        TimeSpan Elapsed() => _timeProvider.GetElapsedTime(startTimestamp);
        var recorder = new ReportRecorder();
        var silence = new SilenceRecorder(_options.StallThreshold);
        var seconds = Channel.CreateUnbounded<ProbeEvent>();
        var working = WorkAsync();
        try
        {
            await foreach (var second in seconds.Reader.ReadAllAsync(cancellationToken).ConfigureAwait(false))
            {
                yield return second;
            }

            var end = Elapsed();
            var outages = silence.Finish(end).Select(window => window.ToOutage(_options.Flow ?? new FlowName("", _options.Target.OriginalString), start));
            yield return new ProbeReported(start + end, recorder.ToReport(LoadMode.ClosedLoop, _options.Target, start, end, outages, []));
        }
        finally
        {
            await abort.CancelAsync().ConfigureAwait(false);
            await working.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task WorkAsync()
        {
            Exception? fault = null;
            try
            {
                var (servers, failure) = await ResolveAsync(abort.Token).ConfigureAwait(false);
                if (failure is not null)
                {
                    recorder.Add(TimeSpan.Zero, Elapsed(), failure);
                    silence.Add(failure, Elapsed());
                    return;
                }

                var loop = new ClosedLoop(_options, servers, RequestTo(_options), Elapsed, recorder, silence);
                await Task.Factory.StartNew(
                    () => loop.Run(
                        second => seconds.Writer.TryWrite(new ProbeSecondPassed(start + Elapsed(), second)), _stop, abort.Token),
                    CancellationToken.None,
                    TaskCreationOptions.LongRunning,
                    TaskScheduler.Default).ConfigureAwait(false);
            }
            catch (Exception exception)
            {
                fault = exception;
                throw;
            }
            finally
            {
                seconds.Writer.TryComplete(fault);
            }
        }
    }

    private static byte[] RequestTo(ClosedLoopOptions options) => Encoding.ASCII.GetBytes(
        $"GET {options.Target.PathAndQuery} HTTP/1.1\r\nHost: {HostOf(options.Target)}\r\nUser-Agent: antrea-migrator-probe\r\n"
        + (options.ReuseConnections ? "\r\n" : "Connection: close\r\n\r\n"));

    private static string HostOf(Uri target)
    {
        var host = target.HostNameType == UriHostNameType.IPv6 ? target.Host : target.IdnHost;
        return target.IsDefaultPort ? host : string.Create(CultureInfo.InvariantCulture, $"{host}:{target.Port}");
    }

    /// <summary>The servers, or why there are none.</summary>
    private async Task<(IPEndPoint[] Servers, ProbeOutcome? Failure)> ResolveAsync(CancellationToken abort)
    {
        var progress = new ProbeProgress();
        using var limit = new CancellationTokenSource(_options.Timeout, _timeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, _stop.Asked, abort);
        try
        {
            var addresses = await ProbeConnector.ResolveAsync(_options.Target.IdnHost, progress, linked.Token).ConfigureAwait(false);
            return ([.. addresses.Select(address => new IPEndPoint(address, _options.Target.Port))], null);
        }
        catch (OperationCanceledException) when (!abort.IsCancellationRequested)
        {
            return ([], ProbeJudge.JudgeTimeout(progress.Stage, _options.Timeout));
        }
        catch (System.Net.Sockets.SocketException exception)
        {
            return ([], ProbeJudge.Judge(exception, _options.Timeout));
        }
    }
}
