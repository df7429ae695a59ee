using System.Net;

namespace Antrea.Migration.Routing.Reachability;

/// <content>Connection tracking, of each kernel and each bridge.</content>
internal sealed partial class PathWalk
{
    /// <summary>A connection as one connection tracking knows it: the request as it came and as it went on.</summary>
    private sealed class Tracked(IPAddress source, IPAddress destination)
    {
        public IPAddress Source { get; } = source;

        public IPAddress Destination { get; } = destination;

        public IPAddress SentAs { get; set; } = source;

        /// <summary>Whom a Service's address was replaced by here; null where none was.</summary>
        public IPAddress? Endpoint { get; set; }

        /// <summary>A reply's source as the client knows it.</summary>
        public IPAddress AsAsked(IPAddress replySource) => replySource.Equals(Endpoint) ? Destination : replySource;

        public bool IsFromGateway { get; set; }

        public bool HasReply { get; set; }
    }

    /// <summary>What a connection tracking makes of a packet; null where it has no entry and makes none.</summary>
    private Tracked? Zone(string kind, ReachabilityNode node, Packet packet, out bool isInvalid)
    {
        isInvalid = false;
        var known = _zones.GetValueOrDefault($"{kind} {node.Name}");
        if (IsRequest)
        {
            return known ?? Zone(kind, node, packet);
        }

        if (IsReply)
        {
            isInvalid = known is null;
            if (known is not null)
            {
                known.HasReply = true;
            }

            return known;
        }

        // Without an entry it is taken up in the middle; with half of one it is invalid.
        isInvalid = known is { HasReply: false };
        return known;
    }

    private Tracked Zone(string kind, ReachabilityNode node, Packet packet)
    {
        var name = $"{kind} {node.Name}";
        return _zones.TryGetValue(name, out var known) ? known : _zones[name] = new Tracked(packet.Source, packet.Destination);
    }
}
