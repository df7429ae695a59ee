using System.Collections.Immutable;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Gives each Calico tier that holds a policy an Antrea tier of its own, in the same order.</summary>
/// <remarks>
/// Calico's first deciding rule ends evaluation and so does Antrea's; a tier's implicit Deny becomes explicit. All tiers come before
/// Kubernetes NetworkPolicies, which <see cref="KubernetesPolicyCheck"/> guards. Priorities lie between Antrea's platform (200) and
/// application (250), with gaps; 220 is left to upstream ClusterNetworkPolicies (Antrea v2.7).
/// </remarks>
internal sealed class TierAssignment
{
    private static readonly ImmutableArray<int> Priorities = [202, 205, 208, 211, 214, 217, 221, 224, 227, 230, 233, 236, 239, 242];

    private readonly Dictionary<string, AntreaTier> _tiers = new(StringComparer.Ordinal);
    private readonly List<Finding> _findings = [];

    /// <param name="used">The Calico tiers that hold policies, in evaluation order.</param>
    /// <param name="snapshot">Where Antrea's own tiers are found, if it is installed.</param>
    public TierAssignment(IEnumerable<CalicoTier> used, ClusterSnapshot snapshot)
    {
        var existing = snapshot.OfKind("crd.antrea.io", "Tier").DistinctBy(t => t.Name).ToDictionary(t => t.Name, StringComparer.Ordinal);
        var foreign = existing.Values
            .Where(t => !ClusterCheck.IsOurs(t))
            .Select(t => AntreaPolicyReader.ReadTier(t).Priority)
            .ToHashSet();
        var free = new Queue<int>(Priorities.Where(p => !foreign.Contains(p)));
        foreach (var tier in used)
        {
            if (!free.TryDequeue(out var priority))
            {
                _findings.Add(PolicyCode.TierLimit.On($"Tier/{tier.Name}", $"no Antrea tier is left for it; {_tiers.Count} were given out"));
                continue;
            }

            var assigned = new AntreaTier($"calico-{tier.Name}", priority);
            _tiers[tier.Name] = assigned;
            if (existing.TryGetValue(assigned.Name, out var old) && AntreaPolicyReader.ReadTier(old).Priority is var was && was != priority)
            {
                _findings.Add(PolicyCode.TierPriority.On(old.ToString(), $"its priority is {was}, and {priority} is needed now"));
            }
        }
    }

    public IReadOnlyList<Finding> Findings => _findings;

    /// <summary>The Antrea tier; null when there was none left.</summary>
    public AntreaTier? For(string calicoTier) => _tiers.GetValueOrDefault(calicoTier);
}
