using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>The other side of a rule: Pods by selectors, networks, and network sets that selectors reach.</summary>
/// <remarks>
/// A selector in Calico is a match on addresses: those of every Pod, network set and host endpoint whose labels satisfy it. So sets and endpoints
/// that it reaches become networks beside the Pods. Sources: Calico <c>UP/rules.go</c> (what the selectors reach),
/// <c>felix/labelindex</c> (membership by address); Antrea <c>pkg/controller/networkpolicy/crd_utils.go</c>.
/// </remarks>
internal sealed class PeerConversion(RuleContext context)
{
    /// <summary>The peers; null when a finding refuses.</summary>
    /// <param name="entity">The side.</param>
    /// <param name="nets">Its networks.</param>
    /// <param name="policy">The policy; its Namespace scopes the selectors.</param>
    /// <param name="families">The families that the rule applies to.</param>
    /// <param name="path">The side's path.</param>
    /// <param name="findings">Gets what there is to say.</param>
    public PeerSet? Convert(
        CalicoEntity entity, RuleNetworks nets, CalicoPolicy policy, AddressFamilies families, string path, ICollection<PolicyFinding> findings)
    {
        var scope = CalicoScope.Side(entity, policy.Namespace);
        return scope.Positive is { } positive ? Selected(positive, nets, families, path, findings)
            : scope.Negative is { } negative ? NotSelected(negative, nets, families, path, findings)
            : Unselected(nets, families, []);
    }

    /// <summary>No demand by labels.</summary>
    private PeerSet Unselected(RuleNetworks nets, AddressFamilies families, IReadOnlyCollection<(Cidr Net, string Path)> without)
    {
        if (!nets.IsGiven && without.Count == 0 && families == context.Families)
        {
            return PeerSet.Anything;
        }

        var peers = new PeerSet
        {
            Networks = nets.ToPeers(families, without.Select(n => n.Net)),
            Origins = [.. nets.Origins, .. without],
        };
        return peers with
        {
            NamedPortTerms = context.Addresses.HoldOf(peers.Addresses()) == PodAddressHold.None ? [] : [SelectorTerm.Everything],
        };
    }

    /// <summary>Everything but what a selector selects: the world outside, too.</summary>
    private PeerSet? NotSelected(
        SelectorExpression negative, RuleNetworks nets, AddressFamilies families, string path, ICollection<PolicyFinding> findings)
    {
        var alternatives = context.Selectors.Compile(negative);
        Report(alternatives, path, findings);
        if (alternatives.IsRefused)
        {
            return null;
        }

        if (context.Selectors.PodsOf(alternatives.Terms).FirstOrDefault() is { } pod)
        {
            findings.Add(PolicyCode.NotSelector.At(
                $"{path}.notSelector", $"the rule means every address, in and outside the cluster, but those of Pods such as {pod}; Antrea cannot leave out Pods"));
            return null;
        }

        if (!alternatives.Terms.IsEmpty)
        {
            findings.Add(PolicyCode.NotSelectorFrozen.At($"{path}.notSelector", "no Pod has such labels now"));
        }

        var without = SetNets(negative, path, findings);
        if (without.Count > NetworkPlacement.MaxNetworks)
        {
            findings.Add(NetworkPlacement.TooWide(path));
            return null;
        }

        return Unselected(nets, families, without);
    }

    private PeerSet? Selected(
        SelectorExpression positive, RuleNetworks nets, AddressFamilies families, string path, ICollection<PolicyFinding> findings)
    {
        var alternatives = context.Selectors.Compile(positive);
        Report(alternatives, path, findings);
        if (alternatives.IsRefused)
        {
            return null;
        }

        var ofSets = SetNets(positive, path, findings);
        var networks = nets.Meet([.. ofSets.Select(n => n.Net).Where(families.Has)], families);
        if (networks.Length > NetworkPlacement.MaxNetworks)
        {
            findings.Add(NetworkPlacement.TooWide(path));
            return null;
        }

        var terms = alternatives.Terms;
        if (!terms.IsEmpty && nets.IsGiven)
        {
            switch (context.Addresses.HoldOf(nets.Addresses(families)))
            {
                case PodAddressHold.None:
                    terms = [];
                    break;
                case PodAddressHold.All:
                    if (context.Addresses.Check(nets.Addresses(families), nets.Origins, path) is { } covers)
                    {
                        findings.Add(covers);
                    }

                    break;
                default:
                    var (net, at) = nets.Origins[0];
                    findings.Add(PolicyCode.SelectorAndNets.At(at, $"{net} and the selector have some Pods in common, and Antrea cannot select by both"));
                    return null;
            }
        }

        if (!terms.IsEmpty && families != context.Families)
        {
            findings.Add(PolicyCode.IPVersion.At(path, $"the rule is for {families} only, and Antrea takes Pods with all of their addresses"));
            return null;
        }

        return new PeerSet { Terms = terms, Networks = networks, Origins = [.. ofSets], NamedPortTerms = terms };
    }

    /// <summary>The networks of the sets and host endpoints that a selector reaches.</summary>
    private List<(Cidr Net, string Path)> SetNets(SelectorExpression expression, string path, ICollection<PolicyFinding> findings)
    {
        var nets = new List<(Cidr, string)>();
        foreach (var reached in context.Sets.Reach(expression, CalicoScope.BoundNamespace(expression)))
        {
            var code = reached.Kind == "HostEndpoint" ? PolicyCode.HostEndpointFrozen : PolicyCode.NetworkSetFrozen;
            findings.Add(code.At(path, $"the selector reaches {reached}; its {reached.Nets.Length} networks are written out"));
            nets.AddRange(context.Sets.NetsOf(reached).Select(n => (n, path)));
        }

        return nets;
    }

    private static void Report(SelectorAlternatives alternatives, string path, ICollection<PolicyFinding> findings)
    {
        foreach (var (code, message) in alternatives.Remarks)
        {
            findings.Add(code.At(path, message));
        }
    }
}
