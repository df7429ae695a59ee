namespace Antrea.Migration.Connectivity;

/// <summary>Requests that are sent elsewhere on a schedule of their own, and reported as they are sent and as they end.</summary>
public interface IProbeStream
{
    /// <summary>Starts the sender and reads what it reports, until it ends or is cancelled.</summary>
    /// <param name="interval">One request in this time.</param>
    /// <param name="timeout">How long a request may take.</param>
    /// <param name="cancellationToken">Ends the sender.</param>
    /// <returns>The reports, in the order they were made. The end of the sequence means that the sender is gone: a Pod that was
    /// restarted, a connection that broke. It is asked again then, and nobody looks meanwhile.</returns>
    /// <exception cref="MigrationException">The sender cannot be started or was lost; it is asked again after a while.</exception>
    IAsyncEnumerable<ProbeReport> ReadAsync(TimeSpan interval, TimeSpan timeout, CancellationToken cancellationToken);
}

/// <summary>A request was sent, or has ended.</summary>
/// <param name="Sequence">The request's number in its stream.</param>
/// <param name="At">When, by a clock of the sender's that is never set; its zero means nothing.</param>
/// <param name="Outcome">What it came to; null when it was sent just then.</param>
public sealed record ProbeReport(long Sequence, TimeSpan At, ProbeOutcome? Outcome);
