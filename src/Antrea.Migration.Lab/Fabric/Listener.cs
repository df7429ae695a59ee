using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>A program that listens in a network namespace.</summary>
/// <param name="Protocol">TCP or UDP.</param>
/// <param name="Port">1–65535, on every address of the namespace.</param>
/// <param name="EndPoint">The loopback socket that really answers after a walk; null where only walks are asked, as for UDP.</param>
/// <param name="Owner">Who listens, for example <c>kube-system/kube-proxy-x</c>: tells hostNetwork Pods apart.</param>
internal sealed record Listener(TransportProtocol Protocol, int Port, IPEndPoint? EndPoint, string? Owner)
{
    /// <summary>Takes over a TCP connection that the kernel's own network brought; null where nobody does.</summary>
    public Action<Socket>? Serve { get; init; }
}
