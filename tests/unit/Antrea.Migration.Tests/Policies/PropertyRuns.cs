using System.Globalization;

namespace Antrea.Migration.Tests.Policies;

/// <summary>How many random policy sets are looked at.</summary>
/// <remarks><c>ANTREA_MIGRATION_PROPERTY_RUNS</c> multiplies the number: 100 is a night's work. CsCheck prints the seed of the set that fails, with
/// which <c>CsCheck_Seed</c> begins the next run.</remarks>
internal static class PropertyRuns
{
    public static readonly int Factor =
        int.TryParse(Environment.GetEnvironmentVariable("ANTREA_MIGRATION_PROPERTY_RUNS"), CultureInfo.InvariantCulture, out var runs) ? runs : 1;
}
