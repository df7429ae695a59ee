using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.Connectivity;

namespace Antrea.Migrator.Output;

/// <summary>What <c>matrix</c> prints for people. The JSON is <see cref="MatrixJson"/>.</summary>
internal static class MatrixOutput
{
    private const int MostNames = 3;
    private const int MostLines = 20;

    public static void Write(
        TextWriter output, ConnectivityMatrix matrix, MatrixComparison? comparison, ImmutableArray<string> notes, MatrixGrouping grouping)
    {
        var open = matrix.Cells.Count(c => c.IsOpen);
        output.WriteLine(Text(
            $"{matrix.Selection}: {matrix.Cells.Length} connections between {matrix.Endpoints.Length} Pods, {open} open, {matrix.Cells.Count(c => c.Outcome is not null) - open} closed"));
        var table = MatrixTable.Of(matrix, grouping);
        WriteTable(output, table);
        output.WriteLine(". open  x closed  ~ both, all as expected   ! against what is expected   ? could not be tried");
        foreach (var note in notes)
        {
            output.WriteLine(note);
        }

        WriteCells(output, matrix, MatrixJudgement.OpenedAgainstExpectation, "Denied, and yet they get through:");
        WriteCells(output, matrix, MatrixJudgement.ClosedAgainstExpectation, "Allowed, and yet they do not get through:");
        WriteCells(output, matrix, MatrixJudgement.NotTried, "Could not be tried:");
        output.WriteLine(Text(
            $"{matrix.Count(MatrixJudgement.AsExpected)} as expected, {matrix.Count(MatrixJudgement.OpenedAgainstExpectation) + matrix.Count(MatrixJudgement.ClosedAgainstExpectation)} against it, {matrix.Count(MatrixJudgement.NotJudged)} without an expectation, {matrix.Count(MatrixJudgement.NotTried)} not tried"));
        if (comparison is not null)
        {
            output.WriteLine(Text(
                $"Since the earlier matrix {comparison.Changes.Length} of {comparison.Compared} connections have changed; {comparison.OnlyEarlier} were tried only then, {comparison.OnlyLater} only now"));
            WriteLines(output, comparison.Changes.Select(c => c.ToString()), comparison.Changes.Length);
        }
    }

    private static void WriteTable(TextWriter output, MatrixTable table)
    {
        var text = new TextTable(["from \\ to", .. table.Columns.Select((_, i) => Text($"{i + 1}"))]);
        foreach (var (row, i) in table.Rows.Select((row, i) => (row, i)))
        {
            text.Add([Names(row), .. table.Cells[i].Select(MatrixTable.Say)]);
        }

        text.WriteTo(output);
        foreach (var (column, i) in table.Columns.Select((column, i) => (column, i)))
        {
            output.WriteLine(Text($"  {i + 1} = {Names(column)}"));
        }
    }

    private static void WriteCells(TextWriter output, ConnectivityMatrix matrix, MatrixJudgement judgement, string heading)
    {
        var count = matrix.Count(judgement);
        if (count > 0)
        {
            output.WriteLine(heading);
            WriteLines(output, matrix.Cells.Where(c => c.Judgement == judgement).Select(c => c.ToString()), count);
        }
    }

    private static void WriteLines(TextWriter output, IEnumerable<string> lines, int count)
    {
        foreach (var line in lines.Take(MostLines))
        {
            output.WriteLine($"  {line}");
        }

        if (count > MostLines)
        {
            output.WriteLine(Text($"  … and {count - MostLines} more; -o json has all of them"));
        }
    }

    private static string Names(ImmutableArray<string> names) =>
        string.Join(", ", names.Take(MostNames)) + (names.Length > MostNames ? Text($", … ({names.Length})") : "");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
