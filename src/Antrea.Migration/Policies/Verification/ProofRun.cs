using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Pods' addresses that both sides treat alike in one direction, and what comparing the sides for them came to.</summary>
/// <param name="Pod">The first of the Pods, an existing one where there is any.</param>
/// <param name="Atoms">The addresses, that of <paramref name="Pod"/> first.</param>
/// <param name="Direction">The direction.</param>
/// <param name="Comparison">The outcome.</param>
internal sealed record SubjectClass(int Pod, int[] Atoms, Direction Direction, ListComparison Comparison)
{
    /// <summary>The address that stands for the kind.</summary>
    public int Atom => Atoms[0];

    /// <summary>How many addresses there are of the kind.</summary>
    public int Count => Atoms.Length;
}

/// <summary>Compares both sides for every Pod of a space.</summary>
internal static class ProofRun
{
    /// <summary>The kinds of subjects in the order of their first Pods, ingress before egress.</summary>
    /// <param name="space">The flows.</param>
    /// <param name="calico">Calico's policies.</param>
    /// <param name="antrea">Antrea's policies.</param>
    /// <param name="limits">Says of a Calico policy that it has no defined meaning.</param>
    /// <param name="cancellationToken">Stops the comparison.</param>
    public static IReadOnlyList<SubjectClass> Compare(
        ProofSpace space, CalicoPolicySet calico, AntreaPolicySet antrea, Func<CalicoPolicy, bool> limits, CancellationToken cancellationToken)
    {
        var subjects = Enumerable.Range(0, space.Addresses.Pods.Count)
            .SelectMany(pod => space.Addresses.AtomsOf(pod).ToArray(), (pod, atom) => (pod, atom))
            .SelectMany(_ => new[] { Direction.Ingress, Direction.Egress }, (s, direction) => (s.pod, s.atom, direction))
            .ToArray();
        var left = new DecisionList[subjects.Length];
        var right = new DecisionList[subjects.Length];
        Parallel.Invoke(
            new ParallelOptions { CancellationToken = cancellationToken },
            () =>
            {
                var decisions = new CalicoDecisions(calico, space, limits);
                Fill(left, decisions.At);
            },
            () =>
            {
                var decisions = new AntreaDecisions(antrea, calico.KubernetesPolicies.Select(k => k.Policy), space);
                Fill(right, decisions.At);
            });
        var classes = Enumerable.Range(0, subjects.Length)
            .GroupBy(i => (left[i].Id, right[i].Id, subjects[i].direction, space.Addresses.FamilySetOf(subjects[i].atom).Id))
            .Select(g => g.ToArray())
            .ToArray();
        var comparer = new DecisionComparer(space.Addresses);
        var outcomes = new SubjectClass[classes.Length];
        Parallel.For(0, classes.Length, new ParallelOptions { CancellationToken = cancellationToken }, i =>
        {
            var first = classes[i][0];
            var (pod, atom, direction) = subjects[first];
            outcomes[i] = new SubjectClass(
                pod,
                [.. classes[i].Select(s => subjects[s].atom)],
                direction,
                comparer.Compare(left[first], right[first], space.Addresses.FamilySetOf(atom)));
        });
        return outcomes;

        void Fill(DecisionList[] lists, Func<int, int, Direction, DecisionList> at)
        {
            for (var i = 0; i < lists.Length; i++)
            {
                cancellationToken.ThrowIfCancellationRequested();
                lists[i] = at(subjects[i].pod, subjects[i].atom, subjects[i].direction);
            }
        }
    }
}
