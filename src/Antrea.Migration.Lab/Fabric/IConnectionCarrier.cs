using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>Who carries a lab's connections, and so decides which come about: the walk, or the kernel.</summary>
internal interface IConnectionCarrier
{
    /// <summary>Waits until every change made to the model so far counts.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task CaughtUpAsync(CancellationToken cancellationToken);

    /// <summary>Connects by TCP as a program in <paramref name="source"/> would.</summary>
    /// <param name="source">A Pod or Node.</param>
    /// <param name="destination">An IPv4 address and a port.</param>
    /// <param name="cancellationToken">The client's patience.</param>
    /// <returns>The connection; the caller closes it.</returns>
    /// <exception cref="SocketException">As on Linux.</exception>
    ValueTask<Stream> ConnectAsync(NetworkNamespace source, IPEndPoint destination, CancellationToken cancellationToken);

    /// <summary>Whether a TCP connection comes about in time; a walk takes no time to know it.</summary>
    /// <param name="source">A Pod or Node.</param>
    /// <param name="destination">An IPv4 address and a port.</param>
    /// <param name="patience">The client's patience.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    Task<bool> AnswersAsync(NetworkNamespace source, IPEndPoint destination, TimeSpan patience, CancellationToken cancellationToken);

    /// <summary>Sends one UDP request, and waits for its reply.</summary>
    /// <param name="source">A Pod or Node.</param>
    /// <param name="destination">An IPv4 address and a port.</param>
    /// <param name="patience">How long to wait when nothing at all comes back.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>Why there was none; null when it came.</returns>
    Task<string?> ExchangeAsync(NetworkNamespace source, IPEndPoint destination, TimeSpan patience, CancellationToken cancellationToken);
}
