using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Faults;

/// <summary>A Namespace may have no Pod more than it has: a workload whose successor must be ready first cannot begin.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class QuotaTests
{
    /// <summary>One client, which surges; three nginx; two each of a ReplicaSet and a StatefulSet that are evicted.</summary>
    private const string Full =
        """
        ---
        apiVersion: v1
        kind: ResourceQuota
        metadata: {name: few, namespace: default}
        spec: {hard: {pods: "8"}}

        """;

    [Test]
    [CancelAfter(600_000)]
    public async Task Quota_that_is_full_is_named_before_and_when_it_stops_the_migration_which_goes_on_when_it_is_raised(CancellationToken cancellationToken)
    {
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken, Full);
        var store = faulted.Migration.Lab.Store;
        var plan = await faulted.PlanAsync(cancellationToken);
        var warning = plan.Findings.SingleOrDefault(f => f.Id == "quota-leaves-no-room-for-restart");

        var events = await faulted.RunAsync(plan, cancellationToken, item =>
        {
            if (item is StepProgress progress && progress.Message.Contains("exceeded quota", StringComparison.Ordinal))
            {
                faulted.Time.RunOut();
            }
        });

        var failed = events[^1] as StepFailed;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.IsExecutable, string.Join('\n', plan.Findings.Take(3)));
            Assert.That((warning?.Severity, warning?.Subject), Is.EqualTo((Severity.Warning, "ResourceQuota/default/few")));
            Assert.That(warning?.Evidence, Does.Contain("8 of 8 pods").And.Contain("Deployment/default/client"));
            Assert.That(failed?.Step.Kind, Is.EqualTo(MigrationStepKind.RestartPods), string.Join('\n', events.TakeLast(3)));
            Assert.That(failed?.Message, Does.Contain("Deployment/default/client: 0 of 1 Pods restarted").And.Contain("exceeded quota: few, requested: pods=1, used: pods=8, limited: pods=8"));
            Assert.That(failed?.Next, Does.Contain("Raise ResourceQuota default/few").And.Contain("run the command again"));
            Assert.That(
                store.PeekAll(ResourceType.Pod, "default").Count(p => p.ConditionIsTrue("Ready") && p.Text("metadata", "labels", "app") == "client"), Is.EqualTo(1), "who serves goes on to");
            Assert.That(store.PeekAll(ResourceType.Event, "default").Select(e => e.Text("reason")), Does.Contain("FailedCreate"));
        }

        var quota = store.PeekAll(new ResourceType("", "v1", "ResourceQuota", "resourcequotas", true), "default").Single();
        store.Mutate(new ResourceType("", "v1", "ResourceQuota", "resourcequotas", true), "default", quota.NameOf(), now =>
        {
            now["spec"]!["hard"]!["pods"] = "9";
            return true;
        });
        Assert.That(await faulted.RunUntilCompletedAsync(plan, runs: 1, cancellationToken), Is.Empty);
        Assert.That(store.PeekAll(ResourceType.Deployment, "default").Where(d => d.Condition("ReplicaFailure") is not null), Is.Empty);
    }
}
