using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>One packet's worth of a service: a protocol with ports or an ICMP message.</summary>
/// <param name="Protocol">The protocol's number.</param>
/// <param name="To">Destination port, or ICMP type; 0 for other protocols.</param>
/// <param name="From">Source port, or ICMP code; 0 for other protocols.</param>
internal readonly record struct ServiceCell(byte Protocol, int To, int From)
{
    public bool IsIcmp => Protocol is 1 or 58;
}

/// <summary>What two lists of rules about services alone have in common.</summary>
/// <param name="Cells">How many classes of services the lists tell apart.</param>
/// <param name="UnprovenCells">How many of them nobody can decide.</param>
/// <param name="Unproven">The smallest of these; null when there is none.</param>
/// <param name="Difference">The smallest that is decided differently; null when there is none.</param>
internal sealed record ServiceComparison(int Cells, int UnprovenCells, ServiceCell? Unproven, ServiceCell? Difference)
{
    /// <summary>The order in which protocols are shown.</summary>
    private static readonly byte[] Protocols = [6, 17, 132, 1, 58, .. Enumerable.Range(0, 256).Select(p => (byte)p).Where(p => p is not (6 or 17 or 132 or 1 or 58))];

    /// <summary>The place of a protocol in the order of showing.</summary>
    public static int PlaceOf(byte protocol) => Array.IndexOf(Protocols, protocol);

    /// <summary>Compares two lists for flows of one family: ICMP is IPv4's, ICMPv6 is IPv6's.</summary>
    public static ServiceComparison Compare(ReducedRule[] calico, ReducedRule[] antrea, bool isIPv6)
    {
        var boxes = calico.SelectMany((r, i) => Boxes(r, i)).Concat(antrea.SelectMany((r, i) => Boxes(r, calico.Length + i))).ToArray();
        int cells = 0, unproven = 0;
        ServiceCell? firstUnproven = null, firstDifference = null;
        foreach (var (protocol, ofProtocol) in ProtocolClasses(boxes, isIPv6))
        {
            var (low, high) = new IPProtocol(protocol).HasPorts ? (1, NumberRuns.End) : protocol is 1 or 58 ? (0, 256) : (0, 1);
            foreach (var (to, ofTo) in NumberClasses(ofProtocol, b => b.To, low, high, low))
            {
                foreach (var (from, ofFrom) in NumberClasses(ofTo, b => b.From, low, high, low == 1 ? Traffic.UsualSourcePort : low))
                {
                    cells++;
                    var matching = ofFrom.Select(b => b.Rule).Distinct().ToList();
                    var left = Decide([.. matching.Where(i => i < calico.Length).Select(i => calico[i])]);
                    var right = Decide([.. matching.Where(i => i >= calico.Length).Select(i => antrea[i - calico.Length])]);
                    if (left == Outcome.Unknown || right == Outcome.Unknown)
                    {
                        unproven++;
                        firstUnproven ??= new ServiceCell(protocol, to, from);
                    }
                    else if (left != right)
                    {
                        firstDifference ??= new ServiceCell(protocol, to, from);
                    }
                }
            }
        }

        return new ServiceComparison(cells, unproven, firstUnproven, firstDifference);
    }

    private enum Outcome
    {
        Allow,
        Deny,
        Ambiguous,
        Unknown,
    }

    private static IEnumerable<(int Rule, ServiceBox Box)> Boxes(ReducedRule rule, int index) =>
        rule.Services.SelectMany(s => s.Boxes).Select(b => (index, b));

    /// <summary>One protocol of each class that the boxes tell apart, with the boxes that hold it, in the order of showing.</summary>
    private static IEnumerable<(byte Protocol, (int Rule, ServiceBox Box)[] Boxes)> ProtocolClasses((int Rule, ServiceBox Box)[] boxes, bool isIPv6)
    {
        var seen = new HashSet<int[]>(IntSequence.Comparer);
        foreach (var protocol in Protocols.Where(p => p != (isIPv6 ? 1 : 58)))
        {
            int[] key =
            [
                .. boxes.Select((b, i) => (b.Box, i)).Where(b => b.Box.Protocols.Contains(protocol)).Select(b => b.i),
                new IPProtocol(protocol).HasPorts ? -1 : protocol is 1 or 58 ? -2 : -3,
            ];
            if (seen.Add(key))
            {
                yield return (protocol, [.. key[..^1].Select(i => boxes[i])]);
            }
        }
    }

    /// <summary>The smallest number of each class that the boxes tell apart, or the usual one in its class, with the boxes that hold it.</summary>
    private static IEnumerable<(int Number, (int Rule, ServiceBox Box)[] Boxes)> NumberClasses(
        (int Rule, ServiceBox Box)[] boxes, Func<ServiceBox, int[]?> line, int low, int high, int usual)
    {
        // From one bound to the next, only the boxes that begin or end there change.
        var active = new SortedSet<int>(Enumerable.Range(0, boxes.Length).Where(i => Contains(line(boxes[i].Box), low)));
        var bounds = boxes.SelectMany((b, i) => (line(b.Box) ?? []).Where(n => n > low && n < high).Select(n => (Number: n, Box: i))).Order().ToList();
        var stretches = new List<(int Start, int[] Boxes)> { (low, [.. active]) };
        for (var i = 0; i < bounds.Count;)
        {
            var start = bounds[i].Number;
            for (; i < bounds.Count && bounds[i].Number == start; i++)
            {
                if (!active.Remove(bounds[i].Box))
                {
                    active.Add(bounds[i].Box);
                }
            }

            stretches.Add((start, [.. active]));
        }

        var ofUsual = stretches.FindLastIndex(s => s.Start <= usual);
        stretches[ofUsual] = (usual, stretches[ofUsual].Boxes);
        return stretches.OrderBy(s => s.Start == usual ? -1 : s.Start)
            .DistinctBy(s => s.Boxes, IntSequence.Comparer)
            .Select(s => (s.Start, s.Boxes.Select(i => boxes[i]).ToArray()));
    }

    private static bool Contains(int[]? runs, int number)
    {
        if (runs is null)
        {
            return true;
        }

        var place = Array.BinarySearch(runs, number);
        return place >= 0 ? place % 2 == 0 : ~place % 2 == 1;
    }

    /// <summary>What a list decides by those of its rules that match: from the last one to the first, what follows when evaluation gets there.</summary>
    private static Outcome Decide(ReducedRule[] rules)
    {
        var from = new Outcome[rules.Length + 1];
        for (var i = rules.Length - 1; i >= 0; i--)
        {
            var rule = rules[i];
            var taken = rule.Effect switch
            {
                Effect.Allow => Outcome.Allow,
                Effect.Deny => Outcome.Deny,
                Effect.Skip => from[NextSection(rules, i)],
                _ => Outcome.Unknown,
            };
            taken = Tie(rules, i) ?? taken;
            from[i] = !rule.IsUncertain || taken == from[i + 1] ? taken : Outcome.Unknown;
        }

        return from[0];
    }

    private static Outcome? Tie(ReducedRule[] rules, int first)
    {
        Outcome? outcome = null;
        for (var i = first + 1; i < rules.Length && rules[first].Rank != 0 && rules[i].Rank == rules[first].Rank; i++)
        {
            if (rules[i].Effect != rules[first].Effect)
            {
                if (!rules[i].IsUncertain && rules[i].Effect != Effect.Undecidable && rules[first].Effect != Effect.Undecidable)
                {
                    return Outcome.Ambiguous;
                }

                outcome = Outcome.Unknown;
            }
        }

        return outcome;
    }

    private static int NextSection(ReducedRule[] rules, int index)
    {
        var next = index + 1;
        while (next < rules.Length && rules[next].Section == rules[index].Section)
        {
            next++;
        }

        return next;
    }
}
