using System.Collections.Immutable;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Routing.Reachability;
using Antrea.Migration.Tests.House;

namespace Antrea.Migration.Tests.Connectivity;

/// <summary>What becomes of a matrix afterwards: tables, comparisons, JSON.</summary>
public class MatrixViewTests
{
    private static readonly ProbeOutcome Lost = new(ProbeFailureCause.Timeout, "no connection within 2s");
    private static readonly MatrixExpectation Allow = new(MatrixVerdict.Allow, "");
    private static readonly MatrixExpectation Deny = new(MatrixVerdict.Deny, "rule 3");

    [Test]
    public void Table_ManyNodesThatSayTheSame_IsOneRowAndOneColumn()
    {
        var ends = Nodes(20);
        var table = MatrixTable.Of(Matrix(ends, (_, to) => to.Node == "n7" ? (Deny, Lost) : (Allow, ProbeOutcome.Success)), MatrixGrouping.Node);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(table.Rows.Select(r => r.Length), Is.EqualTo([20]), "that nobody connects to itself makes no difference");
            Assert.That(table.Columns.Select(c => c.Length), Is.EqualTo([19, 1]));
            Assert.That(table.Cells[0].Select(MatrixTable.Say), Is.EqualTo([".", "x"]));
        }
    }

    [TestCase(2, 0, 0, 0, ExpectedResult = ".")]
    [TestCase(0, 2, 0, 0, ExpectedResult = "x")]
    [TestCase(1, 1, 0, 0, ExpectedResult = "~")]
    [TestCase(1, 1, 1, 1, ExpectedResult = "!")]
    [TestCase(1, 1, 0, 1, ExpectedResult = "?")]
    public string Say_OfACell(int open, int closed, int unexpected, int notTried) => MatrixTable.Say(new MatrixTableCell(open, closed, unexpected, notTried));

    [Test]
    public void Compare_PodsMadeAnew_AreTheSameByWorkloadAndNode()
    {
        var before = Nodes(3);
        var after = before.Select(e => e with { Name = e.Name + "-new", Address = "10.9.9.9" }).ToImmutableArray();
        var comparison = MatrixComparison.Compare(
            Matrix(before, (_, _) => (Allow, ProbeOutcome.Success)),
            Matrix(after[..2], (from, _) => (Allow, from.Node == "n0" ? Lost : ProbeOutcome.Success)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(comparison.Changes.Select(c => c.ToString()), Is.EqualTo(["shop/web-0-new → shop/web-1-new TCP 80: open, now closed (timeout)"]));
            Assert.That((comparison.Compared, comparison.OnlyEarlier, comparison.OnlyLater), Is.EqualTo((2, 4, 0)));
        }
    }

    [Test]
    public void Compare_WithItself_FindsNothing()
    {
        var matrix = Matrix(Nodes(4), (from, to) => (Allow, from.Node == to.Node ? Lost : ProbeOutcome.Success));
        Assert.That(MatrixComparison.Compare(matrix, matrix).Changes, Is.Empty);
    }

    [Test]
    public void Json_ReadBack_IsWhatWasWritten()
    {
        var matrix = Full();
        var read = MatrixJson.Parse(MatrixJson.Format(matrix).ToJsonString(), "file");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(MatrixJson.Format(read).ToJsonString(), Is.EqualTo(MatrixJson.Format(matrix).ToJsonString()));
            Assert.That(read.Cells.Select(c => c.Judgement), Is.EqualTo(matrix.Cells.Select(c => c.Judgement)));
        }
    }

    [TestCase("{}", "is not a matrix of version 1")]
    [TestCase("[", "is not a matrix as")]
    [TestCase("""{"schema": "antrea-migration/matrix", "version": 2}""", "its version '2'")]
    [TestCase("""{"schema": "antrea-migration/matrix", "version": 1}""", "file is not a matrix as 'matrix -o json' writes it: a member is missing")]
    [TestCase("""{"schema": "antrea-migration/matrix", "version": 1, "time": "2023-10-14T12:00:00Z", "selection": "", "endpoints": [], "connections": [{"from": 1}]}""", "file is not a matrix as")]
    public void Json_OfSomethingElse_IsRefusedByName(string text, string part) =>
        Assert.That(() => MatrixJson.Parse(text, "file"), Throws.TypeOf<FormatException>().With.Message.Contains(part));

    /// <summary>What is written is described, and what is described is written.</summary>
    [Test]
    public void Json_Members_AreThoseOfTheDocument()
    {
        var earlier = Matrix(Nodes(2), (_, _) => (Allow, Lost));
        var written = MembersOf(MatrixJson.Format(Full(), MatrixComparison.Compare(earlier, Full())), "").ToHashSet();
        var described = File.ReadLines(Repository.At("docs", "matrix-json.md")).Where(l => l.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(l => Described(l.Split('|')[1]))
            .Concat(Enum.GetNames<MatrixJudgement>().Select(n => $"counts.{char.ToLowerInvariant(n[0])}{n[1..]}"))
            .Concat(new[] { "source", "destination", "port", "was", "is", "cause" }.Select(n => $"comparison.changes[].{n}"))
            .ToHashSet();
        Assert.That(written, Is.EquivalentTo(described));
    }

    private static IEnumerable<string> Described(string cell)
    {
        var prefix = "";
        foreach (Match name in Regex.Matches(cell, "`([^`]+)`"))
        {
            var text = name.Groups[1].Value;
            text = text[0] == '.' ? prefix + text : text;
            prefix = text.Contains('.', StringComparison.Ordinal) ? text[..text.LastIndexOf('.')] : "";
            yield return text;
        }
    }

    private static IEnumerable<string> MembersOf(JsonNode? node, string path) => node switch
    {
        JsonObject json => json.SelectMany(m =>
        {
            var own = path.Length == 0 ? m.Key : $"{path}.{m.Key}";
            return m.Value is JsonArray array && array.Any(i => i is JsonObject)
                ? array.SelectMany(i => MembersOf(i, $"{own}[]")).Append($"{own}[]")
                : MembersOf(m.Value, own).Append(own);
        }),
        _ => [],
    };

    private static ConnectivityMatrix Full()
    {
        ImmutableArray<MatrixEndpoint> ends = [.. Nodes(2), .. Nodes(3)[2..].Select(e => e with { Network = PodNetworkKind.Multus, NodeClass = "worker" })];
        var matrix = Matrix(ends, (from, to) => from.Node == "n0" ? (Deny, ProbeOutcome.Success) : (Allow, to.Node == "n2" ? Lost : ProbeOutcome.Success));
        return matrix with { Cells = [.. matrix.Cells, new MatrixCell(new MatrixPair(ends[0], ends[1], 81), MatrixExpectation.None, null, "the Pod is gone")] };
    }

    private static ImmutableArray<MatrixEndpoint> Nodes(int count) =>
        [.. Enumerable.Range(0, count).Select(i => MatrixProberTests.End($"shop/web-{i}", $"n{i}", 80) with { Workload = "shop/web" })];

    private static ConnectivityMatrix Matrix(
        ImmutableArray<MatrixEndpoint> ends, Func<MatrixEndpoint, MatrixEndpoint, (MatrixExpectation, ProbeOutcome)> tell) =>
        new(
            new DateTimeOffset(2023, 10, 14, 12, 0, 0, TimeSpan.Zero),
            "all to all",
            ends,
            [.. MatrixPairs.AllToAll(ends).Select(p => (Pair: p, Told: tell(p.Source, p.Destination))).Select(p => new MatrixCell(p.Pair, p.Told.Item1, p.Told.Item2, ""))]);
}
