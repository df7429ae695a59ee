using System.Globalization;

namespace Antrea.Migration.Connectivity;

/// <summary>How many requests failed for one cause.</summary>
/// <param name="Cause">The cause.</param>
/// <param name="Count">How many.</param>
/// <param name="FirstDetail">The detail of the first of them.</param>
public sealed record ProbeFailureCount(ProbeFailureCause Cause, long Count, string FirstDetail)
{
    /// <summary>For example <c>1002 × DNS</c>: what is counted cannot be taken for a status of it.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Count} × {Cause.ToDisplayName()}");
}
