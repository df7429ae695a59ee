using System.Net.Sockets;

namespace Antrea.Migration.StandIns.AntreaNode;

/// <summary>As much of Open vSwitch as whoever removes Antrea meets: a daemon of that name, its database's socket, and <c>ovs-vsctl</c>.</summary>
/// <remarks>The agent answers in place of the database, since its container reaches the Node; as with the real one nobody answers once its Pod has gone,
/// and the bridge stays. Source: Antrea v2.7 <c>build/images/scripts/start_ovs</c>; <c>ovs-vsctl(8)</c>.</remarks>
internal sealed class OpenVSwitch : IDisposable
{
    private const string SocketPath = "/var/run/openvswitch/db.sock";

    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    public OpenVSwitch()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        File.Delete(SocketPath);
        _socket.Bind(new UnixDomainSocketEndPoint(SocketPath));
        _socket.Listen();
        new Thread(Serve) { IsBackground = true }.Start();
    }

    /// <summary>The container's program: it has the daemon's name and does nothing else.</summary>
    public static int RunDaemon()
    {
        File.WriteAllText("/proc/self/comm", "ovs-vswitchd");
        return Idle.Run();
    }

    /// <summary><c>ovs-vsctl … del-br BRIDGE</c>.</summary>
    public static int Control(string[] arguments)
    {
        if (arguments is not [.., "del-br", "br-int"])
        {
            throw new StandInException($"this one does not know '{string.Join(' ', arguments)}'");
        }

        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(SocketPath));
            using var reader = new StreamReader(new NetworkStream(socket));
            return reader.ReadToEnd() is { Length: 0 } ? 0 : throw new StandInException("the bridge was not deleted");
        }
        catch (SocketException e)
        {
            throw new StandInException($"unix:{SocketPath}: database connection failed ({e.Message})", e);
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        File.Delete(SocketPath);
    }

    private void Serve()
    {
        while (true)
        {
            try
            {
                using var client = _socket.Accept();
                using var writer = new StreamWriter(new NetworkStream(client));
                try
                {
                    AntreaDataplane.Remove();
                    Console.Error.WriteLine("ovs-vswitchd: bridge br-int: deleted");
                }
                catch (StandInException e)
                {
                    Console.Error.WriteLine($"ovs-vswitchd: {e.Message}");
                    writer.Write(e.Message);
                }
            }
            catch (ObjectDisposedException)
            {
                return; // The agent ends.
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                Console.Error.WriteLine($"ovs-vswitchd: db.sock: {e.Message}");
            }
        }
    }
}
