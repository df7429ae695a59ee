using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>How well a policy could be converted.</summary>
public enum Fidelity
{
    /// <summary>Equal meaning, for Pods yet to come as well.</summary>
    Exact,

    /// <summary>Equal meaning for the objects that exist now; a finding says what would break it.</summary>
    Snapshot,

    /// <summary>Not converted; a finding says why, and what to do instead.</summary>
    Refused,
}

/// <summary>How well one rule could be converted.</summary>
/// <param name="Direction">The list the rule is in.</param>
/// <param name="Index">Its place there, from 0.</param>
/// <param name="Fidelity">The outcome.</param>
public sealed record ConvertedRule(Direction Direction, int Index, Fidelity Fidelity);

/// <summary>What became of one policy.</summary>
public sealed record ConvertedPolicy
{
    /// <summary><c>NetworkPolicy</c> or <c>GlobalNetworkPolicy</c> of Calico, or <c>KubernetesNetworkPolicy</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The Namespace; empty for a GlobalNetworkPolicy.</summary>
    public required string Namespace { get; init; }

    /// <summary>The name, without the prefix that stored Calico objects have.</summary>
    public required string Name { get; init; }

    /// <summary>The worst of the policy's own and its rules' outcomes.</summary>
    public required Fidelity Fidelity { get; init; }

    /// <summary>The rules that Calico obeys, ingress first.</summary>
    public ImmutableArray<ConvertedRule> Rules { get; init; } = [];

    /// <summary>What there is to know, in the policy's order.</summary>
    public ImmutableArray<PolicyFinding> Findings { get; init; } = [];

    /// <summary>The Antrea object that holds its rules; none when refused, for a policy without rules or Pods, and for a Kubernetes policy that
    /// Antrea goes on enforcing itself. What ends a tier is in <see cref="PolicyConversion.Ends"/>.</summary>
    public ImmutableArray<JsonObject> Objects { get; init; } = [];

    /// <summary><c>Kind/namespace/name</c>, or <c>Kind/name</c>.</summary>
    public override string ToString() => Namespace.Length == 0 ? $"{Kind}/{Name}" : $"{Kind}/{Namespace}/{Name}";
}

/// <summary>What became of a cluster's policies.</summary>
/// <param name="Policies">Calico's policies and Kubernetes', sorted by kind, Namespace and name.</param>
/// <param name="Tiers">The Antrea Tiers that the converted policies need, in order of priority.</param>
/// <param name="Findings">Everything found, about the cluster first, then policy by policy.</param>
public sealed record PolicyConversion(
    ImmutableArray<ConvertedPolicy> Policies, ImmutableArray<JsonObject> Tiers, ImmutableArray<Finding> Findings)
{
    /// <summary>The Antrea objects that end tiers, and those that keep traffic from Kubernetes policies, in order of priority.</summary>
    public ImmutableArray<JsonObject> Ends { get; init; } = [];

    /// <summary>What was converted, and what it was read from; null for a conversion put together by hand.</summary>
    internal (ClusterSnapshot Snapshot, PolicyWorld World, CalicoPolicySet Set)? Origin { get; init; }

    /// <summary>Whether anything was refused. Then the objects together do not mean what Calico's policies mean, and must not be applied.</summary>
    public bool HasRefusals => Findings.Any(f => f.Severity == Severity.Blocker);

    /// <summary>Every Antrea object in the order to apply: Tiers first, ends last.</summary>
    public ImmutableArray<JsonObject> Objects => [.. Tiers, .. Policies.SelectMany(p => p.Objects), .. Ends];
}
