using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>Looks a Service up by name.</summary>
/// <param name="podNamespace">The Service's Namespace.</param>
/// <param name="service">The Service's name.</param>
/// <returns>Its ClusterIP, or a Pod's address for a headless one; null when there is no such Service.</returns>
internal delegate IPAddress? NameLookup(string podNamespace, string service);

/// <summary>Real connections through the simulated fabric: the walk decides, a loopback socket carries the bytes.</summary>
/// <remarks>
/// <para>What a lab's programs use instead of the machine's network, for example in a <c>ConnectCallback</c>. One handler
/// a source, or pooled connections would mix Pods.</para>
/// <para><b>Only new connections are judged.</b> One that stands keeps standing when the path breaks behind it; probes that
/// are to notice an outage open a connection a request. One that is not answered is tried again as Linux repeats a SYN, after 1, 3, 7, … s, so
/// a path that heals within a second costs a second and no connection. Bytes go through loopback, so the server's socket shows a loopback
/// peer: what it would have seen is <see cref="ConnectionVerdict.SourceSeen"/>.</para>
/// <para>Safe for use by several threads.</para>
/// </remarks>
public sealed class LabNetwork
{
    /// <summary>How long Linux keeps trying to connect: six SYN retransmissions (<c>tcp_syn_retries</c> 6).</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(127);

    /// <summary>How long a resolver waits for one answer; it asks twice (resolv.conf's defaults).</summary>
    public static readonly TimeSpan DnsTimeout = TimeSpan.FromSeconds(5);

    /// <summary>How long the kernel waits for an answer to each SYN: each repetition meets the network as it is then.</summary>
    private static readonly ImmutableArray<TimeSpan> SynWaits = [.. Enumerable.Range(0, 7).Select(i => TimeSpan.FromSeconds(1 << i))];

    private const int DnsAttempts = 2;
    private const string ClusterDomain = "cluster.local";

    private readonly SimulatedFabric _fabric;
    private readonly NameLookup _names;
    private readonly IPEndPoint? _dns;

    /// <param name="fabric">Who decides what gets through.</param>
    /// <param name="names">What the cluster's DNS server knows.</param>
    /// <param name="dns">The DNS Service, kube-dns's ClusterIP and port 53; null when a name needs no packet to be found.</param>
    internal LabNetwork(SimulatedFabric fabric, NameLookup names, IPEndPoint? dns)
    {
        ArgumentNullException.ThrowIfNull(fabric);
        ArgumentNullException.ThrowIfNull(names);
        _fabric = fabric;
        _names = names;
        _dns = dns;
    }

    /// <summary>Says what would become of a connection, without opening one.</summary>
    /// <param name="source">The Pod (<c>NAMESPACE/NAME</c>) or Node that would connect.</param>
    /// <param name="destination">The IPv4 address asked for.</param>
    /// <param name="port">1–65535.</param>
    /// <param name="protocol">TCP unless said otherwise.</param>
    /// <exception cref="ArgumentException">The lab has no such Pod or Node.</exception>
    public ConnectionVerdict Trace(
        string source, IPAddress destination, int port, TransportProtocol protocol = TransportProtocol.Tcp) =>
        _fabric.Connect(Find(source), destination, port, protocol);

    /// <summary>Connects as a program in <paramref name="source"/> would, by TCP.</summary>
    /// <param name="source">The Pod (<c>NAMESPACE/NAME</c>) or Node that connects.</param>
    /// <param name="host">An IPv4 address or a Service's name: <c>name</c>, <c>name.ns</c>, <c>name.ns.svc</c> or
    /// <c>name.ns.svc.cluster.local</c>. A Node knows no Service names, as its resolv.conf is not the cluster's.</param>
    /// <param name="port">1–65535.</param>
    /// <param name="cancellationToken">The client's patience.</param>
    /// <returns>The connection; the caller closes it.</returns>
    /// <exception cref="ArgumentException">The lab has no such Pod or Node.</exception>
    /// <exception cref="SocketException">As on Linux: <see cref="SocketError.HostNotFound"/> for a name that DNS denies,
    /// <see cref="SocketError.TryAgain"/> when DNS does not answer (after 10 s), <see cref="SocketError.ConnectionRefused"/>,
    /// <see cref="SocketError.HostUnreachable"/> (after 3 s), <see cref="SocketError.NetworkUnreachable"/>, and
    /// <see cref="SocketError.TimedOut"/> after <see cref="ConnectTimeout"/>. The message has the walk's reason.</exception>
    /// <exception cref="OperationCanceledException">The client lost patience.</exception>
    public ValueTask<Stream> ConnectAsync(
        string source, string host, int port, CancellationToken cancellationToken = default) =>
        ConnectAsync(Find(source), host, port, cancellationToken);

    internal async ValueTask<Stream> ConnectAsync(
        NetworkNamespace source, string host, int port, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentException.ThrowIfNullOrEmpty(host);
        var address = IPAddress.TryParse(host, out var literal)
            ? literal
            : await ResolveAsync(source, host, cancellationToken).ConfigureAwait(false);
        var verdict = _fabric.Connect(source, address, port);
        for (var i = 0; i < SynWaits.Length && verdict.Outcome == ConnectionOutcome.TimedOut; i++)
        {
            await Task.Delay(SynWaits[i], _fabric.Time, cancellationToken).ConfigureAwait(false);
            verdict = i < SynWaits.Length - 1 ? _fabric.Connect(source, address, port) : verdict;
        }

        if (verdict.Delay > TimeSpan.Zero)
        {
            await Task.Delay(verdict.Delay, _fabric.Time, cancellationToken).ConfigureAwait(false);
        }

        if (verdict.Outcome != ConnectionOutcome.Delivered)
        {
            throw Failure(verdict);
        }

        return await OpenAsync(verdict, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Finds a name as the Pod's resolver would: by a request to the DNS Service that must get there and back.</summary>
    internal async ValueTask<IPAddress> ResolveAsync(
        NetworkNamespace source, string name, CancellationToken cancellationToken)
    {
        if (source is not PodNetns pod)
        {
            throw new SocketException(
                (int)SocketError.HostNotFound, $"{name}: Node {source.Name} does not ask the cluster's DNS.");
        }

        for (var attempt = 1; _dns is not null; attempt++)
        {
            var verdict = _fabric.Connect(source, _dns.Address, _dns.Port, TransportProtocol.Udp);
            if (verdict.Outcome == ConnectionOutcome.Delivered)
            {
                break;
            }

            if (verdict.Outcome == ConnectionOutcome.TimedOut)
            {
                await Task.Delay(DnsTimeout, _fabric.Time, cancellationToken).ConfigureAwait(false);
            }

            if (attempt == DnsAttempts)
            {
                throw new SocketException(
                    (int)SocketError.TryAgain, $"{name}: DNS at {_dns} does not answer: {verdict.Reason}");
            }
        }

        return Answer(pod.PodNamespace, name)
            ?? throw new SocketException((int)SocketError.HostNotFound, $"{name}: no such name (NXDOMAIN).");
    }

    private IPAddress? Answer(string podNamespace, string name)
    {
        var labels = name.TrimEnd('.').ToLowerInvariant().Split('.');
        var domain = ClusterDomain.Split('.');
        return labels switch
        {
            [var service] => _names(podNamespace, service),
            [var service, var inNamespace] => _names(inNamespace, service),
            [var service, var inNamespace, "svc"] => _names(inNamespace, service),
            [var service, var inNamespace, "svc", .. var rest] when rest.SequenceEqual(domain, StringComparer.Ordinal) =>
                _names(inNamespace, service),
            _ => null,
        };
    }

    private static async ValueTask<Stream> OpenAsync(ConnectionVerdict verdict, CancellationToken cancellationToken)
    {
        if (verdict.Listener?.EndPoint is not { } endPoint)
        {
            throw new InvalidOperationException(
                $"{verdict.Receiver} listens for walks only, behind {verdict.Requested}: it has no loopback socket.");
        }

        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(endPoint, cancellationToken).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static SocketException Failure(ConnectionVerdict verdict)
    {
        var error = verdict.Outcome switch
        {
            ConnectionOutcome.Refused => SocketError.ConnectionRefused,
            ConnectionOutcome.HostUnreachable => SocketError.HostUnreachable,
            ConnectionOutcome.NoRoute => SocketError.NetworkUnreachable,
            _ => SocketError.TimedOut,
        };
        return new SocketException((int)error, $"{verdict.Source} -> {verdict.Requested}: {verdict.Reason}");
    }

    private NetworkNamespace Find(string source) =>
        _fabric.Find(source) ?? throw new ArgumentException($"The lab's network has no Pod or Node {source}.", nameof(source));
}
