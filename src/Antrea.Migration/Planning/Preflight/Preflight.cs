using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>Looks for everything in a cluster that speaks against a migration, or that somebody should know before it.</summary>
/// <remarks>Reads the snapshot only, changes nothing, and never stops at the first finding.</remarks>
public static class Preflight
{
    /// <summary>The id of the finding that says an ignored id matches nothing.</summary>
    public const string IgnoredIdUnmatched = "ignored-id-unmatched";

    /// <summary>Checks the snapshot.</summary>
    /// <param name="snapshot">The cluster.</param>
    /// <param name="options">What else there is to know; defaults when null.</param>
    /// <returns>All findings, what was found while reading included: blockers first, then by id and subject.</returns>
    public static ImmutableArray<Finding> Check(ClusterSnapshot snapshot, PreflightOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        options ??= new PreflightOptions();
        var context = new PreflightContext(snapshot, options);
        return Judge(snapshot.ReadFindings.Concat(PreflightRules.All.SelectMany(rule => rule(context))), options.IgnoredFindings);
    }

    /// <summary>Applies what the operator has judged to findings from anywhere, and sorts them as <see cref="Check"/> does.</summary>
    internal static ImmutableArray<Finding> Judge(IEnumerable<Finding> findings, ImmutableArray<string> ignored)
    {
        var judged = findings.Select(f => ignored.Contains(f.Id) ? Ignored(f) : f).ToList();
        judged.AddRange(ignored
            .Distinct(StringComparer.Ordinal)
            .Where(id => judged.All(f => f.Id != id))
            .Select(id => new Finding(
                IgnoredIdUnmatched,
                Severity.Info,
                $"Option/{id}",
                $"'{id}' is to be ignored, but nothing with this id was found.",
                "Check the spelling, or leave the id out.")));
        return
        [
            .. judged
                .OrderByDescending(f => f.Severity)
                .ThenBy(f => f.Id, StringComparer.Ordinal)
                .ThenBy(f => f.Subject, StringComparer.Ordinal)
                .ThenBy(f => f.Evidence, StringComparer.Ordinal),
        ];
    }

    private static Finding Ignored(Finding finding) => finding.Severity == Severity.Blocker
        ? finding with { Severity = Severity.Info, Evidence = $"{finding.Evidence} (A blocker, ignored on request.)" }
        : finding;
}
