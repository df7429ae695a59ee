using System.Net;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>The Pods with the labels that Calico gives them, to turn selectors into Pods and address sets once, not per flow.</summary>
internal sealed class LabelledAddresses(PolicyWorld world)
{
    private readonly Dictionary<(string Namespace, string Name), SortedDictionary<string, string>> _labels =
        world.Pods.ToDictionary(p => (p.Namespace, p.Name), p => CalicoScope.EffectiveLabels(p, world));

    /// <summary>The Pods that a selector selects; given a Namespace that the selector is bound to, only those there are looked at.</summary>
    public HashSet<(string Namespace, string Name)> Select(SelectorExpression selector, string? boundNamespace) =>
        [.. Matching(selector, boundNamespace).Select(p => (p.Namespace, p.Name))];

    /// <summary>Their addresses.</summary>
    public HashSet<IPAddress> SelectAddresses(SelectorExpression selector, string? boundNamespace) =>
        [.. Matching(selector, boundNamespace).SelectMany(p => p.Addresses)];

    private IEnumerable<PolicyPod> Matching(SelectorExpression selector, string? boundNamespace) =>
        world.PodsIn(boundNamespace).Where(p => selector.Matches(_labels[(p.Namespace, p.Name)]));
}
