using Antrea.Migration.Tests.House;

namespace Antrea.Migrator.Tests.Commands;

public class PoliciesTests
{
    [Test]
    public async Task The_labs_policies_are_converted_and_proven()
    {
        using var folder = new TemporaryFolder();
        var run = await MigratorRun.OfAsync("policies", "convert", "--lab", "c2a0", "--workers", "1", "-o", "json", "--to", folder.At("out"));
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.Json["proof"]!["verdict"]!.ToString(), Is.EqualTo("Equal"));
            Assert.That(run.Json["proof"]!["comparedFlows"]!.GetValue<long>(), Is.Positive);
            Assert.That(run.Json["proof"]!["counterexamples"]!.AsArray(), Is.Empty);
            Assert.That(run.Json["policies"]!.AsArray().Select(p => p!["fidelity"]!.ToString()), Is.Not.Empty.And.All.EqualTo("Exact"));
            Assert.That(Directory.GetFiles(folder.At("out"), "*.yaml"), Is.Not.Empty);
        }

        Approval.Verify(run.Output, "LabJson");
    }

    [Test]
    public async Task What_cannot_be_converted_is_refused_by_name()
    {
        using var folder = new TemporaryFolder();
        folder.Write(
            "cluster.yaml",
            SmallCluster.Text() + """
                ---
                apiVersion: crd.projectcalico.org/v1
                kind: GlobalNetworkPolicy
                metadata: {name: log-all}
                spec: {selector: all(), types: [Ingress], ingress: [{action: Log}]}

                """);
        var run = await MigratorRun.OfAsync("policies", "convert", "--from", folder.Path, "-o", "json");
        var policy = run.Json["policies"]!.AsArray().Single()!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Findings));
            Assert.That((policy["kind"]!.ToString(), policy["name"]!.ToString()), Is.EqualTo(("GlobalNetworkPolicy", "log-all")));
            Assert.That(policy["fidelity"]!.ToString(), Is.EqualTo("Refused"));
            Assert.That(policy["findings"]!.AsArray().Select(f => f!["path"]!.ToString()), Has.Some.StartsWith("spec.ingress[0]"));
            Assert.That(run.Json["proof"]!["verdict"]!.ToString(), Is.EqualTo("NotProven"));
        }
    }

    [Test]
    public async Task A_cluster_without_policies_is_equal()
    {
        using var folder = new TemporaryFolder();
        folder.Write("cluster.yaml", SmallCluster.Text());
        var run = await MigratorRun.OfAsync("policies", "convert", "--from", folder.Path, "-o", "json");
        Assert.That((run.ExitCode, run.Json["policies"]!.ToJsonString()), Is.EqualTo((ExitCodes.Success, "[]")), run.Output);
    }
}
