using System.Collections.Immutable;
using System.Net;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>Who reaches whom in a whole cluster, by classes of endpoints that behave alike.</summary>
/// <remarks>A class is a kind of network with where its addresses lie; a cell is one answer for all pairs of two classes in one place to each
/// other. So the size depends on how many kinds of clash there are, and not on how many Nodes and Pods: n endpoints cost O(n log n), whatever
/// their pairs. Services have classes of their own, by the network of their endpoints: those who ask for the ClusterIP and get such an endpoint.</remarks>
public sealed record ReachabilityMatrix
{
    /// <summary>The classes, by kind, then by what is odd about their addresses.</summary>
    public ImmutableArray<ReachabilityClass> Classes { get; init; } = [];

    /// <summary>The cells that have pairs, by the classes' order, the same Node first.</summary>
    public ImmutableArray<ReachabilityCell> Cells { get; init; } = [];

    /// <summary>How many pairs get a verdict; an endpoint and itself are no pair.</summary>
    public long Pairs(ReachabilityVerdict verdict) => Cells.Where(c => c.Answer.Verdict == verdict).Sum(c => c.Pairs);

    /// <summary>Answers for all pairs.</summary>
    /// <param name="model">The cluster.</param>
    /// <param name="endpoints">Everybody who may open or take a connection; each is one to count.</param>
    /// <param name="services">Services to ask for by their ClusterIPs, if any: each endpoint, as each of what it is and becomes, is one to count
    /// for every client, the endpoint itself included. Headless ones are passed over.</param>
    /// <param name="cancellationToken">Ends the analysis early.</param>
    /// <exception cref="ArgumentException">As for <see cref="ReachabilityPredictor.Predict"/>, except that families may be mixed: a pair of
    /// different families is no pair.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static ReachabilityMatrix Build(
        ReachabilityModel model, IEnumerable<ReachabilityEndpoint> endpoints, IReadOnlyCollection<ReachabilityService>? services = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(endpoints);
        return new ReachabilityMatrixBuilder(model, services is { Count: > 0 }, cancellationToken).Build(endpoints, services ?? []);
    }
}

/// <summary>Endpoints that are answered alike.</summary>
/// <param name="Kind">Their network.</param>
/// <param name="Addresses">Where their addresses lie, in words; empty when nothing is odd about them.</param>
/// <param name="IsIPv6">Their family.</param>
/// <param name="Nodes">The Nodes they are on, by name.</param>
/// <param name="Endpoints">How many they are.</param>
public sealed record ReachabilityClass(PodNetworkKind Kind, string Addresses, bool IsIPv6, ImmutableArray<string> Nodes, long Endpoints)
{
    /// <summary>Whether they are endpoints of Services that are asked for by the ClusterIP; one counts once for each of its Services.</summary>
    public bool IsOfServices { get; init; }

    /// <summary>For example <c>Calico Pods in another Node's PodCIDR</c>, or <c>Services with Calico Pods</c>; IPv6 is named.</summary>
    public override string ToString() =>
        $"{(IsOfServices ? "Services with " : "")}{(Kind == PodNetworkKind.Host ? "Nodes" : $"{Kind} Pods")}{(Addresses.Length == 0 ? "" : $" {Addresses}")}{(IsIPv6 ? " (IPv6)" : "")}";
}

/// <summary>The answer for all pairs of two classes that are in one place to each other.</summary>
/// <param name="From">The clients.</param>
/// <param name="To">The servers.</param>
/// <param name="Place">In words: <c>same Node</c>, <c>other Node</c>, which of them lies in whose PodCIDR, or <c>the client itself</c>.</param>
/// <param name="Answer">The answer; its sentences name the Nodes of the example.</param>
/// <param name="Pairs">How many pairs it is for.</param>
/// <param name="Client">One of the clients, whose answer this is word by word.</param>
/// <param name="Server">One of the servers.</param>
public sealed record ReachabilityCell(
    ReachabilityClass From, ReachabilityClass To, string Place, ReachabilityAnswer Answer, long Pairs,
    ReachabilityEndpoint Client, ReachabilityEndpoint Server)
{
    /// <summary>The ClusterIP by which the example's client asks for its server; null where it asks for the server's own address.</summary>
    public IPAddress? ClusterIP { get; init; }
}
