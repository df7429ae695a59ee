using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Connectivity;

/// <summary>Tells from policies and routes what should become of each connection of a matrix.</summary>
/// <remarks>
/// <para>Calico decides for Pods that it has wired, Antrea for those that it has; a Multus Pod is asked of both, and expected to do what they
/// agree on. Where a connection changes networks and loses its source address, the rules of its receiver see the address it has then.</para>
/// <para>Safe for use by several threads.</para>
/// </remarks>
public sealed class MatrixExpectations
{
    private readonly IPolicyEvaluator? _calico;
    private readonly IPolicyEvaluator? _antrea;
    private readonly ReachabilityPredictor? _predictor;
    private readonly Dictionary<string, PolicyPod> _pods;
    private readonly Dictionary<string, IPAddress> _antreaAddresses = [];

    /// <summary>Prepares the answers.</summary>
    /// <param name="snapshot">The cluster.</param>
    /// <param name="calico">What Calico enforces; null when that is not known.</param>
    /// <param name="antrea">What Antrea enforces; null when that is not known.</param>
    /// <param name="model">What the two networks do to packets; null to leave that out.</param>
    public MatrixExpectations(ClusterSnapshot snapshot, IPolicyEvaluator? calico, IPolicyEvaluator? antrea, ReachabilityModel? model)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        (_calico, _antrea) = (calico, antrea);
        _predictor = model is null ? null : new ReachabilityPredictor(model);
        _pods = PolicyWorld.From(snapshot).Pods.ToDictionary(p => p.ToString(), StringComparer.Ordinal);
        foreach (var node in snapshot.Nodes.Where(n => !n.PodCidrs.IsEmpty))
        {
            // Which address net1 has is known to nobody but the Pod; any of the Node's does.
            if (MigrationEndpoints.AntreaAddress(node, 0, node.PodCidrs[0].FirstAddress.AddressFamily) is { } address)
            {
                _antreaAddresses[node.Name] = address;
            }
        }
    }

    /// <summary>Whether only the routes are asked; default false. Then what they let through is expected to get through.</summary>
    public bool IgnorePolicies { get; init; }

    /// <summary>What should become of one connection.</summary>
    public MatrixExpectation Of(MatrixPair pair)
    {
        ArgumentNullException.ThrowIfNull(pair);
        var route = Predict(pair);
        if (route?.Verdict == ReachabilityVerdict.Unreachable)
        {
            return new MatrixExpectation(MatrixVerdict.Deny, $"route: {route.Reason}");
        }

        var policy = IgnorePolicies
            ? new MatrixExpectation(route is null ? MatrixVerdict.Unknown : MatrixVerdict.Allow, "")
            : Decide(pair, route?.SourceSeen);
        return policy.Verdict == MatrixVerdict.Allow && route?.Verdict == ReachabilityVerdict.Degraded
            ? new MatrixExpectation(MatrixVerdict.Unknown, $"route: {route.Reason}")
            : policy;
    }

    private ReachabilityAnswer? Predict(MatrixPair pair) =>
        _predictor is not null && EndOf(pair.Source) is { } from && EndOf(pair.Destination) is { } to
            && from.Address.AddressFamily == to.Address.AddressFamily
            ? _predictor.Predict(from, to)
            : null;

    private ReachabilityEndpoint? EndOf(MatrixEndpoint endpoint)
    {
        if (_predictor?.Topology.FindNode(endpoint.Node) is not { } node || !IPAddress.TryParse(endpoint.Address, out var address))
        {
            return null;
        }

        return endpoint.Network switch
        {
            PodNetworkKind.Calico => ReachabilityEndpoint.Calico(node.Name, address),
            PodNetworkKind.Antrea when ReachabilityTopology.IsOwn(address, node) => ReachabilityEndpoint.Antrea(node.Name, address),
            PodNetworkKind.Multus when _antreaAddresses.TryGetValue(node.Name, out var net1) && net1.AddressFamily == address.AddressFamily =>
                ReachabilityEndpoint.Multus(node.Name, address, net1),
            PodNetworkKind.Host => ReachabilityEndpoint.Host(node.Name, address),
            _ => null,
        };
    }

    private MatrixExpectation Decide(MatrixPair pair, string? sourceSeen)
    {
        if (!_pods.TryGetValue(pair.Source.Name, out var source) || !_pods.TryGetValue(pair.Destination.Name, out var destination))
        {
            return MatrixExpectation.None;
        }

        var from = new TrafficEndpoint(IPAddress.Parse(pair.Source.Address), source);
        var to = new TrafficEndpoint(IPAddress.Parse(pair.Destination.Address), destination);
        var traffic = new Traffic(from, to, IPProtocol.Tcp, Traffic.UsualSourcePort, pair.Port);
        var received = sourceSeen is null || sourceSeen == pair.Source.Address
            ? traffic
            : traffic with { Source = new TrafficEndpoint(IPAddress.Parse(sourceSeen)) };
        var leaving = Ask(pair.Source, traffic, Direction.Egress);
        return leaving.Verdict == MatrixVerdict.Deny ? leaving : Combine(leaving, Ask(pair.Destination, received, Direction.Ingress));
    }

    private MatrixExpectation Ask(MatrixEndpoint end, Traffic traffic, Direction direction) => end.Network switch
    {
        PodNetworkKind.Calico => Ask(_calico, "Calico", traffic, direction),
        PodNetworkKind.Antrea => Ask(_antrea, "Antrea", traffic, direction),
        PodNetworkKind.Multus => Agree(Ask(_calico, "Calico", traffic, direction), Ask(_antrea, "Antrea", traffic, direction)),
        PodNetworkKind.Host => new MatrixExpectation(MatrixVerdict.Allow, ""),
        _ => MatrixExpectation.None,
    };

    private static MatrixExpectation Ask(IPolicyEvaluator? engine, string name, Traffic traffic, Direction direction)
    {
        if (engine is null)
        {
            return new MatrixExpectation(MatrixVerdict.Unknown, $"what {name} enforces is not known");
        }

        var verdict = engine.Evaluate(traffic, direction);
        return verdict.Kind switch
        {
            VerdictKind.Allow => new MatrixExpectation(MatrixVerdict.Allow, ""),
            VerdictKind.Deny => new MatrixExpectation(MatrixVerdict.Deny, $"{name}, {direction.ToString().ToLowerInvariant()}: {verdict}"),
            _ => new MatrixExpectation(MatrixVerdict.Unknown, $"{name}, {direction.ToString().ToLowerInvariant()}: {verdict}"),
        };
    }

    private static MatrixExpectation Agree(MatrixExpectation one, MatrixExpectation other) =>
        one.Verdict == other.Verdict ? one : new MatrixExpectation(MatrixVerdict.Unknown, "Calico and Antrea do not decide alike for a Multus Pod");

    private static MatrixExpectation Combine(MatrixExpectation leaving, MatrixExpectation reaching) =>
        reaching.Verdict == MatrixVerdict.Deny || leaving.Verdict == MatrixVerdict.Allow ? reaching : leaving;
}
