using System.Collections.Immutable;

namespace Antrea.Migration.Connectivity;

/// <summary>What has changed between two trials of one cluster.</summary>
/// <remarks>Pods are made anew under other names; so connections are compared by the workloads and Nodes at their ends, and by port. Where several
/// Pods of a workload share a Node, all of them count: a connection is open when all of them are. What was tried on one side only
/// is counted and no change: a sample differs, a Pod has moved to another Node.</remarks>
/// <param name="Changes">The connections that have changed, in the later matrix's order. Compared by reference in equality.</param>
/// <param name="Compared">How many connections were tried on both sides.</param>
/// <param name="OnlyEarlier">How many were tried on the earlier side only.</param>
/// <param name="OnlyLater">How many were tried on the later side only.</param>
public sealed record MatrixComparison(ImmutableArray<MatrixChange> Changes, int Compared, int OnlyEarlier, int OnlyLater)
{
    /// <summary>Compares what was tried earlier with what was tried later.</summary>
    public static MatrixComparison Compare(ConnectivityMatrix earlier, ConnectivityMatrix later)
    {
        ArgumentNullException.ThrowIfNull(earlier);
        ArgumentNullException.ThrowIfNull(later);
        var before = Tried(earlier);
        var after = Tried(later);
        var both = after.Keys.Where(before.ContainsKey).ToList();
        return new MatrixComparison(
            [.. both.Where(k => before[k].All(c => c.IsOpen) != after[k].All(c => c.IsOpen)).Select(k => new MatrixChange(Telling(before[k]), Telling(after[k])))],
            both.Count,
            before.Count - both.Count,
            after.Count - both.Count);
    }

    private static Dictionary<(string, string, string, string, int), List<MatrixCell>> Tried(ConnectivityMatrix matrix) => matrix.Cells
        .Where(c => c.Outcome is not null)
        .GroupBy(c => (c.Pair.Source.Workload, c.Pair.Source.Node, c.Pair.Destination.Workload, c.Pair.Destination.Node, c.Pair.Port))
        .ToDictionary(g => g.Key, g => g.ToList());

    /// <summary>Of several Pods' connections the one that decides.</summary>
    private static MatrixCell Telling(List<MatrixCell> cells) => cells.Find(c => !c.IsOpen) ?? cells[0];
}

/// <summary>A connection that was open and is not, or the other way round.</summary>
/// <param name="Earlier">What became of it then.</param>
/// <param name="Later">What became of it now.</param>
public sealed record MatrixChange(MatrixCell Earlier, MatrixCell Later)
{
    /// <summary>For example <c>shop/web → shop/db TCP 5432: open, now closed (timeout)</c>.</summary>
    public override string ToString() =>
        $"{Later.Pair.Source} → {Later.Pair.Destination} TCP {Later.Pair.Port}: {Word(Earlier)}, now {Word(Later)}";

    private static string Word(MatrixCell cell) => cell.IsOpen ? "open" : $"closed ({cell.Outcome!.Cause.ToDisplayName()})";
}
