using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>What decides about everything that no policy has decided: one Antrea policy for each Namespace, and one for what no Namespace holds.</summary>
internal static class TierEnds
{
    /// <summary>How many Pod selectors one object applies to.</summary>
    private const int MaxSubjects = 200;

    /// <summary>Pods that have an end.</summary>
    /// <param name="Namespace">The Namespace of the policy that governs them; empty for a policy of the cluster.</param>
    /// <param name="Direction">In which direction.</param>
    /// <param name="Subject">The Pods.</param>
    /// <param name="Action">What happens.</param>
    public sealed record Entry(string Namespace, Direction Direction, SelectorTerm Subject, AntreaAction Action);

    /// <summary>The implicit Deny of a tier.</summary>
    public static IEnumerable<PolicyDraft> Of(CalicoTier tier, IEnumerable<Entry> entries) =>
        Of(entries, number => PolicyNames.OfEnd(tier, number), $"{PolicyNames.Origin(tier)}, its end", "end");

    /// <summary>The Allow for Pods that a Kubernetes policy must not be asked about.</summary>
    public static IEnumerable<PolicyDraft> OfOpen(IEnumerable<Entry> entries) =>
        Of(entries, PolicyNames.OfOpen, "projectcalico.org/v3 Profile, which allows what no tier decides", "open");

    private static IEnumerable<PolicyDraft> Of(IEnumerable<Entry> entries, Func<int, string> name, string origin, string rule)
    {
        var homes = entries.ToLookup(e => PolicyDraft.IsOf(e.Subject, e.Namespace) ? e.Namespace : "", StringComparer.Ordinal);
        var cluster = Distinct(homes[""]);
        foreach (var home in homes.OrderBy(h => h.Key, StringComparer.Ordinal))
        {
            var left = home.Key.Length == 0
                ? cluster
                : Distinct(home.Where(e => !cluster.Any(c => c.Direction == e.Direction && PodSets.Implies(e.Subject, c.Subject))));
            for (var number = 0; left.Count > 0; number++)
            {
                var taken = left.GroupBy(e => e.Direction).SelectMany(g => g.Take(MaxSubjects)).ToList();
                left = left.Except(taken).ToList();
                yield return new PolicyDraft(
                    null,
                    home.Key,
                    name(number),
                    origin,
                    [
                        .. taken.GroupBy(e => (e.Direction, e.Action)).Select(g => new LaidOutRule(
                            g.Key.Direction,
                            $"{rule}-{(g.Key.Direction == Direction.Ingress ? "ingress" : "egress")}",
                            g.Key.Action,
                            [.. g.Select(e => e.Subject)],
                            RuleMatch.Everything)),
                    ]);
            }
        }
    }

    /// <summary>Ingress first, without Pods that another entry holds.</summary>
    private static List<Entry> Distinct(IEnumerable<Entry> entries) =>
        [
            .. entries.GroupBy(e => e.Direction).OrderBy(g => g.Key).SelectMany(g =>
            {
                var subjects = g.Select(e => e.Subject).ToList();
                return (PodSets.Simplify(subjects, out _) ?? [.. subjects.Distinct()]).Select(t => g.First() with { Namespace = "", Subject = t });
            }),
        ];
}
