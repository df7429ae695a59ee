using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Gives each Calico tier that needs one an Antrea tier of its own, in the same order; or all of them one, when there are too many.</summary>
/// <remarks>
/// Calico's first deciding rule ends evaluation and so does Antrea's; a tier's implicit Deny is explicit. So it is all the same whether tiers
/// follow each other as Antrea tiers, or as ranges of priorities in one. Priorities lie between Antrea's platform (200) and
/// application (250), with gaps; 220 is left to upstream ClusterNetworkPolicies (Antrea v2.7). A tier keeps the priority that an
/// earlier run gave it, for Antrea does not let it change. Source: Antrea <c>pkg/controller/networkpolicy/validate.go</c>.
/// </remarks>
internal sealed class TierAssignment
{
    /// <summary>How many tiers Antrea takes besides its own six.</summary>
    public const int MaxTiers = 14;

    private const string PackedName = "calico-tiers";
    private const int First = 201;
    private const int Last = 249;
    private const int Upstream = 220;

    private readonly Dictionary<string, AntreaTier> _tiers = new(StringComparer.Ordinal);
    private readonly List<Finding> _findings = [];

    /// <param name="used">The Calico tiers that need one, in evaluation order.</param>
    /// <param name="snapshot">Where Antrea's own tiers are found, if it is installed.</param>
    public TierAssignment(IReadOnlyList<CalicoTier> used, ClusterSnapshot snapshot)
    {
        var builtIn = AntreaTier.BuiltIn.Select(t => t.Name).ToHashSet(StringComparer.Ordinal);
        var existing = snapshot.OfKind("crd.antrea.io", "Tier")
            .Where(t => !builtIn.Contains(t.Name))
            .DistinctBy(t => t.Name)
            .OrderBy(t => t.Name, StringComparer.Ordinal)
            .Select(t => (Object: t, AntreaPolicyReader.ReadTier(t).Priority))
            .ToList();
        var names = used.Select(PolicyNames.Of).ToList();
        if (names.Count > Room(existing, names))
        {
            names = [PackedName];
            if (Room(existing, names) == 0)
            {
                _findings.Add(PolicyCode.TierLimit.On("Tier/default", $"{existing.Count} tiers are there already, and Antrea takes {MaxTiers} besides its own"));
                return;
            }

            _findings.Add(PolicyCode.TiersPacked.On(
                $"Tier/{PackedName}",
                string.Create(CultureInfo.InvariantCulture, $"{used.Count} tiers of Calico's, more than Antrea has room for, become ranges of priorities in one")));
        }

        var tiers = Assign(names, existing);
        foreach (var (tier, i) in used.Select((t, i) => (t, i)))
        {
            _tiers[tier.Name] = names.Count == used.Count ? tiers[i] : tiers[0];
        }

        Tiers = [.. tiers.Zip(names.Count == used.Count ? used.Select(PolicyNames.Origin) : [string.Join(", ", used.Select(PolicyNames.Origin))])];
    }

    /// <summary>The Antrea tiers in order, each with what it is made from.</summary>
    public ImmutableArray<(AntreaTier Tier, string Origin)> Tiers { get; } = [];

    public IReadOnlyList<Finding> Findings => _findings;

    /// <summary>The Antrea tier; null when there was none left.</summary>
    public AntreaTier? For(CalicoTier tier) => _tiers.GetValueOrDefault(tier.Name);

    /// <summary>How many of these tiers Antrea takes beside others that are there.</summary>
    private static int Room(List<(ClusterObject Object, int Priority)> existing, List<string> names) =>
        Math.Max(0, MaxTiers - existing.Where(t => !names.Contains(t.Object.Name)).Select(t => t.Priority).Distinct().Count());

    /// <summary>A priority for each name, ascending: the one it has, or a free one between those of its neighbours.</summary>
    private List<AntreaTier> Assign(List<string> names, List<(ClusterObject Object, int Priority)> existing)
    {
        var taken = existing.Where(t => !names.Contains(t.Object.Name)).Select(t => t.Priority).Append(Upstream).ToHashSet();
        var kept = existing.Where(t => names.Contains(t.Object.Name)).ToDictionary(t => t.Object.Name, StringComparer.Ordinal);
        foreach (var foreign in kept.Values.Where(t => !ClusterCheck.IsOurs(t.Object)))
        {
            _findings.Add(PolicyCode.TierName.On(foreign.Object.ToString(), "a tier of the name that is needed, which was not made here"));
        }

        var assigned = new List<AntreaTier>();
        var last = First - 1;
        while (assigned.Count < names.Count)
        {
            var open = names.Skip(assigned.Count).TakeWhile(n => !kept.ContainsKey(n)).ToList();
            var next = names.Skip(assigned.Count + open.Count).FirstOrDefault();
            var limit = next is null ? Last + 1 : kept[next].Priority;
            var free = Free(last, limit, open.Count, taken);
            assigned.AddRange(open.Select((name, i) => new AntreaTier(name, i < free.Count ? free[i] : last)));
            if (next is not null)
            {
                assigned.Add(new AntreaTier(next, limit));
            }

            if (free.Count < open.Count || limit <= last)
            {
                _findings.Add(PolicyCode.TierPriority.On(
                    $"Tier/{next ?? open[0]}", $"priorities of earlier runs leave no room for {string.Join(", ", open.DefaultIfEmpty(next!))} behind {last}"));
            }

            last = Math.Max(last, limit);
        }

        return assigned;
    }

    /// <summary>So many priorities between two, with gaps where there is room for them.</summary>
    private static List<int> Free(int after, int before, int count, HashSet<int> taken)
    {
        var free = Enumerable.Range(after + 1, Math.Max(0, before - after - 1)).Where(p => !taken.Contains(p)).ToList();
        var spaced = free.Where(p => p % 3 == 1).ToList();
        return (spaced.Count >= count ? spaced : free).Take(count).ToList();
    }
}
