namespace Antrea.Migration.Policies.Verification;

/// <summary>What is left of a rule for one class of addresses: services and an effect.</summary>
/// <param name="Services">Alternatives.</param>
/// <param name="Effect">What it does.</param>
/// <param name="Section">Counted anew, without gaps.</param>
/// <param name="Rank">Counted anew; 0 for a rule alone at its rank.</param>
/// <param name="IsUncertain">As in <see cref="DecisionRule"/>.</param>
internal sealed record ReducedRule(ServiceSet[] Services, Effect Effect, int Section, int Rank, bool IsUncertain)
{
    /// <summary>Numbers that tell the rule from any other.</summary>
    public IEnumerable<int> Key =>
        [((int)Effect * 2) + (IsUncertain ? 1 : 0), Section, Rank, Services.Length, .. Services.Select(s => s.Id)];

    /// <summary>The rules of a list that can still be asked about one class of addresses, in order.</summary>
    /// <param name="list">The list.</param>
    /// <param name="sets">The place of each address set in <paramref name="mask"/>, by its number.</param>
    /// <param name="mask">The sets that hold the class.</param>
    public static List<ReducedRule> Reduce(DecisionList list, Dictionary<int, int> sets, UInt128[] mask)
    {
        var kept = new List<ReducedRule>();
        var closed = int.MinValue;
        foreach (var rule in list.Rules)
        {
            if (rule.Section <= closed)
            {
                continue;
            }

            var services = new List<ServiceSet>();
            foreach (var box in rule.Flows.Boxes)
            {
                if (AddressClasses.Holds(mask, sets[box.Peers.Id]) && !services.Contains(box.Services))
                {
                    services.Add(box.Services);
                }
            }

            if (services.Count == 0)
            {
                continue;
            }

            var takesAll = services.Exists(s => s.IsAll);
            kept.Add(new ReducedRule(takesAll ? [services.Find(s => s.IsAll)!] : [.. services], rule.Effect, rule.Section, rule.Rank, rule.IsUncertain));
            if (takesAll && rule is { IsUncertain: false, Rank: 0 })
            {
                // Nothing gets past this rule: into its section no more; or nowhere, unless something has left the section before.
                closed = kept.Exists(k => k.Effect == Effect.Skip && k.Section == rule.Section) ? rule.Section : int.MaxValue;
            }
        }

        return Renumber(kept);
    }

    private static List<ReducedRule> Renumber(List<ReducedRule> rules)
    {
        var hasSkips = rules.Exists(r => r.Effect == Effect.Skip);
        int section = 0, rank = 0;
        var renumbered = new List<ReducedRule>(rules.Count);
        for (var i = 0; i < rules.Count; i++)
        {
            section += hasSkips && i > 0 && rules[i - 1].Section != rules[i].Section ? 1 : 0;
            var joinsLast = i > 0 && rules[i].Rank != 0 && rules[i].Rank == rules[i - 1].Rank;
            var joinsNext = i + 1 < rules.Count && rules[i].Rank != 0 && rules[i].Rank == rules[i + 1].Rank;
            rank += joinsNext && !joinsLast ? 1 : 0;
            renumbered.Add(rules[i] with { Section = section, Rank = joinsLast || joinsNext ? rank : 0 });
        }

        return renumbered;
    }
}
