using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>The other side of a rule: Pods by selectors, or networks.</summary>
/// <remarks>Sources: Calico <c>UP/rules.go</c> (what the selectors reach); Antrea <c>pkg/controller/networkpolicy/crd_utils.go</c> (a
/// podSelector alone means all Namespaces in a ClusterNetworkPolicy and the own one in a NetworkPolicy).</remarks>
internal sealed class PeerConversion(RuleContext context)
{
    /// <summary>The peers; empty for anything, null for nothing: then the rule never matches. Meaningless when a finding blocks.</summary>
    public ImmutableArray<RulePeer>? Convert(
        CalicoEntity entity, CalicoPolicy policy, Direction direction, string path, ICollection<PolicyFinding> findings)
    {
        if (!entity.Nets.IsEmpty)
        {
            return [.. entity.Nets.Select((net, i) => ConvertNet(net, i, direction, path, findings)).OfType<RulePeer>().Distinct()];
        }

        if (CalicoScope.Peer(entity, policy.Namespace) is not { } expression)
        {
            return [];
        }

        var alternatives = context.Selectors.Compile(expression);
        foreach (var (code, message) in alternatives.Remarks)
        {
            findings.Add(code.At(path, message));
        }

        return alternatives.Terms.IsEmpty ? null : [.. alternatives.Terms.Select(t => new RulePeer.Pods(t))];
    }

    /// <summary>The network sets and host endpoints that a rule's selectors reach without naming them: their addresses count in Calico.</summary>
    public static IEnumerable<PolicyFinding> CheckReach(CalicoRule rule, CalicoPolicy policy, string path, LabelledSets sets) =>
        CheckReach(rule.Source, policy, $"{path}.source", sets).Concat(CheckReach(rule.Destination, policy, $"{path}.destination", sets));

    private static IEnumerable<PolicyFinding> CheckReach(CalicoEntity entity, CalicoPolicy policy, string path, LabelledSets sets)
    {
        if (CalicoScope.Peer(entity, policy.Namespace) is not { } expression)
        {
            return [];
        }

        var bound = policy.IsGlobal || entity.NamespaceSelector is not null ? null : policy.Namespace;
        return sets.Reach(expression, bound).Select(reached =>
            (reached.Kind == "HostEndpoint" ? PolicyCode.HostEndpointInReach : PolicyCode.NetworkSetInReach)
                .At(path, $"the selector reaches {reached}"));
    }

    private RulePeer.Network? ConvertNet(string text, int index, Direction direction, string path, ICollection<PolicyFinding> findings)
    {
        if (!SupportedFeatures.TryParseNet(text, out var net, out _))
        {
            return null;
        }

        var at = string.Create(CultureInfo.InvariantCulture, $"{path}.nets[{index}]");
        if (direction == Direction.Egress && IsMulticast(net))
        {
            findings.Add(PolicyCode.MulticastNet.At(at, $"{net} is multicast, which Antrea judges in a pipeline of its own"));
        }
        else if (context.Addresses.Check(net, [], at) is { } finding)
        {
            findings.Add(finding);
        }
        else if (direction == Direction.Ingress && net.PrefixLength > 0 && context.Addresses.NodeIn(net) is { } node)
        {
            findings.Add(PolicyCode.NetHoldsNodes.At(at, $"{net} holds {node}; under Antrea that Node's processes reach Pods elsewhere from its gateway address"));
        }

        return new RulePeer.Network(net);
    }

    private static bool IsMulticast(Cidr net) =>
        (net.IsIPv6 ? Cidr.Parse("ff00::/8") : Cidr.Parse("224.0.0.0/4")).Contains(net.FirstAddress);
}
