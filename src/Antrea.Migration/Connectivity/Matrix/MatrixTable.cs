using System.Collections.Immutable;
using System.Globalization;

namespace Antrea.Migration.Connectivity;

/// <summary>How the endpoints of a matrix are put together for a truth table.</summary>
public enum MatrixGrouping
{
    /// <summary>All Pods of a Node are one.</summary>
    Node,

    /// <summary>All Pods of a workload on one network are one.</summary>
    Class,

    /// <summary>Every Pod by itself.</summary>
    Pod,
}

/// <summary>What is said of all connections of a group of senders to a group of receivers.</summary>
/// <param name="Open">How many were made.</param>
/// <param name="Closed">How many were not.</param>
/// <param name="Unexpected">How many of either are against what was expected.</param>
/// <param name="NotTried">How many could not be tried.</param>
public sealed record MatrixTableCell(int Open, int Closed, int Unexpected, int NotTried);

/// <summary>A matrix as a truth table: senders down, receivers with their ports across. Rows that are equal are one row, and so are columns.</summary>
/// <param name="Rows">The names in each row. Compared by reference in equality.</param>
/// <param name="Columns">The names in each column. Compared by reference in equality.</param>
/// <param name="Cells">By row, then column; null where nothing was asked. Compared by reference in equality.</param>
public sealed record MatrixTable(
    ImmutableArray<ImmutableArray<string>> Rows, ImmutableArray<ImmutableArray<string>> Columns, ImmutableArray<ImmutableArray<MatrixTableCell?>> Cells)
{
    /// <summary>Draws the table of a matrix.</summary>
    public static MatrixTable Of(ConnectivityMatrix matrix, MatrixGrouping grouping)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        var places = matrix.Cells
            .GroupBy(c => (Row: GroupOf(c.Pair.Source, grouping), Column: ColumnOf(c.Pair, grouping)))
            .ToDictionary(g => g.Key, g => new MatrixTableCell(
                g.Count(c => c.IsOpen),
                g.Count(c => c is { IsOpen: false, Outcome: not null }),
                g.Count(c => c.Judgement is MatrixJudgement.OpenedAgainstExpectation or MatrixJudgement.ClosedAgainstExpectation),
                g.Count(c => c.Outcome is null)));
        List<string> rows = [.. places.Keys.Select(k => k.Row).Distinct().Order(StringComparer.Ordinal)];
        List<string> columns = [.. places.Keys.Select(k => k.Column).Distinct().Order(StringComparer.Ordinal)];

        var mergedRows = Merge(rows, r => [.. columns.Select(c => Say(places.GetValueOrDefault((r, c))))]);
        var mergedColumns = Merge(columns, c => [.. mergedRows.Select(row => Say(Sum(row.Select(r => places.GetValueOrDefault((r, c))))))]);
        return new MatrixTable(
            [.. mergedRows.Select(r => r.ToImmutableArray())],
            [.. mergedColumns.Select(c => c.ToImmutableArray())],
            [.. mergedRows.Select(r => mergedColumns.Select(c => Sum(from row in r from column in c select places.GetValueOrDefault((row, column)))).ToImmutableArray())]);
    }

    /// <summary>What a cell says, in a sign: <c>.</c> open, <c>x</c> closed, <c>~</c> both, each as expected; <c>!</c> something
    /// against what was expected, <c>?</c> something that could not be tried; empty where nothing was asked.</summary>
    public static string Say(MatrixTableCell? cell) => cell switch
    {
        null => "",
        { Unexpected: > 0 } => "!",
        { NotTried: > 0 } => "?",
        { Open: > 0, Closed: > 0 } => "~",
        { Open: > 0 } => ".",
        _ => "x",
    };

    /// <summary>Puts together what says the same, in signs and not in numbers, wherever both say anything: a Pod that does not connect to itself
    /// is no other for it, and neither is one of which a sample asked other things.</summary>
    private static List<List<string>> Merge(List<string> names, Func<string, string[]> say)
    {
        List<(List<string> Names, string[] Said)> groups = [];
        foreach (var name in names)
        {
            var said = say(name);
            var alike = groups.FindIndex(g => g.Said.Zip(said).All(p => p.First.Length == 0 || p.Second.Length == 0 || p.First == p.Second));
            if (alike < 0)
            {
                groups.Add(([name], said));
                continue;
            }

            groups[alike].Names.Add(name);
            for (var i = 0; i < said.Length; i++)
            {
                groups[alike].Said[i] = groups[alike].Said[i].Length == 0 ? said[i] : groups[alike].Said[i];
            }
        }

        return [.. groups.Select(g => g.Names)];
    }

    private static MatrixTableCell? Sum(IEnumerable<MatrixTableCell?> cells) => cells.Aggregate((sum, cell) =>
        sum is null || cell is null
            ? sum ?? cell
            : new MatrixTableCell(sum.Open + cell.Open, sum.Closed + cell.Closed, sum.Unexpected + cell.Unexpected, sum.NotTried + cell.NotTried));

    private static string ColumnOf(MatrixPair pair, MatrixGrouping grouping) => grouping == MatrixGrouping.Node
        ? pair.Destination.Node
        : string.Create(CultureInfo.InvariantCulture, $"{GroupOf(pair.Destination, grouping)}:{pair.Port}");

    private static string GroupOf(MatrixEndpoint endpoint, MatrixGrouping grouping) => grouping switch
    {
        MatrixGrouping.Node => endpoint.Node,
        MatrixGrouping.Class => endpoint.PodClass,
        _ => endpoint.Name,
    };
}
