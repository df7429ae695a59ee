using System.Net;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>What conntrack says of a packet.</summary>
internal enum ConntrackVerdict
{
    /// <summary>The first packet of a connection this zone has not seen answered.</summary>
    New,

    /// <summary>Part of a connection that both sides were seen of.</summary>
    Established,

    /// <summary>A packet that cannot open a connection and belongs to none.</summary>
    Invalid,
}

/// <summary>One connection as one zone knows it.</summary>
internal sealed class ConntrackEntry(Flow original)
{
    private enum TcpState
    {
        SynSent,
        SynReceived,
        Established,
    }

    private TcpState _tcp = TcpState.SynSent;

    /// <summary>The first packet as it came in.</summary>
    public Flow Original { get; } = original;

    /// <summary>The answer as it is expected: <see cref="Original"/> reversed, but for NAT.</summary>
    public Flow Reply { get; private set; } = original.Reversed;

    public bool IsAnswered { get; private set; }

    /// <summary>Whether a Service's address was replaced.</summary>
    public bool IsService { get; private set; }

    /// <summary>Antrea's FromGatewayCTMark: the first packet came in by <c>antrea-gw0</c>.</summary>
    public bool IsFromGateway { get; set; }

    /// <summary>kube-proxy's mark for masquerading.</summary>
    public bool MustMasquerade { get; set; }

    /// <summary>Whether the entry is in the table; one whose first packet is dropped on its way never gets there.</summary>
    public bool IsConfirmed { get; set; }

    public void RedirectTo(IPEndPoint endpoint)
    {
        Reply = Reply with { Source = endpoint.Address, SourcePort = endpoint.Port };
        IsService = true;
    }

    public void MasqueradeAs(IPAddress address) => Reply = Reply with { Destination = address };

    /// <summary>Follows the connection by one packet; false when the packet has no place in it.</summary>
    public bool TryAdvance(PacketKind kind, bool isReply)
    {
        if (Original.Protocol == TransportProtocol.Tcp && !TryAdvanceTcp(kind, isReply))
        {
            return false;
        }

        IsAnswered |= isReply;
        return true;
    }

    /// <summary>A segment in the middle of a connection opens an entry too (<c>nf_conntrack_tcp_loose</c>, on by default).</summary>
    public static ConntrackEntry? Opened(PacketKind kind, Flow flow) => flow.Protocol switch
    {
        TransportProtocol.Udp => new ConntrackEntry(flow),
        _ when kind == PacketKind.Open => new ConntrackEntry(flow),
        _ when kind is PacketKind.Acknowledge or PacketKind.Data =>
            new ConntrackEntry(flow) { _tcp = TcpState.Established },
        _ => null,
    };

    // The corner of nf_conntrack_proto_tcp.c's table that a handshake visits.
    private bool TryAdvanceTcp(PacketKind kind, bool isReply)
    {
        switch (kind)
        {
            case PacketKind.Accept when !isReply:
                return false;
            case PacketKind.Accept when _tcp == TcpState.SynSent:
                _tcp = TcpState.SynReceived;
                return true;
            case PacketKind.Acknowledge or PacketKind.Data when _tcp == TcpState.SynSent:
                return false;
            case PacketKind.Acknowledge or PacketKind.Data when !isReply:
                _tcp = TcpState.Established;
                return true;
            default:
                return true;
        }
    }
}

/// <summary>A packet's place in a zone.</summary>
/// <param name="Verdict">New, established or invalid.</param>
/// <param name="Entry">The connection; null when invalid.</param>
/// <param name="IsReply">Whether the packet goes against the first one's direction.</param>
internal readonly record struct Tracked(ConntrackVerdict Verdict, ConntrackEntry? Entry, bool IsReply)
{
    /// <summary>What the packet must look like when it leaves: NAT applied, or undone on an answer.</summary>
    public Flow? Target => Entry is null ? null : IsReply ? Entry.Original.Reversed : Entry.Reply.Reversed;
}

/// <summary>A conntrack zone: zone 0 of a Node's kernel, or Antrea's zone 65520 of its bridge.</summary>
internal sealed class Conntrack
{
    private readonly List<ConntrackEntry> _entries = [];

    public Tracked Track(Packet packet)
    {
        foreach (var entry in _entries)
        {
            var isReply = entry.Reply == packet.Flow;
            if (!isReply && entry.Original != packet.Flow)
            {
                continue;
            }

            if (!entry.TryAdvance(packet.Kind, isReply))
            {
                return new Tracked(ConntrackVerdict.Invalid, null, false);
            }

            var verdict = entry.IsAnswered ? ConntrackVerdict.Established : ConntrackVerdict.New;
            return new Tracked(verdict, entry, isReply);
        }

        return ConntrackEntry.Opened(packet.Kind, packet.Flow) is { } opened
            ? new Tracked(ConntrackVerdict.New, opened, false)
            : new Tracked(ConntrackVerdict.Invalid, null, false);
    }

    /// <summary>The packet has got through: its connection is remembered.</summary>
    public void Confirm(Tracked tracked)
    {
        if (tracked.Entry is { IsConfirmed: false } entry)
        {
            entry.IsConfirmed = true;
            _entries.Add(entry);
        }
    }
}
