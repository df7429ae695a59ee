using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>Looks a Service up by name.</summary>
/// <param name="podNamespace">The Service's Namespace.</param>
/// <param name="service">The Service's name.</param>
/// <returns>Its ClusterIP, or a Pod's address for a headless one; null when there is no such Service.</returns>
internal delegate IPAddress? NameLookup(string podNamespace, string service);

/// <summary>Real connections through the lab's network. On the simulated fabric the walk decides, and a loopback socket carries the bytes; on
/// the kernel's own, sockets in the lab's network namespaces do both.</summary>
/// <remarks>
/// <para>What a lab's programs use instead of the machine's network, for example in a <c>ConnectCallback</c>. One handler
/// a source, or pooled connections would mix Pods.</para>
/// <para><b>On the simulated fabric only new connections are judged.</b> One that stands keeps standing when the path breaks behind it; probes that
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

    private const int DnsAttempts = 2;
    private const string ClusterDomain = "cluster.local";

    private readonly SimulatedFabric _fabric;
    private readonly IConnectionCarrier _carrier;
    private readonly NameLookup _names;
    private readonly IPEndPoint? _dns;

    /// <param name="fabric">The model of the network.</param>
    /// <param name="names">What the cluster's DNS server knows.</param>
    /// <param name="dns">The DNS Service, kube-dns's ClusterIP and port 53; null when a name needs no packet to be found.</param>
    /// <param name="carrier">Who decides what gets through; null for the walk.</param>
    internal LabNetwork(SimulatedFabric fabric, NameLookup names, IPEndPoint? dns, IConnectionCarrier? carrier = null)
    {
        ArgumentNullException.ThrowIfNull(fabric);
        ArgumentNullException.ThrowIfNull(names);
        _fabric = fabric;
        _carrier = carrier ?? new WalkCarrier(fabric);
        _names = names;
        _dns = dns;
    }

    /// <summary>Says what would become of a connection by the walk, without opening one.</summary>
    /// <param name="source">The Pod (<c>NAMESPACE/NAME</c>) or Node that would connect.</param>
    /// <param name="destination">The IPv4 address asked for.</param>
    /// <param name="port">1–65535.</param>
    /// <param name="protocol">TCP unless said otherwise.</param>
    /// <exception cref="ArgumentException">The lab has no such Pod or Node.</exception>
    public ConnectionVerdict Trace(
        string source, IPAddress destination, int port, TransportProtocol protocol = TransportProtocol.Tcp) =>
        _fabric.Connect(Find(source), destination, port, protocol);

    /// <summary>Opens a real connection in the kernel's network, sends a request, and tells everywhere its packets were seen.</summary>
    /// <param name="source">The Pod (<c>NAMESPACE/NAME</c>) or Node that connects.</param>
    /// <param name="destination">The IPv4 address asked for.</param>
    /// <param name="port">1–65535.</param>
    /// <param name="patience">How long the client waits.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="ArgumentException">The lab has no such Pod or Node.</exception>
    /// <exception cref="InvalidOperationException">The lab's network is simulated: <see cref="Trace"/> tells the way there.</exception>
    public Task<LiveTrace> CaptureAsync(
        string source, IPAddress destination, int port, TimeSpan patience, CancellationToken cancellationToken = default) =>
        _carrier is Kernel.KernelFabric kernel
            ? kernel.CaptureAsync(Find(source), new IPEndPoint(destination, port), patience, cancellationToken)
            : throw new InvalidOperationException("The lab's network is simulated: no packets are there to be seen.");

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
        return await _carrier.ConnectAsync(source, new IPEndPoint(address, port), cancellationToken).ConfigureAwait(false);
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
            if (await _carrier.ExchangeAsync(source, _dns, DnsTimeout, cancellationToken).ConfigureAwait(false) is not { } reason)
            {
                break;
            }

            if (attempt == DnsAttempts)
            {
                throw new SocketException((int)SocketError.TryAgain, $"{name}: DNS at {_dns} does not answer: {reason}");
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

    private NetworkNamespace Find(string source) =>
        _fabric.Find(source) ?? throw new ArgumentException($"The lab's network has no Pod or Node {source}.", nameof(source));
}
