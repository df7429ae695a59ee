using System.Collections.Immutable;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Compiles one rule of a Calico policy at a time.</summary>
internal sealed class RuleCompiler(RuleContext context)
{
    private readonly PeerConversion _peers = new(context);

    /// <summary>The alternatives of a rule, in Antrea's words; none when it never matches, or when a finding refuses it.</summary>
    /// <param name="policy">The policy; its Namespace scopes the rule's selectors.</param>
    /// <param name="rule">The rule.</param>
    /// <param name="direction">The list that it is in.</param>
    /// <param name="index">Its place there, from 0.</param>
    /// <param name="findings">Gets what there is to say; each path begins with <see cref="SupportedFeatures.PathOf"/>.</param>
    public ImmutableArray<RuleMatch> Compile(
        CalicoPolicy policy, CalicoRule rule, Direction direction, int index, ICollection<PolicyFinding> findings)
    {
        var own = RuleFeatures.Check(rule, direction, index).ToList();
        var path = SupportedFeatures.PathOf(direction, index);
        var isIngress = direction == Direction.Ingress;
        var (peer, peerPath) = isIngress ? (rule.Source, $"{path}.source") : (rule.Destination, $"{path}.destination");
        own.AddRange(PeerConversion.CheckReach(rule, policy, path, context.Sets));
        var peers = _peers.Convert(peer, policy, direction, peerPath, own);
        if (peers is null && own.Count == 0)
        {
            own.Add(PolicyCode.NeverMatches.At(peerPath, "no Pod can satisfy the selector, so the rule never matches"));
        }

        foreach (var finding in own)
        {
            findings.Add(finding);
        }

        return peers is null || own.Exists(f => f.Severity == Severity.Blocker)
            ? []
            : [RuleMatch.Everything with { Peers = peers.Value, Ports = PortConversion.Convert(rule) }];
    }
}
