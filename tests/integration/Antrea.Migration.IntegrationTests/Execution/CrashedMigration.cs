using System.Collections.Concurrent;
using System.Collections.Immutable;
using Antrea.Migration.Execution;
using Antrea.Migration.IntegrationTests.Fabric;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>A migration that is killed around its writes, beside one that nobody kills: both clusters end the same.</summary>
internal static class CrashedMigration
{
    /// <summary>Asserts the same end, that every step with a point was killed more than once, that no Pod was restarted twice, and that nothing denied was open at any time.</summary>
    /// <param name="options">Both clusters.</param>
    /// <param name="bridge">How their Pods are taken over.</param>
    /// <param name="cancellationToken">Ends the test.</param>
    /// <param name="isPoint">Where it is killed; null for everywhere.</param>
    public static async Task AssertSameEndAsync(
        LabClusterOptions options, BridgeKind bridge, CancellationToken cancellationToken, Predicate<string>? isPoint = null)
    {
        await using var smooth = await LabMigration.StartUnwatchedAsync(cancellationToken, options, bridge);
        var smoothPods = CountPods(smooth);
        var unharmed = Task.Run(async () => await smooth.ExecuteAsync(await smooth.PlanAsync(cancellationToken), cancellationToken), cancellationToken);

        await using var crashing = await LabMigration.StartUnwatchedAsync(cancellationToken, options, bridge);
        var crashingPods = CountPods(crashing);
        await using var denied = new DeniedWatch(crashing.Lab);
        Assert.That(denied.IsOpenWhereAllowed(), "a connection that nothing allows proves nothing");
        var plan = await crashing.PlanAsync(cancellationToken);
        var points = new CrashPoints(isPoint) { Look = denied.Look };
        var killed = plan.Steps.Count(s => isPoint?.Invoke($"journal {s.Id} ") != false);

        var events = await RunAsync(crashing, plan, points, cancellationToken, atEvent: denied.LookAt);

        await unharmed;
        Assert.That(events?[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events!.TakeLast(5)));
        TestContext.Out.WriteLine($"{points.Crashes} crashes, {denied.Looked} looks at what is denied");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(points.Crashes, Is.GreaterThan(killed * 2), "every step was killed more than once");
            if (isPoint is null && bridge != BridgeKind.Partition)
            {
                Assert.That(
                    points.Names.Count(n => n.StartsWith("PATCH ", StringComparison.Ordinal) && n.Contains("/daemonsets/nginx-ds in ", StringComparison.Ordinal)),
                    Is.EqualTo(plan.Steps.Count(s => s.Kind == MigrationStepKind.RestartPods)), "the same object's patch is a point in each phase");
            }

            Assert.That(denied.Opened, Is.Empty);
            Assert.That(denied.Looked, Is.GreaterThan(points.Crashes));
            Assert.That(denied.IsOpenWhereAllowed());
            await AssertSameAsync(crashing, crashingPods, smooth, smoothPods, cancellationToken);
        }
    }

    /// <summary>Asserts the same of labs on the kernel fabric, for what is in the kernel as well, and that no request was lost on the way.</summary>
    /// <param name="options">Both clusters.</param>
    /// <param name="bridge">How their Pods are taken over.</param>
    /// <param name="isPointOf">Makes the rule by which a plan's migration is killed.</param>
    /// <param name="cancellationToken">Ends the test.</param>
    /// <returns>How often it was killed.</returns>
    public static async Task<int> AssertSameEndInTheKernelAsync(
        LabClusterOptions options, BridgeKind bridge, Func<MigrationPlan, Predicate<string>> isPointOf, CancellationToken cancellationToken)
    {
        await using var smooth = await LabMigration.StartAsync(cancellationToken, options with { ExtraObjects = $"{options.ExtraObjects}---\n{LabPods.ClosedService}" }, bridge);
        var smoothPods = CountPods(smooth);
        await smooth.ExecuteAsync(await smooth.PlanAsync(cancellationToken), cancellationToken);

        await using var crashing = await WatchedMigration.StartAsync(
            options with { ExtraObjects = $"{options.ExtraObjects}---\n{LabPods.ClosedService}" }, bridge, cancellationToken, ("default", "client", "nginx-closed"), ("kube-system", "coredns", "nginx-closed"));
        var crashingPods = CountPods(crashing.Migration);
        var points = new CrashPoints(isPointOf(crashing.Plan));

        var (events, traffic) = await crashing.WatchAsync(
            enter => RunAsync(crashing.Migration, crashing.Plan, points, cancellationToken, enter), cancellationToken);

        Assert.That(events?[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events!.TakeLast(5)));
        TestContext.Out.WriteLine($"{points.Crashes} crashes, {traffic.Flows.Sum(f => f.Total)} requests, {traffic.Flows.Sum(f => f.Failure)} failed");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(crashing.Plan.PredictedLosses, Is.Empty);
            Assert.That(traffic.Outages.Where(o => o.RequestsLost > 0), Is.Empty);
            Assert.That(traffic.Flows.Select(f => f.Success), Has.All.Positive);
            Assert.That(crashing.DeniedTraffic!.Flows.Where(f => f.Success > 0), Is.Empty, "port 9090 is closed by a policy of Calico's, then by one of Antrea's");
            Assert.That(crashing.DeniedTraffic.Flows.Select(f => f.Failure), Has.All.GreaterThan(20));
            await AssertSameAsync(crashing.Migration, crashingPods, smooth, smoothPods, cancellationToken);
            Assert.That(await KernelOfNodesAsync(crashing.Lab, cancellationToken), Is.EqualTo(await KernelOfNodesAsync(smooth.Lab, cancellationToken)));
        }

        return points.Crashes;
    }

    /// <summary>A point before and after the first command that changes a Node, of each kind of step that has one.</summary>
    /// <param name="plan">The plan that is carried out.</param>
    /// <param name="chosen">The commands, by the kind of their step; filled while the migration runs.</param>
    /// <returns>The rule for <see cref="CrashPoints"/>.</returns>
    public static Predicate<string> FirstOnANodeOfEachKindOfStep(MigrationPlan plan, ConcurrentDictionary<MigrationStepKind, string> chosen)
    {
        var kinds = plan.Steps.ToImmutableDictionary(s => s.Id, s => s.Kind);
        var current = MigrationStepKind.BackUp;
        return what =>
        {
            switch (what.Split(' '))
            {
                case ["journal", var step, ..]:
                    current = kinds.GetValueOrDefault(step, current);
                    return false;
                case [var node, ..] when plan.Steps.Any(s => s.Node == node):
                    return chosen.GetOrAdd(current, what) == what;
                default:
                    return false;
            }
        };
    }

    private static Task<List<MigrationEvent>?> RunAsync(
        LabMigration migration,
        MigrationPlan plan,
        CrashPoints points,
        CancellationToken cancellationToken,
        Action<MigrationPhase>? enter = null,
        Action<MigrationEvent>? atEvent = null) =>
        CrashedRun.ToTheEndAsync(
            migration,
            points,
            async journal => await journal.ReadPlanAsync(cancellationToken) ?? plan,
            cancellationToken,
            item =>
            {
                atEvent?.Invoke(item);
                if (item is PhaseStarted started)
                {
                    enter?.Invoke(started.Phase);
                }
            });

    /// <summary>Asserts that two clusters are equal, and that in both as many Pods of each workload were made.</summary>
    public static async Task AssertSameAsync(
        LabMigration crashing,
        ConcurrentDictionary<string, int> crashingPods,
        LabMigration smooth,
        ConcurrentDictionary<string, int> smoothPods,
        CancellationToken cancellationToken)
    {
        Assert.That(await crashing.DumpAsync(cancellationToken), Is.EqualTo(await smooth.DumpAsync(cancellationToken)));
        Assert.That(Workloads(crashingPods), Is.EqualTo(Workloads(smoothPods)), "no Pod restarts more often than planned");
    }

    /// <summary>What was counted, in order.</summary>
    public static List<KeyValuePair<string, int>> Workloads(ConcurrentDictionary<string, int> counts) =>
        [.. counts.Where(p => p.Key != "calico-node").OrderBy(p => p.Key, StringComparer.Ordinal)];

    /// <summary>What the kernel has in the Nodes' own namespaces, without each Service's chain, which has the addresses that Pods happened to get.</summary>
    private static async Task<string> KernelOfNodesAsync(LabCluster lab, CancellationToken cancellationToken)
    {
        await lab.SettledAsync(cancellationToken);
        var dump = await KernelDump.WriteAsync(lab.NamespacePrefix!, cancellationToken, lab.NodeNames.Contains);
        return string.Join('\n', dump.Split('\n').Where(line => !line.StartsWith("-A SVC-", StringComparison.Ordinal) && !line.StartsWith(":SVC-", StringComparison.Ordinal)));
    }

    /// <summary>Counts from now on how many Pods of each workload are made, and how many get another sandbox.</summary>
    public static ConcurrentDictionary<string, int> CountPods(LabMigration migration)
    {
        var counts = new ConcurrentDictionary<string, int>();
        migration.Lab.Store.Subscribe(
            e =>
            {
                // The migration's own canaries are made anew where a crash left them.
                if (e.Resource == ResourceType.Pod && !e.Object.Flag("spec", "hostNetwork") && e.Object.NamespaceOf() != "antrea-migration"
                    && (e.Type == StoreEventType.Added || Sandboxes(e.Object) > Sandboxes(e.Previous)))
                {
                    counts.AddOrUpdate(e.Object["metadata"]!["labels"]?.AsObject().Select(l => $"{l.Value}").First() ?? "", 1, (_, n) => n + 1);
                }
            },
            migration.Lab.Store.Version);
        return counts;

        static long Sandboxes(System.Text.Json.Nodes.JsonObject? pod) => pod.Items("status", "containerStatuses").Sum(c => c.Number("restartCount") ?? 0);
    }
}
