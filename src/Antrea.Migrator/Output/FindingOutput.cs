using Antrea.Migration.Findings;

namespace Antrea.Migrator.Output;

/// <summary>Findings for people, the blocking ones first.</summary>
internal static class FindingOutput
{
    /// <summary>Every finding, or only those that somebody must judge, and the count of all.</summary>
    public static void WriteFindings(this TextWriter output, IReadOnlyCollection<Finding> findings, bool notes = true)
    {
        foreach (var finding in findings.Where(f => notes || f.Severity > Severity.Info).OrderByDescending(f => f.Severity))
        {
            output.WriteLine($"{finding.Severity.ToString().ToUpperInvariant(),-7} {finding.Id}  {finding.Subject}");
            output.WriteLine($"        {finding.Evidence}");
            output.WriteLine($"        → {finding.Remedy}");
        }

        output.WriteLine(
            $"{findings.Count(f => f.Severity == Severity.Blocker)} blocking, "
            + $"{findings.Count(f => f.Severity == Severity.Warning)} warnings, {findings.Count(f => f.Severity == Severity.Info)} notes"
            + (notes ? "" : " (see 'antrea-migrator check')"));
    }
}
