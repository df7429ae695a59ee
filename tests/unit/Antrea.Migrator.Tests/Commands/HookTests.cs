using System.Runtime.Versioning;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;
using Antrea.Migrator.Commands;

namespace Antrea.Migrator.Tests.Commands;

/// <summary>The operator's own program around phases and Nodes, on a lab of two Nodes.</summary>
[Platform("Linux", Reason = "The hooks here are shell scripts.")]
[SupportedOSPlatform("linux")]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class HookTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Test]
    [CancelAfter(120_000)]
    public async Task Hook_is_told_of_every_phase_and_Node_and_stops_the_migration_where_it_fails(CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 1, Workloads = false }, cancellationToken);
        var (first, second) = (lab.NodeNames[0], lab.NodeNames[1]);

        // Fails once, at the second Node.
        var hook = Script($"""echo "$1 $2 ${"{ANTREA_MIGRATION_PLAN:+of a plan}"}" >> "{_folder.At("calls")}"; if [ "$1 $2" = "before-node {second}" ] && [ ! -e "{_folder.At("failed")}" ]; then touch "{_folder.At("failed")}"; echo "the load balancer is busy" >&2; exit 3; fi""");
        var stopped = await MigrateAsync(lab, hook, cancellationToken, "--nodes-at-once", "1");
        var calls = await File.ReadAllLinesAsync(_folder.At("calls"), cancellationToken);
        File.Delete(_folder.At("calls"));
        var done = await MigrateAsync(lab, hook, cancellationToken, "--nodes-at-once", "1");
        var rest = await File.ReadAllLinesAsync(_folder.At("calls"), cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(stopped.ExitCode, Is.EqualTo(ExitCodes.Findings), stopped.Output + stopped.Error);
            Assert.That(stopped.Output, Does.Contain("   ↪ the load balancer is busy").And.Contain($"before-node {second} ended with exit code 3: the load balancer is busy."));
            Assert.That(calls, Is.EqualTo(Expected("before-phase Backup", "after-phase Backup", "before-phase Bridge", $"before-node {first}", $"after-node {first}", $"before-node {second}")));
            Assert.That(done.ExitCode, Is.EqualTo(ExitCodes.Success), done.Output + done.Error);
            Assert.That(rest.Take(4), Is.EqualTo(Expected("before-phase Bridge", $"before-node {second}", $"after-node {second}", "after-phase Bridge")));
            Assert.That(rest[^1], Is.EqualTo(Expected("after-phase Verify").Single()));
            Assert.That(
                rest.Where(c => c.StartsWith("before-", StringComparison.Ordinal)).Select(c => c["before-".Length..]),
                Is.EquivalentTo(rest.Where(c => c.StartsWith("after-", StringComparison.Ordinal)).Select(c => c["after-".Length..])));
        }

        static IEnumerable<string> Expected(params string[] calls) => calls.Select(c => $"{c} of a plan");
    }

    /// <summary>Where Nodes are changed side by side, a hook may take some out of service before others are back in; never one twice.</summary>
    [Test]
    [CancelAfter(120_000)]
    public async Task Hook_is_told_of_every_Node_before_its_change_and_after_it_also_side_by_side(CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 3, Workloads = false }, cancellationToken);
        var hook = Script($"""echo "$1 $2" >> "{_folder.At("calls")}" """);

        var run = await MigrateAsync(lab, hook, cancellationToken);

        var calls = await File.ReadAllLinesAsync(_folder.At("calls"), cancellationToken);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Success), run.Output + run.Error);
            foreach (var node in lab.NodeNames)
            {
                var moments = calls.Where(c => c.EndsWith(' ' + node)).Select(c => c.Split(' ')[0]).ToList();
                Assert.That(moments, Has.Count.GreaterThan(4).And.Count.Even);
                Assert.That(moments.Where((_, i) => i % 2 == 0), Is.All.EqualTo("before-node"), node);
                Assert.That(moments.Where((_, i) => i % 2 == 1), Is.All.EqualTo("after-node"), node);
            }

            var open = 0;
            foreach (var call in calls)
            {
                open += call.StartsWith("before-node ", StringComparison.Ordinal) ? 1 : call.StartsWith("after-node ", StringComparison.Ordinal) ? -1 : 0;
                Assert.That(call.StartsWith("after-phase ", StringComparison.Ordinal) && open > 0, Is.False, $"{call} with {open} Nodes that are not done");
            }
        }
    }

    /// <summary>Of Nodes side by side one call fails; what is under way ends and is told of, nothing else begins.</summary>
    [TestCase("before-node", 3)]
    [TestCase("after-node", 1)]
    [CancelAfter(120_000)]
    public async Task Hook_that_fails_at_one_Node_is_told_of_those_beside_it(string moment, int call, CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 5, Workloads = false }, cancellationToken);
        var hook = Script(
            $"""
            echo "$1 $2" >> "{_folder.At("calls")}"
            [ $1 = {moment} ] && [ "$(grep -c "^$1 " "{_folder.At("calls")}")" = {call} ] && [ ! -e "{_folder.At("failed")}" ] || exit 0
            touch "{_folder.At("failed")}"
            sleep 1
            exit 3
            """);

        var stopped = await MigrateAsync(lab, hook, cancellationToken, "--nodes-at-once", "4");

        var calls = await File.ReadAllLinesAsync(_folder.At("calls"), cancellationToken);
        var done = (await new FileJournal(_folder.At("journal.jsonl")).ReadAsync(cancellationToken))
            .Where(e => e.State == JournalState.Done && lab.NodeNames.Any(n => e.StepId.EndsWith($"/{n}", StringComparison.Ordinal))).Select(e => e.StepId.Split('/')[^1]).ToList();
        File.Delete(_folder.At("calls"));
        var again = await MigrateAsync(lab, hook, cancellationToken, "--nodes-at-once", "4");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(stopped.ExitCode, Is.EqualTo(ExitCodes.Findings), stopped.Output + stopped.Error);
            Assert.That(stopped.Output, Does.Contain($"{moment} ").And.Contain("ended with exit code 3"));
            Assert.That(done, Is.Not.Empty.And.Count.LessThan(lab.NodeNames.Count()));
            Assert.That(calls.Where(c => c.StartsWith("after-node ", StringComparison.Ordinal)).Select(c => c["after-node ".Length..]), Is.EquivalentTo(done));
            Assert.That(again.ExitCode, Is.EqualTo(ExitCodes.Success), again.Output + again.Error);
        }
    }

    /// <summary>Where steps of a Node follow each other, the Node is out of service once, however they are done.</summary>
    [TestCase("1")]
    [TestCase("4")]
    [CancelAfter(120_000)]
    public async Task Hook_is_told_once_of_a_Nodes_steps_in_a_row(string atOnce, CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = LabScenario.Crowded, Workers = 3 }, cancellationToken);
        var hook = Script($"""echo "$1 $2" >> "{_folder.At("calls")}" """);

        string[] moving = [LabScenario.Crowded + "-worker", LabScenario.Crowded + "-worker2"];

        var run = await MigrateAsync(
            lab, hook, cancellationToken, "--nodes-at-once", atOnce, "--bridge", "partition", "--first-part", string.Join(',', moving), "--ignore", "partition-breaks-flows", "partition-shares-addresses");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Success), run.Output + run.Error);

        var calls = await File.ReadAllLinesAsync(_folder.At("calls"), cancellationToken);
        var part = calls.SkipWhile(c => c != "before-phase FirstPart").TakeWhile(c => c != "after-phase FirstPart").ToList();
        using (Assert.EnterMultipleScope())
        {
            foreach (var node in moving)
            {
                // Antrea is admitted, the Node moves in three steps, Pods restart on it twice, and it is cleaned.
                Assert.That(part.Count(c => c == $"before-node {node}"), Is.EqualTo(5), string.Join('\n', part));
                Assert.That(part.Count(c => c == $"after-node {node}"), Is.EqualTo(5));
            }
        }
    }

    /// <summary>Where Pods of several Nodes may restart at the same time, a Node is told of when all of the step's have: asked about the next one, nobody knows whether those before are done.</summary>
    [TestCase(true)]
    [TestCase(false)]
    [CancelAfter(120_000)]
    public async Task Hook_is_told_after_a_Node_when_no_Pod_of_it_restarts_any_more(bool changesOverlap, CancellationToken cancellationToken)
    {
        var step = new MigrationStep("antrea-pods/restart-pods", MigrationPhase.AntreaPods, MigrationStepKind.RestartPods, "Restart", null, Reversibility.ReversibleWithRestarts, []);
        var planned = PlanJson.Parse((await MigratorRun.OfAsync(cancellationToken, ["plan", "--lab", "c2a0", "--workers", "1", "-o", "json"])).Output, "plan") with { Steps = [step] };
        var hook = Script($"""echo "$1 $2" >> "{_folder.At("calls")}" """);
        var hooks = new Hooks(hook, TimeSpan.FromSeconds(30), planned, changesOverlap, TextWriter.Null, null);

        Assert.That(await hooks.AskAsync(new MigrationChange(step, "Pod a", ["n1"]), cancellationToken), Is.Null);
        Assert.That(await hooks.AskAsync(new MigrationChange(step, "Pod b", ["n2"]), cancellationToken), Is.Null);
        Assert.That(await hooks.AskAsync(new MigrationChange(step, "Pod c", ["n1", "n2"]), cancellationToken), Is.Null);
        await hooks.ObserveAsync(new StepCompleted(default, step, default, ""), cancellationToken);

        var calls = await File.ReadAllLinesAsync(_folder.At("calls"), cancellationToken);
        Assert.That(calls, Is.EqualTo((string[])["before-phase AntreaPods", .. changesOverlap
            ? (string[])["before-node n1", "before-node n2", "after-node n1", "after-node n2"]
            : ["before-node n1", "after-node n1", "before-node n2", "before-node n1", "after-node n2", "after-node n1"]]));
    }

    /// <summary>With a limit for all workloads, and in place, a Node is told of once around all of its restarts.</summary>
    [TestCase("--max-unavailable", "2")]
    [TestCase("--restart", "in-place")]
    public async Task Hook_is_told_once_around_restarts_that_go_side_by_side(params string[] more)
    {
        const string wide =
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: wide, namespace: default}
            spec:
              replicas: 4
              strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 100%}}
              selector: {matchLabels: {app: wide}}
              template: {metadata: {labels: {app: wide}}, spec: {containers: [{name: main, image: pause}]}}

            """;
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 2, ExtraObjects = wide }, CancellationToken.None);
        var hook = Script($"""echo "$1 $2" >> "{_folder.At("calls")}" """);

        var run = await MigrateAsync(lab, hook, CancellationToken.None, ["--bridge", "policy-route", .. more]);

        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Success), run.Output + run.Error);
        var calls = await File.ReadAllLinesAsync(_folder.At("calls"), CancellationToken.None);
        var phase = calls.SkipWhile(c => c != "before-phase AntreaPods").TakeWhile(c => c != "after-phase AntreaPods").ToList();
        using (Assert.EnterMultipleScope())
        {
            foreach (var node in (string[])["c2a0-worker", "c2a0-worker2"])
            {
                // Around its file, and around its Pods.
                Assert.That(phase.Where(c => c.EndsWith($" {node}", StringComparison.Ordinal)), Is.EqualTo((string[])[$"before-node {node}", $"after-node {node}", $"before-node {node}", $"after-node {node}"]), string.Join('\n', phase));
            }

            Assert.That(phase.TakeLast(2), Has.All.StartsWith("after-node "));
        }
    }

    [TestCase("sleep 100", "did not end within 1 s, and was killed")]
    [TestCase("[ $1 = before-phase ] || exit 4", "after-phase Backup ended with exit code 4.")]
    [TestCase(null, "cannot be started: ")]
    [CancelAfter(120_000)]
    public async Task Hook_that_does_not_work_stops_the_migration_and_is_named(string? body, string fault, CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 1, Workloads = false }, cancellationToken);
        var hook = Script(body ?? "");
        if (body is null)
        {
            File.SetUnixFileMode(hook, UnixFileMode.UserRead);
        }

        var run = await MigrateAsync(lab, hook, cancellationToken, "--hook-timeout", "1");

        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Findings), run.Output + run.Error);
        Assert.That(run.Output, Does.Contain($"Hook {hook} ").And.Contain(fault).And.Contain("next: See what the hook ran into"));
    }

    [Test]
    public async Task Hook_that_does_not_exist_is_wrong_usage()
    {
        var run = await MigratorRun.OfAsync("migrate", "--lab", "c2a0", "--hook", _folder.At("nowhere"));
        run.VerifyRefused("--hook is '", "but there is no such file.");
    }

    public void Dispose() => _folder.Dispose();

    private async Task<MigratorRun> MigrateAsync(LabCluster lab, string hook, CancellationToken cancellationToken, params string[] more)
    {
        await File.WriteAllTextAsync(_folder.At("antrea.yml"), LabManifests.Antrea(), cancellationToken);
        await File.WriteAllTextAsync(_folder.At("multus.yml"), LabManifests.Multus(), cancellationToken);
        return await MigratorRun.OfAsync(
            cancellationToken,
            [
                "migrate", "--kubeconfig", lab.KubeconfigPath, "--antrea-manifest", _folder.At("antrea.yml"), "--multus-manifest", _folder.At("multus.yml"),
                "--node-agent-image", LabManifests.NodeAgentImage, "--execute", "--pass-holds", "--journal", _folder.At("journal.jsonl"), "--backup", _folder.At("backup"),
                "--hook", hook, .. more,
            ]);
    }

    private string Script(string body)
    {
        var path = _folder.At("hook.sh");
        File.WriteAllText(path, $"#!/bin/sh\n{body}\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }
}
