namespace Antrea.Migration.Policies.Verification;

/// <summary>What is left of a rule for one class of addresses: services and an effect.</summary>
/// <param name="Services">Alternatives.</param>
/// <param name="Effect">What it does.</param>
/// <param name="Section">Counted anew, without gaps.</param>
/// <param name="Rank">Counted anew; 0 for a rule alone at its rank.</param>
/// <param name="IsUncertain">As in <see cref="DecisionRule"/>.</param>
internal readonly record struct ReducedRule(ServiceSet[] Services, Effect Effect, int Section, int Rank, bool IsUncertain)
{
    /// <summary>Adds numbers that tell the rule from any other.</summary>
    public void AddTo(List<int> key)
    {
        key.Add(((int)Effect * 2) + (IsUncertain ? 1 : 0));
        key.Add(Section);
        key.Add(Rank);
        key.Add(Services.Length);
        foreach (var services in Services)
        {
            key.Add(services.Id);
        }
    }

    /// <summary>The rules of a list that can still be asked about one class of addresses, in order.</summary>
    /// <param name="list">The list.</param>
    /// <param name="sets">The place of each address set in <paramref name="mask"/>, by its number.</param>
    /// <param name="mask">The sets that hold the class.</param>
    public static List<ReducedRule> Reduce(DecisionList list, Dictionary<int, int> sets, ulong[] mask)
    {
        var kept = new List<ReducedRule>();
        var closed = int.MinValue;
        foreach (var rule in list.Rules)
        {
            if (rule.Section <= closed)
            {
                continue;
            }

            var services = ServicesOf(rule, sets, mask);
            if (services.Length == 0)
            {
                continue;
            }

            var all = Array.Find(services, s => s.IsAll);
            kept.Add(new ReducedRule(all?.Alone ?? services, rule.Effect, rule.Section, rule.Rank, rule.IsUncertain));
            if (all is not null && rule is { IsUncertain: false, Rank: 0 })
            {
                // Nothing gets past this rule: into its section no more; or nowhere, unless something has left the section before.
                closed = LeavesEarly(kept, rule.Section) ? rule.Section : int.MaxValue;
            }
        }

        return Renumber(kept);
    }

    private static bool LeavesEarly(List<ReducedRule> rules, int section) => rules.Exists(r => r.Effect == Effect.Skip && r.Section == section);

    private static ServiceSet[] ServicesOf(DecisionRule rule, Dictionary<int, int> sets, ulong[] mask)
    {
        ServiceSet[] services = [];
        foreach (var box in rule.Flows.Boxes)
        {
            if (AddressClasses.Holds(mask, sets[box.Peers.Id]) && !services.Contains(box.Services))
            {
                services = services.Length == 0 ? box.Services.Alone : [.. services, box.Services];
            }
        }

        return services;
    }

    private static List<ReducedRule> Renumber(List<ReducedRule> rules)
    {
        var hasSkips = rules.Exists(r => r.Effect == Effect.Skip);
        int section = 0, rank = 0;
        int lastSection = 0, lastRank = 0;
        for (var i = 0; i < rules.Count; i++)
        {
            var rule = rules[i];
            section += hasSkips && i > 0 && lastSection != rule.Section ? 1 : 0;
            var joinsLast = i > 0 && rule.Rank != 0 && rule.Rank == lastRank;
            var joinsNext = i + 1 < rules.Count && rule.Rank != 0 && rule.Rank == rules[i + 1].Rank;
            rank += joinsNext && !joinsLast ? 1 : 0;
            (lastSection, lastRank) = (rule.Section, rule.Rank);
            rules[i] = rule with { Section = section, Rank = joinsLast || joinsNext ? rank : 0 };
        }

        return rules;
    }
}
