using System.Collections.Immutable;

namespace Antrea.Migration.Findings;

/// <summary>The order in which findings are reported.</summary>
internal static class FindingOrder
{
    /// <summary>The weightiest first, then by id, subject and evidence.</summary>
    public static ImmutableArray<Finding> InOrder(this IEnumerable<Finding> findings) =>
    [
        .. findings.OrderByDescending(f => f.Severity)
            .ThenBy(f => f.Id, StringComparer.Ordinal)
            .ThenBy(f => f.Subject, StringComparer.Ordinal)
            .ThenBy(f => f.Evidence, StringComparer.Ordinal),
    ];
}
