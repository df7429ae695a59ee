using Antrea.Migration.Bridge;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Faults;

/// <summary>A Node is lost in the middle of a migration: it stops, names the Node, says what to do, and goes on when the Node is back.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class LostNodeTests
{
    private const string Lost = "c2a0-worker2";

    /// <summary>One cluster, which loses the same Node again and again: in the middle of commands on all Nodes, of a rollout, of restarts, and of the clean-up.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task Node_that_is_lost_is_named_with_what_to_do_and_the_run_goes_on_when_it_is_back(CancellationToken cancellationToken)
    {
        (MigrationPhase Phase, MigrationStepKind Kind)[] places =
        [
            (MigrationPhase.Bridge, MigrationStepKind.InstallMultus), (MigrationPhase.MultusPods, MigrationStepKind.DelegateToBoth), (MigrationPhase.MultusPods, MigrationStepKind.RestartPods),
            (MigrationPhase.AntreaPods, MigrationStepKind.DelegateToAntrea), (MigrationPhase.AntreaPods, MigrationStepKind.RestartPods), (MigrationPhase.RemoveCalico, MigrationStepKind.CleanNode),
        ];
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken);
        var fleet = faulted.Migration.Lab.Fleet;
        var plan = await faulted.PlanAsync(cancellationToken);
        foreach (var place in places)
        {
            Assert.That(plan.Steps.Select(s => (s.Phase, s.Kind)), Does.Contain(place));
            var isLost = false;
            var events = await faulted.RunAsync(plan, cancellationToken, item =>
            {
                if (item is StepStarted started && (started.Step.Phase, started.Step.Kind) == place && !isLost)
                {
                    isLost = true;
                    fleet.Lose(Lost);
                }
                else if (isLost && item is StepProgress)
                {
                    faulted.Time.RunOut();
                }
            });

            TestContext.Out.WriteLine($"{place}: {events[^1]}");
            var failed = events[^1] as StepFailed;
            using (Assert.EnterMultipleScope())
            {
                Assert.That(failed?.Message, Does.Contain($"Node {Lost} is not ready (Kubelet stopped posting node status)"), $"{place}: {string.Join('\n', events.TakeLast(3))}");
                Assert.That(failed?.Next, Does.Contain($"Bring Node {Lost} back").And.Contain($"kubectl describe node {Lost}").And.Contain("run the command again"));
                Assert.That(failed?.Step.Phase, Is.EqualTo(place.Phase));
            }

            fleet.BringBack(Lost);
            await faulted.Migration.Lab.AllReadyAsync(cancellationToken);
        }

        Assert.That(await faulted.RunUntilCompletedAsync(plan, runs: 1, cancellationToken), Is.Empty);
        Assert.That(await faulted.Migration.DumpAsync(cancellationToken), Is.EqualTo(await ApiFaultTests.SmoothEnd.Value));
    }

    /// <summary>Long before its step gives up, whoever watches is told.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task Node_that_comes_back_in_time_is_waited_for(CancellationToken cancellationToken)
    {
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken);
        faulted.Options = faulted.Options with { StepTimeout = TimeSpan.FromHours(3) };
        var fleet = faulted.Migration.Lab.Fleet;
        List<string> told = [];

        var events = await faulted.RunAsync(await faulted.PlanAsync(cancellationToken), cancellationToken, item =>
        {
            switch (item)
            {
                case StepStarted { Step.Kind: MigrationStepKind.InstallMultus }:
                    fleet.Lose(Lost);
                    break;
                case StepProgress progress when progress.Message.Contains($"Node {Lost} is not ready", StringComparison.Ordinal):
                    told.Add(progress.Message);
                    fleet.BringBack(Lost);
                    break;
                case StepProgress when told.Count == 0 && fleet.Find(Lost)!.IsLost:
                    faulted.Time.RunOut();
                    break;
            }
        });

        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));
        Assert.That(told, Has.Some.Contains("kube-multus-ds"), "what was waited for is told beside it");
    }

    [TestCase(false)]
    [TestCase(true)]
    [CancelAfter(600_000)]
    public async Task Node_that_has_left_the_cluster_is_named_until_it_is_back_or_the_migration_is_undone_without_it(bool isUndone, CancellationToken cancellationToken)
    {
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken);
        var lab = faulted.Migration.Lab;
        var plan = await faulted.PlanAsync(cancellationToken);

        var events = await faulted.RunAsync(plan, cancellationToken, item =>
        {
            if (item is StepStarted { Step.Kind: MigrationStepKind.DelegateToAntrea } && lab.Store.Delete(ResourceType.Node, "", Lost))
            {
                lab.Fleet.Lose(Lost);
            }
        });

        var failed = events[^1] as StepFailed;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failed?.Message, Does.Contain($"Node {Lost} is gone from the cluster"), string.Join('\n', events.TakeLast(3)));
            Assert.That(failed?.Next, Does.Contain($"Bring Node {Lost} back under the same name").And.Contain("antrea-migrator rollback"));
            Assert.That(
                async () => await faulted.RunAsync(plan, cancellationToken),
                Throws.TypeOf<MigrationException>().With.Message.Contains($"gone {Lost}, new none").And.Property("Next").EqualTo(failed?.Next));
        }

        if (isUndone)
        {
            var rollback = await faulted.Migration.PlanRollbackAsync(cancellationToken);
            Assert.That(rollback.Nodes, Has.None.EqualTo(Lost).And.Exactly(3).Items);
            Assert.That(await faulted.RunUntilCompletedAsync(rollback, runs: 1, cancellationToken), Is.Empty);
            Assert.That((await faulted.CountPodsAsync(cancellationToken)).Keys, Is.EqualTo(new[] { PodNetwork.Calico }));
            return;
        }

        lab.Fleet.BringBack(Lost);
        lab.Apply("{apiVersion: v1, kind: Node, metadata: {name: c2a0-late}, spec: {podCIDR: 10.10.99.0/24}}");
        Assert.That(
            async () => await faulted.RunAsync(plan, cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.Contains("gone none, new c2a0-late").And.Property("Next").StartsWith("Drain and remove Node c2a0-late"));
        lab.Store.Delete(ResourceType.Node, "", "c2a0-late");
        await lab.SettledAsync(cancellationToken);
        await lab.AllReadyAsync(cancellationToken);
        Assert.That(await faulted.RunUntilCompletedAsync(plan, runs: 1, cancellationToken), Is.Empty, "its Pods are new, and its files what they were");
        Assert.That((await faulted.CountPodsAsync(cancellationToken)).Keys, Is.EqualTo(new[] { PodNetwork.Antrea }));
    }
}
