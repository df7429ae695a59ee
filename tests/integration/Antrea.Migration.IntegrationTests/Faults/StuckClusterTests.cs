using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Faults;

/// <summary>What a step waits for never comes: it says so while it waits, gives up in time, and has cut nobody off.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class StuckClusterTests
{
    private const string Budget =
        """
        ---
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: never, namespace: default}
        spec:
          minAvailable: 2
          selector: {matchLabels: {app: bare}}

        """;

    [Test]
    [CancelAfter(600_000)]
    public async Task Antrea_agents_that_never_report_stop_the_migration_with_all_traffic_on_Calico(CancellationToken cancellationToken)
    {
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken);
        var before = await faulted.CountPodsAsync(cancellationToken);

        // The agents' Pods run, but what runs in them is no agent.
        faulted.Options = faulted.Options with
        {
            AntreaVersion = "v2.7.0",
            AntreaManifest = ObjectReader.Read(
                LabManifests.Antrea().Replace("antrea/antrea-agent-ubuntu:", "example/impostor:", StringComparison.Ordinal), "antrea.yml"),
        };
        var plan = await faulted.PlanAsync(cancellationToken);
        var events = await faulted.RunAsync(plan, cancellationToken, RunOutAt("Antrea agents healthy", faulted.Time));

        var failed = events[^1] as StepFailed;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failed?.Step.Kind, Is.EqualTo(MigrationStepKind.InstallAntrea), string.Join('\n', events.TakeLast(3)));
            Assert.That(failed?.Message, Does.Contain("0 of 4 Antrea agents healthy").And.Contain("c2a0-worker"));
            Assert.That(failed?.Next, Does.Contain("antrea-agent"));
            Assert.That(await faulted.CountPodsAsync(cancellationToken), Is.EqualTo(before));
            Assert.That(before.Keys, Is.EqualTo(new[] { PodNetwork.Calico }));
            AssertClientReachesServers(faulted);
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Disruption_budget_that_never_allows_is_named_while_it_blocks_and_in_the_end(CancellationToken cancellationToken)
    {
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken, Budget);
        faulted.Options = faulted.Options with { IgnoredFindings = ["disruption-budget-never-allows"] };
        var plan = await faulted.PlanAsync(cancellationToken);

        var events = await faulted.RunAsync(plan, cancellationToken, RunOutAt("may not be evicted yet", faulted.Time));

        var failed = events[^1] as StepFailed;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failed?.Step.Kind, Is.EqualTo(MigrationStepKind.RestartPods), string.Join('\n', events.TakeLast(3)));
            Assert.That(events.OfType<StepProgress>().Select(e => e.Message), Has.Some.Contains("default/bare-").And.Contains("disruption budget"));
            Assert.That(failed?.Message, Does.Contain("default/bare-"));
            Assert.That(failed?.Next, Does.Contain("PodDisruptionBudget"));
            AssertClientReachesServers(faulted);
        }

        faulted.Migration.Lab.Store.Delete(ResourceType.PodDisruptionBudget, "default", "never");
        Assert.That(await faulted.RunUntilCompletedAsync(plan, runs: 1, cancellationToken), Is.Empty, "the budget relaxed, it goes on");
    }

    /// <summary>The API server answers 500 for it, as it does in a bad moment; but this one does not pass, and is told apart at once.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task Pod_that_two_disruption_budgets_match_is_asked_for_once_and_never_said_to_be_a_matter_of_time(CancellationToken cancellationToken)
    {
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken);
        var plan = await faulted.PlanAsync(cancellationToken);
        var asked = 0;
        faulted.Faults.Rule = request =>
        {
            if (request is { Subresource: "eviction", Namespace: "default" } && request.Name.StartsWith("bare-", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref asked);
            }

            return null;
        };

        // Both come after the plan, whose preflight would name them.
        var events = await faulted.RunAsync(plan, cancellationToken, item =>
        {
            if (item is StepStarted { Step: { Kind: MigrationStepKind.RestartPods, Phase: MigrationPhase.MultusPods } })
            {
                faulted.Migration.Lab.Apply(
                    """
                    apiVersion: policy/v1
                    kind: PodDisruptionBudget
                    metadata: {name: one, namespace: default}
                    spec: {maxUnavailable: 1, selector: {matchLabels: {app: bare}}}
                    ---
                    apiVersion: policy/v1
                    kind: PodDisruptionBudget
                    metadata: {name: other, namespace: default}
                    spec: {maxUnavailable: 1, selector: {matchLabels: {app: bare}}}
                    """);
            }
        });

        var failed = events[^1] as StepFailed;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failed?.Step.Kind, Is.EqualTo(MigrationStepKind.RestartPods), string.Join('\n', events.TakeLast(3)));
            Assert.That(failed?.Message, Does.StartWith("Pod default/bare-").And.Contain(" can never be evicted: ").And.Contain("more than one PodDisruptionBudget"));
            Assert.That(failed?.Next, Does.StartWith("Narrow the PodDisruptionBudgets' selectors"));
            Assert.That(asked, Is.EqualTo(1));
            AssertClientReachesServers(faulted);
        }

        faulted.Migration.Lab.Store.Delete(ResourceType.PodDisruptionBudget, "default", "other");
        Assert.That(await faulted.RunUntilCompletedAsync(plan, runs: 1, cancellationToken), Is.Empty, "with one left, it goes on");
    }

    /// <summary>An operator cancels while an evicted Pod has no successor with an address yet: the next run must not call it a stray.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task Pod_that_is_being_wired_is_waited_for_and_not_called_a_stray(CancellationToken cancellationToken)
    {
        const string path = "/etc/cni/net.d/00-multus.conf";
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken);
        var lab = faulted.Migration.Lab;
        var files = lab.Fleet.Find("c2a0-worker3")!.Files;
        string? whole = null;

        var events = await faulted.RunAsync(await faulted.PlanAsync(cancellationToken), cancellationToken, item =>
        {
            switch (item)
            {
                case StepStarted { Step: { Kind: MigrationStepKind.AssertPods, Phase: MigrationPhase.RemoveCalico } }:
                    // No sandbox is made on that Node until the file is whole again.
                    files.TryRead(path, out whole);
                    files.Write(path, "broken");
                    lab.Apply(
                        """
                        apiVersion: v1
                        kind: Pod
                        metadata: {name: late, namespace: default, labels: {app: late}}
                        spec: {nodeName: c2a0-worker3, containers: [{name: main, image: pause}]}
                        """);
                    break;
                case StepProgress progress when whole is not null && progress.Message.Contains("default/late", StringComparison.Ordinal):
                    files.Write(path, whole);
                    break;
            }
        });

        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));
        Assert.That(events.OfType<StepProgress>().Select(e => e.Message), Has.Some.StartsWith("1 Pods have no address yet: default/late"));
    }

    private static Action<MigrationEvent> RunOutAt(string message, SteeredTime time) => item =>
    {
        if (item is StepProgress progress && progress.Message.Contains(message, StringComparison.Ordinal))
        {
            time.RunOut();
        }
    };

    private static void AssertClientReachesServers(FaultedMigration faulted)
    {
        var lab = faulted.Migration.Lab;
        var client = lab.ReadyPodOf("default", "client")!;
        foreach (var server in lab.Store.PeekAll(ResourceType.Pod, "default").Where(p => p.NameOf().StartsWith("nginx-ds-", StringComparison.Ordinal)))
        {
            var verdict = lab.Network.Trace(client, System.Net.IPAddress.Parse(server.Text("status", "podIP")!), 80);
            Assert.That(verdict.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), verdict.ToString());
        }
    }
}
