using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>The other side of a rule: Pods by selectors, or networks.</summary>
/// <remarks>Sources: Calico <c>UP/rules.go</c> (what the selectors reach); Antrea <c>pkg/controller/networkpolicy/crd_utils.go</c> (a
/// podSelector alone means all Namespaces in a ClusterNetworkPolicy and the own one in a NetworkPolicy).</remarks>
internal sealed class PeerConversion(PodAddressRanges addresses)
{
    /// <summary>The peers; empty for anything, null for nothing: then the rule never matches. Meaningless when a finding blocks.</summary>
    public ImmutableArray<AntreaPeer>? Convert(
        CalicoEntity entity, CalicoPolicy policy, Direction direction, string path, ICollection<PolicyFinding> findings)
    {
        if (!entity.Nets.IsEmpty)
        {
            return [.. entity.Nets.Select((net, i) => ConvertNet(net, i, direction, path, findings)).OfType<AntreaPeer>().Distinct()];
        }

        if (CalicoScope.Peer(entity, policy.Namespace) is not { } expression)
        {
            return [];
        }

        if (SelectorCompiler.Compile(expression, out var problems) is not { } terms)
        {
            foreach (var (code, message) in problems)
            {
                findings.Add(code.At(path, message));
            }

            return null;
        }

        return terms.Count == 0 ? null : [.. terms.Select(t => ToPeer(t, policy.Namespace))];
    }

    /// <summary>A term as a peer, or as an entry of <c>appliedTo</c>, of a policy in a Namespace (or of the cluster: empty).</summary>
    public static AntreaPeer ToPeer(SelectorTerm term, string policyNamespace)
    {
        var isCluster = policyNamespace.Length == 0;
        if (isCluster ? term.Namespace.IsEmpty : term.AsksOnlyNamespace(policyNamespace))
        {
            return new AntreaPeer(null, term.ToPodSelector(), null);
        }

        return new AntreaPeer(null, term.Pod.IsEmpty ? null : term.ToPodSelector(), term.ToNamespaceSelector());
    }

    private AntreaPeer? ConvertNet(string text, int index, Direction direction, string path, ICollection<PolicyFinding> findings)
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
        else if (addresses.Check(net, [], at) is { } finding)
        {
            findings.Add(finding);
        }
        else if (direction == Direction.Ingress && net.PrefixLength > 0 && addresses.NodeIn(net) is { } node)
        {
            findings.Add(PolicyCode.NetHoldsNodes.At(at, $"{net} holds {node}; under Antrea that Node's processes reach Pods elsewhere from its gateway address"));
        }

        return AntreaPeer.Of(net);
    }

    private static bool IsMulticast(Cidr net) =>
        (net.IsIPv6 ? Cidr.Parse("ff00::/8") : Cidr.Parse("224.0.0.0/4")).Contains(net.FirstAddress);
}
