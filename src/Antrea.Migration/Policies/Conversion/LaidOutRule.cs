using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>A rule with its place: rules are asked in order, and the first that matches a Pod's traffic decides.</summary>
/// <param name="Direction">The list that it is in.</param>
/// <param name="Name">Unique in its object.</param>
/// <param name="Action">What happens.</param>
/// <param name="Subject">Whose traffic it governs; alternatives, at least one.</param>
/// <param name="Match">What it matches; its own subjects are in <paramref name="Subject"/> already.</param>
internal sealed record LaidOutRule(
    Direction Direction, string Name, AntreaAction Action, ImmutableArray<SelectorTerm> Subject, RuleMatch Match);

/// <summary>An Antrea policy without its tier and priority.</summary>
/// <param name="Owner">The policy that it is made from; null for one that stands for a tier.</param>
/// <param name="Namespace">The Namespace; empty for a ClusterNetworkPolicy.</param>
/// <param name="Name">The name.</param>
/// <param name="Origin">What it is made from, for its annotation.</param>
/// <param name="Rules">At least one.</param>
internal sealed record PolicyDraft(
    CompiledPolicy? Owner, string Namespace, string Name, string Origin, ImmutableArray<LaidOutRule> Rules)
{
    /// <summary>Whether a NetworkPolicy of a Namespace can hold a rule: service accounts, and subjects in other Namespaces, need a
    /// ClusterNetworkPolicy.</summary>
    public static bool FitsNamespace(LaidOutRule rule, string @namespace) =>
        rule.Subject.All(t => IsOf(t, @namespace))
        && rule.Match.Peers.All(p => p is not RulePeer.Pods { Term.Accounts: not null });

    /// <summary>Whether a term says nothing about the Namespace but its name being this.</summary>
    public static bool IsOf(SelectorTerm term, string @namespace) => term.Accounts is null && term.AsksOnlyNamespace(@namespace);
}
