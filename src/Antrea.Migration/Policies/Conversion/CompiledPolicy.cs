using System.Collections.Immutable;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>A rule in Antrea's words, before it has a place among others.</summary>
/// <param name="Name">Its name in the policy's own object: <c>ingress-1</c>.</param>
/// <param name="Action">What Calico does.</param>
/// <param name="Matches">Alternatives; none when it never matches.</param>
/// <param name="Path">Where it is in the policy, for findings.</param>
internal sealed record CompiledRule(string Name, CalicoAction Action, ImmutableArray<RuleMatch> Matches, string Path);

/// <summary>A policy taken apart: whom it governs and by which rules, before its rank among the others is known. Equality is identity.</summary>
internal sealed class CompiledPolicy
{
    /// <summary>The policy; of a Kubernetes NetworkPolicy, what Calico makes of it.</summary>
    public required CalicoPolicy Policy { get; init; }

    /// <summary>Whether this is a Kubernetes NetworkPolicy.</summary>
    public bool IsKubernetes { get; init; }

    /// <summary>What ties between policies of one tier and order are broken by.</summary>
    public required string TieKey { get; init; }

    /// <summary>The Pods that the policy selects, as alternatives.</summary>
    public ImmutableArray<SelectorTerm> Subject { get; init; } = [];

    public ImmutableArray<CompiledRule> Ingress { get; init; } = [];

    public ImmutableArray<CompiledRule> Egress { get; init; } = [];

    public ImmutableArray<PolicyFinding> Findings { get; init; } = [];

    /// <summary>Whether something in the policy stands against converting it for Pods. What it does to Nodes is another matter.</summary>
    public bool IsRefused => Findings.Any(f => f.Severity == Severity.Blocker && f.Code != PolicyCode.HostEndpointInReach.Id);

    /// <summary>Whether the policy takes part in what its Pods receive or send.</summary>
    public bool Governs(Direction direction) =>
        direction == Direction.Ingress ? Policy.GovernsIngress : Policy.GovernsEgress;

    public ImmutableArray<CompiledRule> Rules(Direction direction) => direction == Direction.Ingress ? Ingress : Egress;

    /// <inheritdoc/>
    public override string ToString() => IsKubernetes ? $"Kubernetes NetworkPolicy {Policy.Namespace}/{Policy.Name}" : Policy.ToString();
}
