using System.Collections.Frozen;
using System.Net;
using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>An engine's verdicts, with those on traffic that never gets to the tables in which it keeps its rules.</summary>
/// <remarks>
/// What a Node sends to its own Pods (its kubelet's probes, its host processes, Pods on its network) reaches them whatever policies say, in both
/// engines. A Pod that reaches itself through a Service is judged by its egress rules; Antrea passes its ingress rules from v1.14.1 on, and judges
/// them with its gateway as the sender before. Connections that are established are not here: a flow is its first packet. The proof compares the tables alone.
/// Sources: Antrea <c>pkg/agent/route</c> (the mark on local packets), <c>pkg/agent/openflow</c> (hairpin); Calico <c>felix/rules/static.go</c>.
/// </remarks>
internal sealed class LocalTraffic : IPolicyEvaluator
{
    private static readonly ReleaseVersion HairpinPasses = new(1, 14, 1);

    private readonly IPolicyEvaluator _tables;
    private readonly ReleaseVersion? _antrea;
    private readonly FrozenDictionary<(string Namespace, string Name), NodeInfo> _nodes;

    /// <param name="tables">What the engine's rules decide.</param>
    /// <param name="snapshot">Where Pods run.</param>
    /// <param name="antrea">The Antrea release; null for Calico.</param>
    public LocalTraffic(IPolicyEvaluator tables, ClusterSnapshot snapshot, ReleaseVersion? antrea)
    {
        _tables = tables;
        _antrea = antrea;
        var nodes = snapshot.Nodes.DistinctBy(n => n.Name).ToDictionary(n => n.Name, StringComparer.Ordinal);
        _nodes = snapshot.Pods.Where(p => nodes.ContainsKey(p.NodeName)).DistinctBy(p => (p.Namespace, p.Name))
            .ToFrozenDictionary(p => (p.Namespace, p.Name), p => nodes[p.NodeName]);
    }

    /// <inheritdoc/>
    public Verdict Evaluate(Traffic traffic, Direction direction)
    {
        if (direction == Direction.Egress || traffic.Destination.Pod is not { } pod)
        {
            return _tables.Evaluate(traffic, direction);
        }

        var node = _nodes.GetValueOrDefault((pod.Namespace, pod.Name));
        if (traffic.Source.Pod is not { } sender)
        {
            return node is not null && AddressesOf(node).Contains(traffic.Source.Address)
                ? new Verdict(VerdictKind.Allow, [$"Node {node.Name} reaches its own Pods, whatever policies say"])
                : _tables.Evaluate(traffic, direction);
        }

        var isItself = (sender.Namespace, sender.Name) == (pod.Namespace, pod.Name);
        if (!isItself || _antrea is not { } version)
        {
            return _tables.Evaluate(traffic, direction);
        }

        if (version >= HairpinPasses)
        {
            return new Verdict(VerdictKind.Allow, ["a Pod that reaches itself meets no ingress rule"]);
        }

        var gateway = node is null ? null : PolicyWorld.GatewaysOf(node).FirstOrDefault(g => g.AddressFamily == traffic.Source.Address.AddressFamily);
        return _tables.Evaluate(gateway is null ? traffic : traffic with { Source = new TrafficEndpoint(gateway) }, direction);
    }

    /// <summary>What the Node's own packets to its Pods come from.</summary>
    private IEnumerable<IPAddress> AddressesOf(NodeInfo node) =>
        node.InternalIPs.Concat(_antrea is null ? node.CalicoTunnelAddresses : PolicyWorld.GatewaysOf(node));
}
