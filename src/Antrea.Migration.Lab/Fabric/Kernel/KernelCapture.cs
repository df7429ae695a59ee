using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>Hears every namespace of a lab while something happens, and tells where one TCP connection's packets were seen.</summary>
/// <remarks>A packet socket a namespace; the order is the kernel's own time stamps'. What is wrapped in a tunnel is seen before and after it.</remarks>
internal sealed class KernelCapture : IDisposable
{
    private const int PacketFamily = 17;
    private const int DatagramCloseOnExecNonBlocking = 2 | 0x80000 | 0x800;
    private const int EveryProtocol = 0x0300; // ETH_P_ALL in network order
    private const int SocketLevel = 1;
    private const int ReceiveBufferForce = 33;
    private const int BufferSize = 8 << 20;
    private const int DoNotWait = 0x40;
    private const nuint TimeOfLast = 0x8907; // SIOCGSTAMPNS
    private const int Tcp = 6;
    private const byte Outgoing = 4;

    private readonly List<(KernelNamespace Space, SafeSocket Socket)> _ears = [];

    private KernelCapture(IEnumerable<KernelNamespace> spaces)
    {
        foreach (var space in spaces)
        {
            var descriptor = -1;
            KernelThread.Run(space.Handle, () => descriptor = NewSocket(PacketFamily, DatagramCloseOnExecNonBlocking, EveryProtocol));
            if (descriptor < 0)
            {
                throw new IOException($"packet socket in {space.Name}: {Marshal.GetLastPInvokeErrorMessage()}");
            }

            var size = BufferSize;
            _ = SetOption(descriptor, SocketLevel, ReceiveBufferForce, ref size, sizeof(int));
            var socket = new SafeSocket(descriptor);
            _ = Control(socket, TimeOfLast, new long[2]); // From the first question on there are time stamps, or soon after.
            _ears.Add((space, socket));
        }
    }

    /// <summary>Begins to hear.</summary>
    public static async Task<KernelCapture> StartAsync(IEnumerable<KernelNamespace> spaces, CancellationToken cancellationToken)
    {
        var capture = new KernelCapture(spaces);
        try
        {
            await capture.AwaitTimeStampsAsync(cancellationToken).ConfigureAwait(false);
            return capture;
        }
        catch
        {
            capture.Dispose();
            throw;
        }
    }

    /// <summary>What was seen of a connection so far, in order.</summary>
    /// <param name="port">The client's port, which masquerading keeps unless it is taken.</param>
    public ImmutableArray<LiveHop> Drain(int port)
    {
        var seen = new List<(long Time, KernelNamespace Space, int Device, byte Type, LiveHop Hop)>();
        var packet = new byte[2048];
        var address = new byte[20];
        foreach (var (space, socket) in _ears)
        {
            while (TryReceive(socket, packet, address, out var read, out var time))
            {
                if (Read(packet.AsSpan(0, read), port) is { } hop)
                {
                    seen.Add((time, space, BitConverter.ToInt32(address, 4), address[10], hop));
                }
            }
        }

        var names = seen.Select(one => (one.Space, one.Device)).Distinct().ToDictionary(one => one, one => NameOf(one.Space.Handle, one.Device));
        var start = seen.Count == 0 ? 0 : seen.Min(one => one.Time);
        return
        [
            .. seen.OrderBy(one => one.Time).Select(one => one.Hop with
            {
                At = TimeSpan.FromMicroseconds((one.Time - start) / 1000.0),
                Where = one.Space.Label,
                Device = names[(one.Space, one.Device)],
                IsIncoming = one.Type != Outgoing,
            }),
        ];
    }

    /// <summary>The kernel begins to stamp a moment after it is asked to; until then a packet's time is when it is read.</summary>
    private async Task AwaitTimeStampsAsync(CancellationToken cancellationToken)
    {
        const int DiscardPort = 9;
        var (space, socket) = _ears[0];
        using var sender = KernelThread.OpenSocket(space.Handle, ProtocolType.Udp);
        var (packet, address) = (new byte[2048], new byte[20]);
        while (true)
        {
            sender.SendTo([0], new IPEndPoint(IPAddress.Loopback, DiscardPort));
            var sent = (TimeProvider.System.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks * 100;
            while (TryReceive(socket, packet, address, out _, out var time))
            {
                if (time < sent)
                {
                    return;
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }

    private static bool TryReceive(SafeSocket socket, byte[] packet, byte[] address, out int read, out long nanoseconds)
    {
        var length = address.Length;
        read = (int)ReceiveFrom(socket, packet, (nuint)packet.Length, DoNotWait, address, ref length);
        var time = new long[2];
        _ = read < 0 ? -1 : Control(socket, TimeOfLast, time);
        nanoseconds = (time[0] * 1_000_000_000) + time[1];
        return read >= 0;
    }

    public void Dispose() => _ears.ForEach(ear => ear.Socket.Dispose());

    private static LiveHop? Read(ReadOnlySpan<byte> packet, int port)
    {
        // IPv6 without extension headers: nothing here sends others.
        var isIPv6 = packet.Length >= 40 && packet[0] >> 4 == 6;
        if (!isIPv6 && (packet.Length < 20 || packet[0] >> 4 != 4))
        {
            return null;
        }

        var header = isIPv6 ? 40 : (packet[0] & 15) * 4;
        if (packet[isIPv6 ? 6 : 9] != Tcp || packet.Length < header + 20)
        {
            return null;
        }

        var source = new IPAddress(isIPv6 ? packet[8..24] : packet[12..16]);
        var destination = new IPAddress(isIPv6 ? packet[24..40] : packet[16..20]);

        var tcp = packet[header..];
        var (from, to) = (BinaryPrimitives.ReadUInt16BigEndian(tcp), BinaryPrimitives.ReadUInt16BigEndian(tcp[2..]));
        return from == port || to == port
            ? new LiveHop(
                TimeSpan.Zero, "", "", false, new IPEndPoint(source, from), new IPEndPoint(destination, to), Flags(tcp[13]))
            : null;
    }

    private static string Flags(byte bits)
    {
        string[] names = ["FIN", "SYN", "RST", "PSH", "ACK"];
        return string.Join(' ', names.Where((_, i) => ((bits >> i) & 1) != 0));
    }

    private static string NameOf(SafeFileHandle space, int device)
    {
        var name = new byte[16];
        KernelThread.Run(space, () => _ = IndexToName((uint)device, name));
        var length = Array.IndexOf(name, (byte)0);
        return length > 0 ? Encoding.ASCII.GetString(name, 0, length) : device.ToString(CultureInfo.InvariantCulture);
    }

    [DllImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static extern int NewSocket(int domain, int type, int protocol);

    [DllImport("libc", EntryPoint = "setsockopt")]
    private static extern int SetOption(int socket, int level, int name, ref int value, int length);

    [DllImport("libc", EntryPoint = "recvfrom")]
    private static extern nint ReceiveFrom(SafeSocket socket, byte[] buffer, nuint size, int flags, byte[] address, ref int length);

    [DllImport("libc", EntryPoint = "ioctl")]
    private static extern int Control(SafeSocket socket, nuint request, [Out] long[] time);

    [DllImport("libc", EntryPoint = "if_indextoname")]
    private static extern nint IndexToName(uint index, [Out] byte[] name);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int CloseDescriptor(nint descriptor);

    private sealed class SafeSocket : SafeHandleMinusOneIsInvalid
    {
        public SafeSocket(int descriptor)
            : base(ownsHandle: true) => SetHandle(descriptor);

        protected override bool ReleaseHandle() => CloseDescriptor(handle) == 0;
    }
}
