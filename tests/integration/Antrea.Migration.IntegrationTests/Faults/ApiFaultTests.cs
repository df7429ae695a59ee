using System.Collections.Concurrent;
using Antrea.Migration.Execution;
using Antrea.Migration.IntegrationTests.Execution;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Faults;

/// <summary>A whole migration while the API server fails: it ends as it would have, or stops and says what to do.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ApiFaultTests
{
    /// <summary>The canonical text of the cluster that every fault-free migration of this lab ends in.</summary>
    public static readonly Lazy<Task<string>> SmoothEnd = new(SmoothDumpAsync);

    [Test]
    [CancelAfter(600_000)]
    public async Task Every_fifth_request_fails_and_the_end_is_the_same([Values(1, 2)] int seed, CancellationToken cancellationToken)
    {
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken);
        var plan = await faulted.PlanAsync(cancellationToken);
        var started = CountPods(faulted.Migration);

        faulted.Migration.AnswersWithin = FaultInjection.Patience;
        faulted.Faults.Rule = FaultInjection.Share(20, seed, hangsOneOf: 900);
        var stops = await faulted.RunUntilCompletedAsync(plan, runs: 8, cancellationToken);
        faulted.Faults.Rule = null;

        TestContext.Out.WriteLine($"{faulted.Faults.Injected} faults, {stops.Count} stops\n{string.Join('\n', stops)}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(faulted.Faults.Injected, Is.GreaterThan(plan.Steps.Length));
            Assert.That(await faulted.Migration.DumpAsync(cancellationToken), Is.EqualTo(await SmoothEnd.Value));
            Assert.That(started["still"], Is.EqualTo(4), "each of two Pods is restarted once a phase, whatever answers are lost");
        }
    }

    /// <summary>The way back, by two bridges: what cannot be undone while answers are lost is undone by a later run.</summary>
    [TestCase(BridgeKind.Multus)]
    [TestCase(BridgeKind.PolicyRoute)]
    [CancelAfter(600_000)]
    public async Task Every_fifth_request_of_a_rollback_fails_and_the_cluster_is_what_it_was(BridgeKind bridge, CancellationToken cancellationToken)
    {
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken, bridge: bridge, workers: 1);
        var before = await RollbackTests.DumpAsync(faulted.Migration, cancellationToken);
        await faulted.Migration.RunUntilAsync(await faulted.PlanAsync(cancellationToken), e => e is StepStarted { Step.Kind: MigrationStepKind.RemoveCalico }, cancellationToken);
        var started = CountPods(faulted.Migration);

        faulted.Migration.AnswersWithin = FaultInjection.Patience;
        faulted.Faults.Rule = FaultInjection.Share(20, 1, hangsOneOf: 500);
        var stops = await faulted.RunUntilCompletedAsync(
            async () =>
            {
                using var client = faulted.Migration.Client();
                return (await new ConfigMapJournal(client, faulted.Time).ReadRecordAsync(cancellationToken)).PlanRollback(
                    await new Clusters.KubernetesClusterReader(client, faulted.Time).ReadAsync(cancellationToken));
            },
            runs: 8,
            cancellationToken);
        faulted.Faults.Rule = null;

        TestContext.Out.WriteLine($"{faulted.Faults.Injected} faults, {stops.Count} stops\n{string.Join('\n', stops)}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(faulted.Faults.Injected, Is.GreaterThan(40));
            Assert.That(await RollbackTests.DumpAsync(faulted.Migration, cancellationToken), Is.EqualTo(before));
            Assert.That(started["still"], Is.EqualTo(bridge == BridgeKind.Multus ? 4 : 2), "each of two Pods is restarted once from each network that it leaves");
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task API_server_goes_away_in_the_middle_and_the_next_run_completes(CancellationToken cancellationToken)
    {
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken);
        var plan = await faulted.PlanAsync(cancellationToken);
        var dropped = 0;

        // A request is tried seven times: the step's own, the journal's, and the next run's first ones meet the outage.
        var first = await faulted.RunAsync(plan, cancellationToken, item =>
        {
            if (item is StepProgress { Step.Kind: MigrationStepKind.InstallAntrea })
            {
                faulted.Faults.Rule = _ => Interlocked.Increment(ref dropped) <= 18 ? new LabApiFault.Drop() : null;
            }
        });
        var stops = await faulted.RunUntilCompletedAsync(plan, runs: 5, cancellationToken);

        TestContext.Out.WriteLine(string.Join('\n', stops));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((first[^1] as StepFailed)?.Step.Kind, Is.EqualTo(MigrationStepKind.InstallAntrea));
            Assert.That((first[^1] as StepFailed)?.Message, Does.Contain("127.0.0.1"));
            Assert.That((first[^1] as StepFailed)?.Next, Does.Contain("run the command again"));
            Assert.That(await faulted.Migration.DumpAsync(cancellationToken), Is.EqualTo(await SmoothEnd.Value));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task API_server_that_is_away_for_long_is_waited_for_and_the_run_says_so(CancellationToken cancellationToken)
    {
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken);
        faulted.Patience = TimeSpan.FromMinutes(1);
        var plan = await faulted.PlanAsync(cancellationToken);
        var dropped = 0;

        var events = await faulted.RunAsync(plan, cancellationToken, item =>
        {
            if (item is StepProgress { Step.Kind: MigrationStepKind.InstallAntrea } && dropped == 0)
            {
                faulted.Faults.Rule = _ => Interlocked.Increment(ref dropped) <= 60 ? new LabApiFault.Drop() : null;
            }
        });

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));
            Assert.That(dropped, Is.GreaterThan(60));
            Assert.That(events.OfType<StepProgress>().Select(e => e.Message), Has.Some.Contains("does not answer since").And.Some.Contains("waiting for it"));
        }
    }

    /// <summary>The migration stops with the fault, loses nothing, and goes on without it.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task What_the_API_server_keeps_refusing_is_named_and_nothing_is_lost(CancellationToken cancellationToken)
    {
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken);
        var plan = await faulted.PlanAsync(cancellationToken);

        var policies = await RunWithFaultAsync(MigrationStepKind.ConvertPolicies, request =>
            request.Path == "/apis/crd.projectcalico.org/v1" ? new LabApiFault.Refuse(500, "InternalError") : null);
        var pods = await RunWithFaultAsync(MigrationStepKind.RestartPods, request =>
            request is { Verb: "patch", Resource: "daemonsets", Name: "nginx-ds" } ? new LabApiFault.Refuse(403, "Forbidden") : null);
        var evictions = await RunWithFaultAsync(MigrationStepKind.RestartPods, request =>
            request is { Subresource: "eviction" } ? new LabApiFault.Refuse(403, "Forbidden") : null);
        var nodes = await RunWithFaultAsync(MigrationStepKind.DelegateToAntrea, request =>
            request is { Subresource: "exec" } ? new LabApiFault.Refuse(403, "Forbidden") : null);
        await faulted.RunUntilCompletedAsync(plan, runs: 1, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(policies.Step.Kind, Is.EqualTo(MigrationStepKind.ConvertPolicies), "policies that cannot be read must not count as absent");
            Assert.That(policies.Message, Does.Contain("crd.projectcalico.org/v1"));
            Assert.That(pods.Message, Does.Contain("daemonsets/nginx-ds is forbidden"));
            Assert.That(pods.Next, Does.Contain("cluster-admin"));
            Assert.That(evictions.Message, Does.Contain("/eviction is forbidden"));
            Assert.That(nodes.Message, Does.Contain("on Node c2a0-").And.Contain("403"));
            Assert.That(await faulted.Migration.DumpAsync(cancellationToken), Is.EqualTo(await SmoothEnd.Value));
        }

        async Task<StepFailed> RunWithFaultAsync(MigrationStepKind at, Func<LabApiRequest, LabApiFault?> rule)
        {
            var events = await faulted.RunAsync(plan, cancellationToken, item =>
            {
                if (item is StepStarted { Step.Kind: var kind } && kind == at)
                {
                    faulted.Faults.Rule = rule;
                }
            });
            faulted.Faults.Rule = null;
            return events[^1] as StepFailed ?? throw new AssertionException($"Not stopped at {at}: {events[^1]}");
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Eviction_whose_answer_is_lost_does_not_hit_the_Pod_that_took_the_name(CancellationToken cancellationToken)
    {
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken);
        var plan = await faulted.PlanAsync(cancellationToken);
        var started = CountPods(faulted.Migration);
        var asked = new ConcurrentDictionary<string, int>();

        // Done but not answered; the repeat arrives when the StatefulSet has made the Pod anew.
        faulted.Faults.Rule = request => request is { Subresource: "eviction" }
            ? asked.AddOrUpdate(request.Name, 1, (_, n) => n + 1) % 2 == 1
                ? new LabApiFault.Drop(AfterHandling: true)
                : new LabApiFault.Delay(TimeSpan.FromSeconds(1))
            : null;
        await faulted.RunUntilCompletedAsync(plan, runs: 1, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(asked["still-0"], Is.EqualTo(4), "two evictions, each asked for twice");
            Assert.That(started["still"], Is.EqualTo(4));
            Assert.That(started["bare"], Is.EqualTo(4));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Cancelled_anywhere_the_journal_is_whole_and_a_later_run_completes(CancellationToken cancellationToken)
    {
        await using var faulted = await FaultedMigration.StartAsync(cancellationToken);
        var plan = await faulted.PlanAsync(cancellationToken);
        var cancelled = 0;
        List<MigrationEvent>? events = null;
        for (var budget = 30; events is null; budget += budget / 2)
        {
            using var source = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var left = budget;
            faulted.Faults.Rule = _ =>
            {
                if (Interlocked.Decrement(ref left) == 0)
                {
                    source.Cancel();
                }

                return null;
            };
            try
            {
                events = await faulted.RunAsync(plan, source.Token);
            }
            catch (OperationCanceledException e)
            {
                cancelled++;
                Assert.That(e.CancellationToken, Is.EqualTo(source.Token), e.ToString());
            }

            faulted.Faults.Rule = null;
            await CheckJournalsAsync(faulted.Migration, cancellationToken);
        }

        TestContext.Out.WriteLine($"{cancelled} cancelled runs");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));
            Assert.That(cancelled, Is.GreaterThan(4));
            Assert.That(await faulted.Migration.DumpAsync(cancellationToken), Is.EqualTo(await SmoothEnd.Value));
        }
    }

    private static async Task CheckJournalsAsync(LabMigration migration, CancellationToken cancellationToken)
    {
        using var client = migration.Client();
        var inCluster = await new ConfigMapJournal(client).ReadAsync(cancellationToken);
        var inFile = await new FileJournal(migration.JournalFile).ReadAsync(cancellationToken);
        Assert.That(inFile.LastOrDefault(), Is.EqualTo(inCluster.LastOrDefault()));
        Assert.That(!File.Exists(migration.JournalFile) || (await File.ReadAllTextAsync(migration.JournalFile, cancellationToken)).EndsWith('\n'));
    }

    private static ConcurrentDictionary<string, int> CountPods(LabMigration migration)
    {
        var counts = new ConcurrentDictionary<string, int>();
        migration.Lab.Store.Subscribe(
            e =>
            {
                if (e.Type == StoreEventType.Added && e.Resource == ResourceType.Pod && e.Object["metadata"]?["labels"]?["app"] is { } app)
                {
                    counts.AddOrUpdate(app.ToString(), 1, (_, n) => n + 1);
                }
            },
            migration.Lab.Store.Version);
        return counts;
    }

    private static async Task<string> SmoothDumpAsync()
    {
        await using var smooth = await FaultedMigration.StartAsync(CancellationToken.None);
        var stops = await smooth.RunUntilCompletedAsync(await smooth.PlanAsync(CancellationToken.None), runs: 1, CancellationToken.None);
        Assert.That(stops, Is.Empty);
        return await smooth.Migration.DumpAsync(CancellationToken.None);
    }
}
