using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Kubernetes NetworkPolicies as Antrea evaluates them; <see cref="CalicoKubernetesPolicy"/> is Calico's reading.</summary>
internal static class KubernetesPolicyModel
{
    /// <summary>The Pods that the policy selects.</summary>
    public static HashSet<(string Namespace, string Name)> Subjects(KubernetesPolicy policy, PolicyWorld world) =>
        [.. Pods(world, policy.Namespace, policy.PodSelector, null).Select(p => (p.Namespace, p.Name))];

    /// <summary>The Allow rules of one direction.</summary>
    public static ImmutableArray<IFlowRule> Rules(KubernetesPolicy policy, Direction direction, PolicyWorld world) =>
        [.. (direction == Direction.Ingress ? policy.Ingress : policy.Egress).Select(r => new Rule(r, policy.Namespace, direction, world))];

    private static IEnumerable<PolicyPod> Pods(
        PolicyWorld world, string @namespace, LabelSelector? pods, LabelSelector? namespaces) =>
        world.PodsIn(namespaces is null ? @namespace : null).Where(p =>
            (namespaces is null || namespaces.Matches(world.LabelsOf(p.Namespace)))
            && (pods is null || pods.Matches(p.Labels)));

    private sealed class Rule(KubernetesRule rule, string @namespace, Direction direction, PolicyWorld world) : IFlowRule
    {
        private readonly HashSet<IPAddress> _members =
        [
            .. rule.Peers
                .Where(p => p.Net is null)
                .SelectMany(p => Pods(world, @namespace, p.PodSelector, p.NamespaceSelector))
                .SelectMany(p => p.Addresses),
        ];

        public bool Matches(Traffic traffic)
        {
            var peer = (direction == Direction.Ingress ? traffic.Source : traffic.Destination).Address;
            return (rule.Peers.IsEmpty || _members.Contains(peer) || rule.Peers.Any(p => InBlock(p, peer)))
                && (rule.Ports.IsEmpty || rule.Ports.Any(p => Matches(p, traffic)));
        }

        private static bool InBlock(KubernetesPeer peer, IPAddress address) =>
            peer.Net is { } net && net.Contains(address) && !peer.Except.Any(e => e.Contains(address));

        /// <summary>A name means the number that the receiving Pod gives it; elsewhere it means nothing.</summary>
        private static bool Matches(KubernetesPort port, Traffic traffic)
        {
            if (port.Protocol != traffic.Protocol.ToString())
            {
                return false;
            }

            if (port.Name is { } name)
            {
                return traffic.Destination.Pod?.NamedPorts.Any(
                    p => p.Name == name && p.Protocol == port.Protocol && p.Number == traffic.DestinationPort) ?? false;
            }

            return port.First is null || (traffic.DestinationPort >= port.First && traffic.DestinationPort <= port.Last);
        }
    }
}

/// <summary>One rule, ready to be matched.</summary>
internal interface IFlowRule
{
    bool Matches(Traffic traffic);
}
