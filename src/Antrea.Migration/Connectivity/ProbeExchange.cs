namespace Antrea.Migration.Connectivity;

/// <summary>One request under a time limit, judged.</summary>
internal static class ProbeExchange
{
    /// <summary>Sends one request; everything that can go wrong with it is an outcome.</summary>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled, whatever the
    /// request came to.</exception>
    public static async Task<ProbeOutcome> SendAsync(
        IProbeTransport transport,
        Uri target,
        TimeSpan timeout,
        TimeProvider timeProvider,
        CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, timeProvider);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return ProbeJudge.Judge(await transport.SendAsync(target, linked.Token).ConfigureAwait(false));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return ProbeJudge.Judge(exception, timeout);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new OperationCanceledException(exception.Message, exception, cancellationToken);
        }
    }
}
