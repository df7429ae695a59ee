using System.Collections.Immutable;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Addressing;

/// <summary>What <see cref="PoolAdvisor"/> advises.</summary>
public sealed record PoolAdvice
{
    /// <summary>Ranges for a new IPPool, IPv4 first, of each family the best first; one of them is enough for the family. Empty when no
    /// Calico address and no pool touches a PodCIDR.</summary>
    public required ImmutableArray<SuggestedPool> Pools { get; init; }

    /// <summary>A family for which there is no room.</summary>
    public required ImmutableArray<Finding> Findings { get; init; }
}
