using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Internal;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Reports policies of one tier and order that disagree about Pods they share: which one wins depends on Calico's version.</summary>
internal static class TieCheck
{
    /// <summary>One finding for each of Calico's policies that ties with another one, or with a Kubernetes policy.</summary>
    /// <param name="policies">Those of one tier in evaluation order.</param>
    /// <param name="version">The Calico version that breaks the tie.</param>
    public static IEnumerable<(CompiledPolicy Policy, PolicyFinding Finding)> Check(
        IReadOnlyList<CompiledPolicy> policies, ReleaseVersion version)
    {
        foreach (var group in policies.Select((p, rank) => new Member(p, rank)).GroupBy(m => m.Policy.Policy.Order).Select(g => g.ToList()))
        {
            var kinds = group.Select(m => m.Actions).Distinct().Order().ToList();
            var all = group.ToLookup(m => m.Actions);
            var byNamespace = group.ToLookup(m => (m.Policy.Policy.Namespace, m.Actions));
            foreach (var one in group.Where(m => !m.Policy.IsKubernetes))
            {
                var rivals = kinds.Where(k => Disagree(one.Actions, k)).SelectMany(k =>
                    one.Policy.Policy.IsGlobal ? all[k] : byNamespace[(one.Policy.Policy.Namespace, k)].Concat(byNamespace[("", k)]));
                if (rivals.FirstOrDefault(o => o != one && PodSets.Meet(one.Policy.Subject, o.Policy.Subject)) is { } other)
                {
                    var first = one.Rank < other.Rank ? one : other;
                    yield return (one.Policy, PolicyCode.OrderTie.At(
                        "spec.order", $"{other.Policy} has the same order and decides otherwise; Calico {version} takes {first.Policy} first"));
                }
            }
        }
    }

    /// <summary>Whether one side has an action, in some direction, that is not the other's only one there.</summary>
    private static bool Disagree(int left, int right) => Enum.GetValues<Direction>().Any(d =>
        (Of(left, d), Of(right, d)) is var (l, r) && l != 0 && r != 0 && (l != r || !int.IsPow2(l)));

    private static int Of(int actions, Direction direction) => (actions >> ((int)direction * ActionCount)) & ((1 << ActionCount) - 1);

    private static readonly int ActionCount = Enum.GetValues<CalicoAction>().Length;

    /// <summary>A policy and its place.</summary>
    private sealed record Member(CompiledPolicy Policy, int Rank)
    {
        /// <summary>Which actions its rules have, a bit for each action in each direction.</summary>
        public int Actions { get; } = Enum.GetValues<Direction>()
            .SelectMany(d => Policy.Rules(d).Where(r => r.Action != CalicoAction.Log).Select(r => ((int)d * ActionCount) + (int)r.Action))
            .Aggregate(0, (bits, bit) => bits | (1 << bit));
    }
}
