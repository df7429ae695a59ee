using System.Collections.Immutable;
using System.Net;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>Walks one connection's packets through the fabric, hop by hop, with the conntrack entries they leave.</summary>
/// <remarks>
/// <para>What is decided where follows the kernel and Antrea's flow tables; this file has the connection, the others
/// have the Pod's, the Node's and the bridge's part. State of Nodes, Pods and bridges is read once a walk, so that one
/// walk sees each of them at one moment. Conntrack starts empty with every walk.</para>
/// <para>Retransmission: a client keeps its route for a connection, but a server looks up anew for each SYN-ACK. So one
/// repetition, after 1 s, is walked where the server is a Pod with several equal default routes.</para>
/// <para>Not modelled: MTU and fragments, ICMP errors as packets of their own, NodePorts, a masquerade that must
/// change the port, and what lies outside the cluster.</para>
/// </remarks>
internal sealed partial class ConnectionWalk
{
    /// <summary>The most stations one packet may visit; its TTL of 64 runs out far earlier.</summary>
    public const int MaximumStations = 512;

    private static readonly TimeSpan RetransmissionTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ArpTime = TimeSpan.FromSeconds(3);

    private readonly SimulatedFabric _fabric;
    private readonly Dictionary<HostNetns, HostState> _hosts = [];
    private readonly Dictionary<PodNetns, PodState> _pods = [];
    private readonly Dictionary<OvsBridge, OvsState> _bridges = [];
    private readonly Dictionary<object, Conntrack> _zones = [];
    private readonly ImmutableArray<Hop>.Builder _hops = ImmutableArray.CreateBuilder<Hop>();
    private DateTimeOffset _now;
    private Station _last = new Station.Lost(ConnectionOutcome.TimedOut, "nothing was sent");

    private ConnectionWalk(SimulatedFabric fabric)
    {
        _fabric = fabric;
        _now = fabric.Time.GetUtcNow();
    }

    /// <summary>Walks a connection.</summary>
    /// <param name="fabric">The network.</param>
    /// <param name="client">Who connects, from an unbound socket.</param>
    /// <param name="requested">The address and port asked for.</param>
    /// <param name="protocol">TCP or UDP.</param>
    /// <param name="intended">Whom the caller means by the address; null when it does not care.</param>
    public static ConnectionVerdict Run(
        SimulatedFabric fabric,
        NetworkNamespace client,
        IPEndPoint requested,
        TransportProtocol protocol,
        NetworkNamespace? intended)
    {
        var walk = new ConnectionWalk(fabric);
        var outcome = walk.Connect(client, requested, protocol);
        var receiver = outcome.Receiver;
        return new ConnectionVerdict
        {
            Outcome = outcome.Outcome,
            Source = client.Name,
            Requested = requested,
            Reason = outcome.Reason,
            Receiver = receiver?.Name,
            ReceiverNamespace = receiver,
            IsWrongReceiver = intended is not null && receiver is not null && !ReferenceEquals(intended, receiver),
            AlsoHeldBy =
            [
                .. fabric.HoldersOf(requested.Address)
                    .Where(holder => receiver is not null && !ReferenceEquals(holder, receiver))
                    .Select(holder => holder.Name),
            ],
            SourceSeen = outcome.SourceSeen,
            Listener = outcome.Listener,
            Delay = outcome.Delay,
            Path = walk._hops.ToImmutable(),
        };
    }

    private Ending Connect(NetworkNamespace client, IPEndPoint requested, TransportProtocol protocol)
    {
        var flow = new Flow(protocol, IPAddress.Any, _fabric.NextPort(), requested.Address, requested.Port);
        if (OpenSocket(client, flow, out var clientSocket) is { } refused)
        {
            return Ending.Of(refused);
        }

        if (Walk(Send(clientSocket, PacketKind.Open)) is not Station.Arrived opened)
        {
            return Ending.Of((Station.Lost)_last);
        }

        var serverSocket = new LabSocket(opened.At, opened.Packet.Flow.Reversed, null);
        var ending = new Ending
        {
            Receiver = opened.At,
            SourceSeen = opened.Packet.Source,
            Listener = SnapshotOf(opened.At).ListenerOn(protocol, opened.Packet.Flow.DestinationPort),
        };
        if (ending.Listener is null)
        {
            Note(opened.Packet, opened.At.Name, null, $"nobody listens on {protocol} port {opened.Packet.Flow.DestinationPort}");
            return Reset(ending, clientSocket, serverSocket);
        }

        if (TryAnswer(clientSocket, serverSocket, out var delay) is { } unanswered)
        {
            return ending with { Outcome = ConnectionOutcome.TimedOut, Reason = unanswered };
        }

        ending = ending with { Delay = delay };
        return protocol == TransportProtocol.Tcp && Exchange(clientSocket, serverSocket) is { } stuck
            ? ending with { Outcome = ConnectionOutcome.TimedOut, Reason = stuck, Delay = TimeSpan.Zero }
            : ending;
    }

    /// <summary>The SYN-ACK or the reply; null when it reached the client's socket, else why not.</summary>
    private string? TryAnswer(LabSocket client, LabSocket server, out TimeSpan delay)
    {
        delay = TimeSpan.Zero;
        server = server with { Route = RouteOf(server, out var isChoice) };
        var lost = Deliver(server, PacketKind.Accept, client);
        if (lost is null || !isChoice || server.Flow.Protocol == TransportProtocol.Udp)
        {
            return lost;
        }

        // Both timers run out together: the server repeats its SYN-ACK, and answers the client's repeated SYN with
        // another. Each is a look-up of its own, which is why an alternating choice gets through after just one second.
        _now += RetransmissionTime;
        delay = RetransmissionTime;
        Note(server.AsPacket(PacketKind.Accept), server.At.Name, null, "repeated after 1 s, with a new route look-up");
        var first = Deliver(server with { Route = RouteOf(server, out _) }, PacketKind.Accept, client);
        var second = Deliver(server with { Route = RouteOf(server, out _) }, PacketKind.Accept, client);
        return first is null || second is null ? null : second;
    }

    /// <summary>The client's ACK and the server's data; null when both got through, else why not.</summary>
    private string? Exchange(LabSocket client, LabSocket server)
    {
        if (Deliver(client, PacketKind.Acknowledge, server) is { } lost)
        {
            return $"the handshake's last ACK is lost, the connection hangs: {lost}";
        }

        // The accepted socket gets a route of its own.
        server = server with { Route = RouteOf(server, out _) };
        if (Deliver(server, PacketKind.Data, client) is { } lostData)
        {
            return $"connected, but the server's data is lost: {lostData}";
        }

        Confirm(client);
        Confirm(server);
        return null;
    }

    private Ending Reset(Ending ending, LabSocket client, LabSocket server)
    {
        var lost = Deliver(server with { Route = RouteOf(server, out _) }, PacketKind.Reset, client);
        return lost is null
            ? ending with
            {
                Outcome = ConnectionOutcome.Refused,
                Reason = $"{ending.Receiver!.Name} does not listen there",
            }
            : ending with
            {
                Outcome = ConnectionOutcome.TimedOut,
                Reason = $"nobody listens there, and the refusal is lost: {lost}",
            };
    }

    /// <summary>Sends one packet of a connection; null when it reached the other socket, else why not.</summary>
    private string? Deliver(LabSocket from, PacketKind kind, LabSocket to)
    {
        if (Walk(Send(from, kind)) is not Station.Arrived arrived)
        {
            return ((Station.Lost)_last).Reason;
        }

        if (!ReferenceEquals(arrived.At, to.At))
        {
            return $"the {arrived.Packet.Name} went to {arrived.At.Name} instead";
        }

        if (arrived.Packet.Flow != to.Flow.Reversed)
        {
            var reason = $"{to.At.Name} has no connection {arrived.Packet.Flow}: it asked for {to.Flow}";
            Note(arrived.Packet, to.At.Name, null, reason);
            return reason;
        }

        return null;
    }

    private Station Walk(Station station)
    {
        for (var visited = 0; visited < MaximumStations; visited++)
        {
            switch (station)
            {
                case Station.HostIn next:
                    station = EnterHost(next);
                    break;
                case Station.HostOut next:
                    station = LeaveHost(next);
                    break;
                case Station.BridgeFromPod next:
                    station = EnterBridge(next);
                    break;
                case Station.BridgeFromGateway next:
                    station = EnterBridge(next);
                    break;
                case Station.BridgeFromTunnel next:
                    station = EnterBridge(next);
                    break;
                case Station.PodIn next:
                    station = EnterPod(next);
                    break;
                default:
                    return _last = station;
            }
        }

        return _last = new Station.Lost(ConnectionOutcome.TimedOut, "the packet goes round in circles");
    }

    private Station.Lost Drop(
        Packet packet, string where, string? device, string why, ConnectionOutcome outcome = ConnectionOutcome.TimedOut)
    {
        Note(packet, where, device, $"LOST: {why}");
        return new Station.Lost(outcome, $"{packet.Name} lost at {(device is null ? where : $"{where} {device}")}: {why}");
    }

    private void Note(Packet packet, string where, string? device, string what) =>
        _hops.Add(new Hop(packet.Name, where, device, what, packet.Flow.ToString()));

    private NamespaceState SnapshotOf(NetworkNamespace owner) =>
        owner is HostNetns host ? StateOf(host) : StateOf((PodNetns)owner);

    private bool Holds(NetworkNamespace owner, IPAddress address) =>
        owner is HostNetns host ? StateOf(host).Holds(address) : StateOf((PodNetns)owner).Holds(address);

    private HostState StateOf(HostNetns host) => Read(_hosts, host, static host => host.State);

    private PodState StateOf(PodNetns pod) => Read(_pods, pod, static pod => pod.State);

    private OvsState StateOf(OvsBridge bridge) => Read(_bridges, bridge, static bridge => bridge.State);

    private Conntrack ZoneOf(object owner) => Read(_zones, owner, static _ => new Conntrack());

    private static TValue Read<TKey, TValue>(Dictionary<TKey, TValue> cache, TKey key, Func<TKey, TValue> read)
        where TKey : notnull
    {
        if (!cache.TryGetValue(key, out var value))
        {
            cache[key] = value = read(key);
        }

        return value;
    }

    /// <summary>One end of the connection.</summary>
    /// <param name="At">Whose.</param>
    /// <param name="Flow">From this end to the other, as this end sees it.</param>
    /// <param name="Route">A Pod's route; null before the look-up, and for a Node, whose output looks up by itself.</param>
    private sealed record LabSocket(NetworkNamespace At, Flow Flow, Routing.Route? Route)
    {
        public Packet AsPacket(PacketKind kind) => new(kind, Flow);
    }

    private sealed record Ending
    {
        public ConnectionOutcome Outcome { get; init; }

        public string? Reason { get; init; }

        public NetworkNamespace? Receiver { get; init; }

        public IPAddress? SourceSeen { get; init; }

        public Listener? Listener { get; init; }

        public TimeSpan Delay { get; init; }

        public static Ending Of(Station.Lost lost) => new()
        {
            Outcome = lost.Outcome,
            Reason = lost.Reason,
            Delay = lost.Outcome == ConnectionOutcome.HostUnreachable ? ArpTime : TimeSpan.Zero,
        };
    }
}
