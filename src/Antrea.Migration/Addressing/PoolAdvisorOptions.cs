using System.Collections.Immutable;

namespace Antrea.Migration.Addressing;

/// <summary>How <see cref="PoolAdvisor"/> chooses.</summary>
public sealed class PoolAdvisorOptions
{
    /// <summary>As many addresses again as are needed today.</summary>
    public const int DefaultHeadRoomPercent = 100;

    /// <summary>Ranges that must not be touched, beside what the cluster is known to use; default none.</summary>
    public ImmutableArray<Cidr> Exclude { get; init; } = [];

    /// <summary>How many addresses to have beyond those needed today, in percent of them, 0 to 10,000; default 100.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is below 0 or above 10,000.</exception>
    public int HeadRoomPercent
    {
        get;
        init
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, 10_000);
            field = value;
        }
    } = DefaultHeadRoomPercent;

    /// <summary>Where to look; for tests with a small universe. Null for the private ranges.</summary>
    internal ImmutableArray<PoolRange>? Ranges { get; init; }
}
