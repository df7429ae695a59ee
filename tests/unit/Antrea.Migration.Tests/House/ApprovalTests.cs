using System.Text.RegularExpressions;
using CsCheck;

namespace Antrea.Migration.Tests.House;

public class ApprovalTests
{
    private string _folder = "";

    private string ApprovedPath => Path.Combine(_folder, "Approved", "Plan.Simple.approved.txt");

    private string ReceivedPath => Path.Combine(_folder, "Approved", "Plan.Simple.received.txt");

    [SetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("antrea-approval-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Verify_ATextInTheTree_IsFoundByTheCallersFile() => Approval.Verify("One line,\nand another.\n");

    [Test]
    public void Verify_AnotherText_FailsWithTheDifference()
    {
        var failure = Assert.Throws<AssertionException>(
            () => Approval.Verify("One line,\r\nand a third.", nameof(Verify_ATextInTheTree_IsFoundByTheCallersFile)));
        Assert.That(failure?.Message, Does.Contain(
            "--- Approval.Verify_ATextInTheTree_IsFoundByTheCallersFile.approved.txt\n+++ this run\n"
            + "@@ -1,2 +1,2 @@\n One line,\n-and another.\n+and a third.\n"));
    }

    [Test]
    public void PathOf_AFileInAFolder_IsTheProjectsApprovedFolder()
    {
        File.WriteAllText(Path.Combine(_folder, "Some.Tests.csproj"), "");
        var tests = Directory.CreateDirectory(Path.Combine(_folder, "Planning"));
        Assert.That(Approval.PathOf("Simple", Path.Combine(tests.FullName, "PlanTests.cs")), Is.EqualTo(ApprovedPath));
    }

    [Test]
    public void Difference_WithoutAnApprovedText_SaysSoAndWritesNothing()
    {
        var difference = Approval.Difference("a\n", ApprovedPath, ApprovalMode.Compare);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                difference, Does.Contain("does not exist yet").And.Contain("ANTREA_MIGRATION_APPROVE=1").And.Contain("\n+a\n"));
            Assert.That(Directory.EnumerateFileSystemEntries(_folder), Is.Empty);
        }
    }

    [Test]
    public void Difference_WhenAskedToKeep_WritesTheReceivedTextBesideTheApprovedOne()
    {
        var difference = Approval.Difference("a", ApprovedPath, ApprovalMode.Keep);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(difference, Is.Not.Null);
            Assert.That(File.ReadAllText(ReceivedPath), Is.EqualTo("a\n"));
            Assert.That(ApprovedPath, Does.Not.Exist);
        }
    }

    [Test]
    public void Difference_WhenAskedToApprove_RewritesAndForgetsWhatWasReceived()
    {
        Approval.Difference("old", ApprovedPath, ApprovalMode.Keep);
        var difference = Approval.Difference("new\r\n", ApprovedPath, ApprovalMode.Approve);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(difference, Is.Null);
            Assert.That(File.ReadAllText(ApprovedPath), Is.EqualTo("new\n"));
            Assert.That(ReceivedPath, Does.Not.Exist);
            Assert.That(Approval.Difference("new", ApprovedPath, ApprovalMode.Compare), Is.Null);
            Assert.That(Approval.Difference("new ", ApprovedPath, ApprovalMode.Compare), Is.Not.Null);
        }
    }

    [Test]
    public void Unified_TwoChangesFarApart_AreTwoHunks()
    {
        var before = string.Concat(Enumerable.Range(1, 20).Select(i => $"{i}\n"));
        var after = before.Replace("\n2\n", "\n", StringComparison.Ordinal)
            .Replace("\n18\n", "\neighteen\n18\n", StringComparison.Ordinal);
        Assert.That(TextDiff.Unified(before, after, "a", "b"), Is.EqualTo(
            "--- a\n+++ b\n@@ -1,5 +1,4 @@\n 1\n-2\n 3\n 4\n 5\n@@ -15,6 +14,7 @@\n 15\n 16\n 17\n+eighteen\n 18\n 19\n 20\n"));
    }

    [Test]
    public void Unified_ALargeChange_IsShownWhole()
    {
        var before = string.Concat(Enumerable.Range(0, 5000).Select(i => $"a{i}\n"));
        var after = string.Concat(Enumerable.Range(0, 5000).Select(i => $"b{i}\n"));
        var lines = TextDiff.Unified(before, after, "a", "b").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines.Skip(3), Is.EqualTo(
            Enumerable.Range(0, 5000).Select(i => $"-a{i}").Concat(Enumerable.Range(0, 5000).Select(i => $"+b{i}"))));
    }

    [Test]
    public void Unified_AppliedToTheOldText_GivesTheNewOne()
    {
        var texts = Gen.OneOf(Gen.Const("a"), Gen.Const("b"), Gen.Const("c"), Gen.Const("")).Array[0, 25]
            .Select(lines => string.Concat(lines.Select(l => l + "\n")));
        Gen.Select(texts, texts).Sample((before, after) =>
            Apply(before, TextDiff.Unified(before, after, "a", "b")) == after, iter: 2_000);
    }

    [Test]
    public void TimesAndIds_KeepTheirNeighboursAndTheirIdentity()
    {
        const string One = "6fa1c0de-1111-4222-8333-0123456789ab";
        const string Two = "6fa1c0de-1111-4222-8333-0123456789ac";
        Assert.That(
            Scrub.TimesAndIds($"2026-11-23T21:54:28.123Z pod {One} after {Two}, {One} at 2026-11-23 21:54:28 +0000 on 10.10.6.0/26"),
            Is.EqualTo("{time} pod {id 1} after {id 2}, {id 1} at {time} on 10.10.6.0/26"));
    }

    [TestCase("Total time: 20.25s", ExpectedResult = "Total time: {duration}")]
    [TestCase("1m20.25s of 200ms, 3 steps", ExpectedResult = "{duration} of {duration}, 3 steps")]
    [TestCase("node-1s v1.2s 10.10.6.42/26", ExpectedResult = "node-{duration} v1.2s 10.10.6.42/26")]
    public string Durations_AreGos(string text) => Scrub.Durations(text);

    private static string Apply(string before, string difference)
    {
        var old = before.Split('\n')[..^1];
        var lines = new List<string>();
        var next = 0;
        foreach (var line in difference.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(2))
        {
            var hunk = Regex.Match(line, @"^@@ -(\d+),(\d+) ");
            if (hunk.Success)
            {
                var start = int.Parse(hunk.Groups[1].Value) - 1;
                lines.AddRange(old[next..start]);
                next = start;
            }
            else if (line[0] == '-' || (line[0] == ' ' && Keep(line)))
            {
                Assert.That(old[next++], Is.EqualTo(line[1..]));
            }
            else if (line[0] == '+')
            {
                lines.Add(line[1..]);
            }
        }

        return string.Concat(lines.Concat(old[next..]).Select(l => l + "\n"));

        bool Keep(string line)
        {
            lines.Add(line[1..]);
            return true;
        }
    }
}
