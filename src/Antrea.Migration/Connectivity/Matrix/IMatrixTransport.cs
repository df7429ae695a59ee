using System.Collections.Immutable;
using System.Net;

namespace Antrea.Migration.Connectivity;

/// <summary>Opens TCP connections from somebody's network stack.</summary>
/// <remarks>Implementations must be safe for use by several callers at once.</remarks>
public interface IMatrixTransport
{
    /// <summary>Tries each target once.</summary>
    /// <param name="source">From where.</param>
    /// <param name="targets">Addresses and ports.</param>
    /// <param name="timeout">How long one connection may take to be made.</param>
    /// <param name="cancellationToken">Ends all of it.</param>
    /// <returns>What became of each, in the targets' order. <see cref="ProbeFailureCause.None"/> when it was made.</returns>
    /// <exception cref="MigrationException">Nothing can be tried from there.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    Task<ImmutableArray<ProbeOutcome>> TryAsync(
        MatrixEndpoint source, ImmutableArray<DnsEndPoint> targets, TimeSpan timeout, CancellationToken cancellationToken);
}
