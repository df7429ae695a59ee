using System.Collections.Immutable;

namespace Antrea.Migration.Addressing;

/// <summary>How <see cref="AddressAnalyzer"/> judges.</summary>
public sealed class AddressAnalysisOptions
{
    /// <summary>The seed's own limit: a quarter of the Nodes.</summary>
    public const decimal DefaultSmallOverlapThreshold = 0.25m;

    /// <summary>Up to which share of all Nodes an overlap is small, from 0 to 1, inclusive; default 0.25.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below 0 or above 1.</exception>
    public decimal SmallOverlapThreshold
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 1m);
            field = value;
        }
    } = DefaultSmallOverlapThreshold;

    /// <summary>Networks outside the cluster that its Nodes have routes for, as far as the caller knows them; default none.
    /// Default routes are left aside.</summary>
    public ImmutableArray<Cidr> ExternalRoutes { get; init; } = [];
}
