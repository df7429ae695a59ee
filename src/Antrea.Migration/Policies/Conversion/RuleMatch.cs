using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>What one Antrea rule matches: all of the demands hold, each by one of its alternatives.</summary>
/// <remarks>A Calico rule compiles to some of these, which are alternatives again; to none when it never matches.</remarks>
internal sealed record RuleMatch
{
    /// <summary>The match that everything satisfies.</summary>
    public static readonly RuleMatch Everything = new();

    /// <summary>Further demands on the policy's own Pods; all of them when empty.</summary>
    public ImmutableArray<SelectorTerm> Subjects { get; init; } = [];

    /// <summary>The other side; anything when empty.</summary>
    public ImmutableArray<RulePeer> Peers { get; init; } = [];

    /// <summary>Alternatives, together with <see cref="Protocols"/>; every protocol and port when both are empty.</summary>
    public ImmutableArray<AntreaPort> Ports { get; init; } = [];

    /// <summary>ICMP; alternatives, together with <see cref="Ports"/>.</summary>
    public ImmutableArray<AntreaProtocol> Protocols { get; init; } = [];

    /// <summary>The Antrea rule that matches this; <see cref="Subjects"/> are not written.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="action">What it does.</param>
    /// <param name="policyNamespace">The Namespace of the Antrea policy; empty for a ClusterNetworkPolicy.</param>
    public AntreaRule ToRule(string name, AntreaAction action, string policyNamespace) =>
        new(name, action, [.. Peers.Select(p => p.ToPeer(policyNamespace))], Ports) { Protocols = Protocols };

    /// <summary>What both matches match.</summary>
    public static RuleIntersection Intersect(RuleMatch left, RuleMatch right, RuleContext context) =>
        new RuleIntersecting(context).Intersect(left, right);
}
