using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>The model's listening ports as real ones. Not for use by several threads at once.</summary>
internal sealed class KernelListeners(KernelSpaces spaces) : IAsyncDisposable
{
    private readonly Dictionary<Port, IAsyncDisposable> _open = [];

    /// <summary>Closes the ports that are not there any more, and opens new ones.</summary>
    public async Task FollowAsync(FabricSnapshot snapshot)
    {
        var wanted = snapshot.Nodes.SelectMany(node => PortsOf(node.Host, node.State))
            .Concat(snapshot.Pods.SelectMany(pod => PortsOf(pod.Pod, pod.State))).ToHashSet();
        foreach (var closed in _open.Keys.Where(port => !wanted.Contains(port)).ToList())
        {
            _open.Remove(closed, out var port);
            await port!.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var port in wanted.Where(port => !_open.ContainsKey(port)))
        {
            var space = spaces.Find(port.Owner)!;
            _open[port] = port.Listener.Protocol == TransportProtocol.Tcp
                ? new KernelResponder(space, port.Owner.Name, new IPEndPoint(port.Address, port.Listener.Port), port.Listener.Serve)
                : new KernelEcho(space, new IPEndPoint(port.Address, port.Listener.Port));
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var port in _open.Values)
        {
            await port.DisposeAsync().ConfigureAwait(false);
        }

        _open.Clear();
    }

    /// <summary>TCP on every address of a family at once. UDP on each, as a server of its kind does: an answer must come from the address that was asked.</summary>
    private static IEnumerable<Port> PortsOf(NetworkNamespace owner, NamespaceState state) =>
        state.Listeners.SelectMany(listener => state.Addresses
            .Select(one => listener.Protocol == TransportProtocol.Udp ? one.Address : LayoutWords.IsIPv6(one.Address) ? IPAddress.IPv6Any : IPAddress.Any)
            .Distinct().Select(address => new Port(owner, listener, address)));

    private readonly record struct Port(NetworkNamespace Owner, Listener Listener, IPAddress Address);

    /// <summary>Sends every datagram back.</summary>
    private sealed class KernelEcho : IAsyncDisposable
    {
        private const int Largest = 2048;

        private readonly CancellationTokenSource _stopped = new();
        private readonly Socket _socket;
        private readonly IPEndPoint _any;
        private readonly Task _answering;

        public KernelEcho(KernelNamespace space, IPEndPoint at)
        {
            _socket = KernelThread.OpenSocket(space.Handle, ProtocolType.Udp, at.AddressFamily);
            _socket.Bind(at);
            _any = new IPEndPoint(LayoutWords.IsIPv6(at.Address) ? IPAddress.IPv6Any : IPAddress.Any, 0);
            _answering = AnswerAsync();
        }

        public async ValueTask DisposeAsync()
        {
            await _stopped.CancelAsync().ConfigureAwait(false);
            await _answering.ConfigureAwait(false);
            _socket.Dispose();
            _stopped.Dispose();
        }

        private async Task AnswerAsync()
        {
            var buffer = new byte[Largest];
            while (true)
            {
                try
                {
                    var request = await _socket.ReceiveFromAsync(buffer, _any, _stopped.Token).ConfigureAwait(false);
                    await _socket.SendToAsync(buffer.AsMemory(0, request.ReceivedBytes), request.RemoteEndPoint, _stopped.Token).ConfigureAwait(false);
                }
                catch (SocketException)
                {
                    // The client is gone, or there is no way back to it.
                }
                catch (OperationCanceledException)
                {
                    return;
                }
            }
        }
    }
}
