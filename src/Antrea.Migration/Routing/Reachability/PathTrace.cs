using System.Collections.Immutable;
using System.Net;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>One connection, hop by hop.</summary>
/// <param name="Client">Who opens it.</param>
/// <param name="Server">Whom it is for.</param>
/// <param name="Answer">Whether it works and why; what to do about it.</param>
/// <param name="Hops">What each hop does with the request, the reply and the acknowledgement, up to where one is lost.</param>
public sealed record PathTrace(ReachabilityEndpoint Client, ReachabilityEndpoint Server, ReachabilityAnswer Answer, ImmutableArray<PathHop> Hops)
{
    /// <summary>The Service's address that the client asked for; null when it asked for the server itself.</summary>
    public IPAddress? ClusterIP { get; init; }

    /// <summary>The client's address as the server saw it on this walk; null where a packet was lost.</summary>
    internal IPAddress? SourceSeen { get; init; }
}

/// <summary>What one hop does with a packet.</summary>
/// <param name="Packet"><c>request</c>, <c>reply</c> or <c>acknowledgement</c>.</param>
/// <param name="Where">The hop, for example <c>OVS on test-worker4</c>.</param>
/// <param name="What">What it does: the table and the route, or the flow that decides.</param>
/// <param name="IsLost">Whether the packet ends here without having arrived.</param>
public sealed record PathHop(string Packet, string Where, string What, bool IsLost);
