using System.Collections.Immutable;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>A Kubernetes NetworkPolicy as the Calico policy that Calico itself makes of it: order 1000 of tier default, Allow rules only.</summary>
/// <remarks>Every selector asks for the orchestrator's label, so that it selects Pods and nothing else. Source: Calico
/// <c>libcalico-go/lib/backend/k8s/conversion</c>.</remarks>
internal static class KubernetesTranslation
{
    private const string IsPod = $"{CalicoLabels.Orchestrator} == \"{CalicoLabels.OrchestratorValue}\"";

    /// <summary>The policy without its rules.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="ingress">Whether it governs what Pods receive.</param>
    /// <param name="egress">Whether it governs what Pods send.</param>
    public static CalicoPolicy Translate(KubernetesPolicy policy, bool ingress, bool egress) => new()
    {
        IsGlobal = false,
        Namespace = policy.Namespace,
        Name = policy.Name,
        StoredName = policy.Name,
        Tier = CalicoTier.DefaultName,
        Order = CalicoOrder.KubernetesPolicyOrder,
        Selector = Selector(policy.PodSelector, onlyPods: true),
        GovernsIngress = ingress,
        GovernsEgress = egress,
    };

    /// <summary>The rules that one rule becomes, each with the peer that it is made from (-1: none): one for each peer and protocol.</summary>
    public static IEnumerable<(CalicoRule Rule, int Peer)> Translate(KubernetesRule rule, Direction direction)
    {
        var sides = rule.Peers.IsEmpty ? [(CalicoEntity.Any, -1)] : rule.Peers.Select((p, i) => (Side: Translate(p), i));
        foreach (var (side, peer) in sides)
        {
            foreach (var (protocol, ports) in Translate(rule.Ports))
            {
                var isIngress = direction == Direction.Ingress;
                yield return (
                    new CalicoRule
                    {
                        Action = CalicoAction.Allow,
                        Protocol = protocol,
                        Source = isIngress ? side : CalicoEntity.Any,
                        Destination = (isIngress ? CalicoEntity.Any : side) with { Ports = ports },
                    },
                    peer);
            }
        }
    }

    /// <summary>The ports by protocol; an entry without a port stands for all of them.</summary>
    private static IEnumerable<(CalicoProtocol? Protocol, ImmutableArray<CalicoPort> Ports)> Translate(ImmutableArray<KubernetesPort> ports)
    {
        if (ports.IsEmpty)
        {
            return [(null, [])];
        }

        return ports.GroupBy(p => p.Protocol, StringComparer.Ordinal).Select(group => (
            (CalicoProtocol?)new CalicoProtocol(group.Key, group.Key switch { "TCP" => 6, "UDP" => 17, _ => 132 }),
            group.Any(p => p.First is null && p.Name is null)
                ? ImmutableArray<CalicoPort>.Empty
                : [.. group.Select(p => p.Name is { } name ? new CalicoPort(0, 0, name) : new CalicoPort(p.First!.Value, p.Last!.Value))]));
    }

    private static CalicoEntity Translate(KubernetesPeer peer) => peer.Net is { } net
        ? new CalicoEntity { Nets = [net.ToString()], NotNets = [.. peer.Except.Select(e => e.ToString())] }
        : new CalicoEntity
        {
            Selector = Selector(peer.PodSelector ?? LabelSelector.Everything, onlyPods: true),
            NamespaceSelector = peer.NamespaceSelector is { } namespaces ? Selector(namespaces, onlyPods: false) : null,
        };

    private static CalicoSelector Selector(LabelSelector selector, bool onlyPods)
    {
        var terms = selector.Requirements.Select(r => r.Operator switch
        {
            LabelOperator.In => $"{r.Key} in {{{Values(r)}}}",
            LabelOperator.NotIn => $"{r.Key} not in {{{Values(r)}}}",
            LabelOperator.Exists => $"has({r.Key})",
            _ => $"!has({r.Key})",
        });
        return CalicoSelector.Parse(string.Join(" && ", onlyPods ? terms.Prepend(IsPod) : terms));
    }

    private static string Values(LabelRequirement requirement) => string.Join(", ", requirement.Values.Select(v => $"\"{v}\""));
}
