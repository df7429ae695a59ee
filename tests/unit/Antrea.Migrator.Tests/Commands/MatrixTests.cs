using System.Text.Json.Nodes;
using Antrea.Migration.Tests.House;

namespace Antrea.Migrator.Tests.Commands;

/// <summary><c>matrix</c> on a small lab cluster.</summary>
public class MatrixTests
{
    private static readonly string[] Lab = ["matrix", "--lab", "c2a0", "--workers", "2", "--timeout", "300"];

    [Test]
    public async Task The_table_and_the_exit_code_say_that_all_is_as_expected()
    {
        var run = await MigratorRun.OfAsync(Lab);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")), run.Output);
        Approval.Verify(run.Output, "Table");
    }

    [Test]
    public async Task What_has_changed_since_an_earlier_run_is_said_and_is_exit_code_2()
    {
        using var folder = new TemporaryFolder();
        var first = await MigratorRun.OfAsync([.. Lab, "--ring", "1", "--seed", "7", "-o", "json"]);
        Assert.That(first.ExitCode, Is.EqualTo(ExitCodes.Success), first.Error);
        var json = first.Json;
        var changed = json["connections"]!.AsArray().First(c => c!["result"]!.ToString() == "open")!;
        changed["cause"] = "Timeout";
        await File.WriteAllTextAsync(folder.At("earlier.json"), json.ToJsonString());

        var second = await MigratorRun.OfAsync([.. Lab, "--ring", "1", "--seed", "7", "-o", "json", "--compare", folder.At("earlier.json")]);
        var comparison = second.Json["comparison"]!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(second.ExitCode, Is.EqualTo(ExitCodes.Findings), second.Error);
            Assert.That(second.Json["asExpected"]!.GetValue<bool>(), Is.True);
            Assert.That(comparison["changes"]!.AsArray().Select(c => (c!["was"]!.ToString(), c["is"]!.ToString())), Is.EqualTo([("closed", "open")]));
            Assert.That(comparison["onlyLater"]!.GetValue<int>(), Is.Zero);
        }
    }

    [TestCase("--ring", "0", "--ring is '0'")]
    [TestCase("--seed", "-1", "--seed is '-1'")]
    [TestCase("--by", "pods", "'pods'")]
    [TestCase("--from", "default/nobody", "no Pod or workload 'default/nobody'")]
    [TestCase("--to", "default/client", "declares no TCP port")]
    [TestCase("--compare", "/nowhere/matrix.json", "/nowhere/matrix.json")]
    public async Task Wrong_usage_is_named(string option, string value, string part) =>
        (await MigratorRun.OfAsync([.. Lab, option, value])).VerifyRefused(part);

    [Test]
    public async Task A_ring_samples_all_and_is_refused_beside_from_and_to() =>
        (await MigratorRun.OfAsync([.. Lab, "--ring", "2", "--to", "default/nginx-ds"])).VerifyRefused("--ring samples all Pods");
}
