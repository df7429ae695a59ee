using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Further demands on the policy's own Pods.</summary>
/// <param name="Terms">Alternatives; all of the Pods when empty.</param>
/// <param name="NamedPortTerms">Those whose own named ports count, where they are others: a Pod that the rule takes only because a network set holds its
/// address declares none. Null when they are the same.</param>
internal sealed record SubjectSet(ImmutableArray<SelectorTerm> Terms, ImmutableArray<SelectorTerm>? NamedPortTerms = null)
{
    public static readonly SubjectSet All = new([]);
}

/// <summary>What a rule asks of its own side: of the Pods that the policy applies to.</summary>
/// <remarks>In Calico that is a match on the Pod's address like any other, so network sets that hold it count as well. Networks there can be
/// told from the Pods' only where they hold all of their addresses, or none.</remarks>
internal sealed class SubjectConversion(RuleContext context)
{
    /// <summary>The demands; null when no Pod can meet them, or when a finding refuses.</summary>
    public SubjectSet? Convert(
        CalicoEntity entity, RuleNetworks nets, CalicoPolicy policy, AddressFamilies families, string path, ICollection<PolicyFinding> findings)
    {
        if (nets.IsGiven)
        {
            switch (Hold(nets.Addresses(families), nets.Origins, path, findings))
            {
                case PodAddressHold.None:
                    return null;
                case PodAddressHold.All when families == context.Families:
                    break;
                default:
                    findings.Add(PolicyCode.SubjectRestricted.At(path, $"{nets.Origins[0].Net} takes some of the policy's Pods by their addresses, which change"));
                    return null;
            }
        }

        var scope = CalicoScope.Side(entity, policy.Namespace);
        if ((scope.Positive ?? scope.Negative) is not { } expression)
        {
            return SubjectSet.All;
        }

        var ofSets = context.Sets.Reach(expression, CalicoScope.BoundNamespace(expression));
        foreach (var reached in ofSets)
        {
            var code = reached.Kind == "HostEndpoint" ? PolicyCode.HostEndpointFrozen : PolicyCode.NetworkSetFrozen;
            findings.Add(code.At(path, $"the selector reaches {reached}; whether its {reached.Nets.Length} networks hold Pods is looked at now"));
        }

        var isNegative = scope.Positive is null;
        var held = AddressRanges.Of(ofSets.SelectMany(s => context.Sets.NetsOf(s)).Where(families.Has));
        var hold = Hold(held, [.. ofSets.SelectMany(s => context.Sets.NetsOf(s)).Select(n => (n, path))], path, findings);
        var holdsAll = hold == PodAddressHold.All && families.Everything().All(f => !held.OfFamily(f.IsIPv6).IsEmpty);
        if (hold != PodAddressHold.None && !holdsAll)
        {
            findings.Add(PolicyCode.SubjectRestricted.At(path, "network sets take some of the policy's Pods by their addresses, which change"));
            return null;
        }

        if (holdsAll && isNegative)
        {
            return null;
        }

        var alternatives = context.Selectors.Compile(isNegative ? new SelectorExpression.Not(expression) : expression);
        foreach (var (code, message) in alternatives.Remarks)
        {
            findings.Add(code.At(path, message));
        }

        var terms = alternatives.Terms;
        return terms.Any(t => t == SelectorTerm.Everything || (!policy.IsGlobal && t.Pod.IsEmpty && t.Accounts is null && t.AsksOnlyNamespace(policy.Namespace))) ? SubjectSet.All
            : holdsAll ? new SubjectSet([], terms)
            : terms.IsEmpty ? null
            : new SubjectSet(terms);
    }

    private PodAddressHold Hold(
        AddressRanges addresses, IReadOnlyCollection<(Cidr Net, string Path)> origins, string path, ICollection<PolicyFinding> findings)
    {
        var hold = context.Addresses.HoldOf(addresses);
        if (hold == PodAddressHold.All && context.Addresses.Check(addresses, origins, path) is { } covers)
        {
            findings.Add(covers);
        }

        return hold;
    }
}
