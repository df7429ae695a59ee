using Antrea.Migration.Internal;

namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>A Calico Tier.</summary>
/// <param name="Name">The name.</param>
/// <param name="Order">The order; <see cref="DefaultOrder"/> where the object has none, as Felix reads it.</param>
/// <param name="EndsInPass">Whether <c>defaultAction</c> is exactly <c>Pass</c>; otherwise the tier ends in Deny.</param>
internal sealed record CalicoTier(string Name, double Order, bool EndsInPass)
{
    /// <summary>The tier of policies that name none.</summary>
    public const string DefaultName = "default";

    /// <summary>The order of tier <c>default</c>, and of tiers without one.</summary>
    public const double DefaultOrder = 1_000_000;

    /// <summary>The first release that has tiers; before, all policies are in the default one.</summary>
    public static readonly ReleaseVersion Since = new(3, 29);

    /// <summary>The built-in tier.</summary>
    public static readonly CalicoTier Default = new(DefaultName, DefaultOrder, EndsInPass: false);
}
