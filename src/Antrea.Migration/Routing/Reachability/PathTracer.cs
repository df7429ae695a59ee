using System.Net;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>Follows a connection's first three packets through the Nodes' tables, Open vSwitch and connection tracking.</summary>
/// <remarks>
/// <para>Where a Node's own table of the connection's family is at hand, the kernel's part is what that table says; elsewhere it is what Calico and Antrea write there.
/// Where all tables are as expected, the trace ends as <see cref="ReachabilityPredictor"/> says. Where a table is not, the trace is right and
/// says at which route.</para>
/// <para>Thread-safe.</para>
/// </remarks>
public sealed class PathTracer
{
    private readonly ReachabilityTopology _topology;
    private readonly ReachabilityPredictor _predictor;
    private readonly Dictionary<string, NodeRoutes> _saved;

    /// <summary>Prepares a cluster.</summary>
    /// <param name="model">The cluster.</param>
    /// <param name="saved">The tables that are at hand; null for none. Tables of others than the model's Nodes are passed over.</param>
    /// <exception cref="ArgumentException">Two Nodes of the model, or two tables, have the same name.</exception>
    public PathTracer(ReachabilityModel model, IEnumerable<NodeRoutes>? saved = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        _topology = new ReachabilityTopology(model);
        _predictor = new ReachabilityPredictor(model);
        _saved = (saved ?? []).ToDictionary(n => n.Node, StringComparer.Ordinal);
    }

    /// <summary>Follows a connection.</summary>
    /// <param name="client">Who opens it, from an unbound socket.</param>
    /// <param name="server">Whom it is for, by its <see cref="ReachabilityEndpoint.Address"/>.</param>
    /// <param name="clusterIP">The Service's address that the client asks for, and that is replaced by the server's on the way; null where the
    /// client asks for the server itself.</param>
    /// <exception cref="ArgumentException">As for <see cref="ReachabilityPredictor.Predict"/>.</exception>
    public PathTrace Trace(ReachabilityEndpoint client, ReachabilityEndpoint server, IPAddress? clusterIP = null)
    {
        var predicted = clusterIP is null ? _predictor.Predict(client, server) : _predictor.PredictService(client, server, clusterIP);
        if (client == server)
        {
            return new PathTrace(client, server, predicted, []) { ClusterIP = clusterIP };
        }

        var walk = new PathWalk(_topology, TableOf, client, server, clusterIP);
        var arrives = walk.Run();
        var lost = walk.Hops.LastOrDefault(h => h.IsLost);
        return new PathTrace(client, server, Judge(predicted, arrives, lost, walk), [.. walk.Hops]) { ClusterIP = clusterIP, SourceSeen = arrives ? walk.SourceSeen : null };

        // A saved table may be the output of 'ip route' alone, which says nothing of IPv6.
        NodeRoutes TableOf(ReachabilityNode node) => _saved.TryGetValue(node.Name, out var saved) && saved.Tells(client.Address.AddressFamily)
            ? saved
            : ExpectedRoutes.Of(_topology, node, ((ReachabilityEndpoint[])[client, server])
                .Where(e => e.Node == node.Name && e.Kind is (PodNetworkKind.Calico or PodNetworkKind.Multus))
                .Select(e => e.Address)
                .Distinct());
    }

    private static ReachabilityAnswer Judge(ReachabilityAnswer predicted, bool arrives, PathHop? lost, PathWalk walk)
    {
        if (predicted.Verdict == ReachabilityVerdict.Degraded || arrives == (predicted.Verdict == ReachabilityVerdict.Reachable))
        {
            return arrives || predicted.Verdict == ReachabilityVerdict.Degraded ? predicted : predicted with { LostAt = lost?.Where ?? predicted.LostAt };
        }

        // Only a saved table can make the two differ.
        return arrives
            ? new ReachabilityAnswer(
                ReachabilityVerdict.Reachable, $"by the Nodes' own tables it works, although the cluster's objects let expect: {predicted.Reason}",
                walk.SourceSeen?.ToString(), null)
            : new ReachabilityAnswer(
                ReachabilityVerdict.Unreachable, $"by the Nodes' own tables the {lost?.Packet ?? "request"} is lost at {lost?.Where ?? "an unknown hop"}: {lost?.What}",
                null, lost?.Where)
            {
                Cause = ReachabilityCause.UnexpectedRoute,
            };
    }
}
