namespace Antrea.Migration.Connectivity;

/// <summary>One request under a time limit, judged.</summary>
internal static class ProbeExchange
{
    /// <summary>Sends one request; everything that can go wrong with it is an outcome.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled, whatever the
    /// request came to.</exception>
    public static Task<ProbeOutcome> SendAsync(
        IProbeTransport transport, Uri target, TimeSpan timeout, TimeProvider timeProvider, CancellationToken cancellationToken) =>
        SendAsync(transport, target, timeout, timeProvider, cancellationToken, cancellationToken);

    /// <summary>The same of a request that somebody may not want to wait for any longer.</summary>
    /// <param name="transport">Who sends it.</param>
    /// <param name="target">Where to.</param>
    /// <param name="timeout">How long it may take.</param>
    /// <param name="timeProvider">By which clock.</param>
    /// <param name="noLonger">Ends it before its time is up, with the outcome that there was no answer by then. Linked to
    /// <paramref name="cancellationToken"/>, or equal to it.</param>
    /// <param name="cancellationToken">Breaks it off without an outcome.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled, whatever the
    /// request came to.</exception>
    public static async Task<ProbeOutcome> SendAsync(
        IProbeTransport transport,
        Uri target,
        TimeSpan timeout,
        TimeProvider timeProvider,
        CancellationToken noLonger,
        CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, timeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, noLonger);
        try
        {
            return ProbeJudge.Judge(await transport.SendAsync(target, linked.Token).ConfigureAwait(false));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return noLonger.IsCancellationRequested && exception is OperationCanceledException
                ? ProbeJudge.JudgeStopped((exception as ProbeInterruptedException)?.Stage)
                : ProbeJudge.Judge(exception, timeout);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new OperationCanceledException(exception.Message, exception, cancellationToken);
        }
    }
}
