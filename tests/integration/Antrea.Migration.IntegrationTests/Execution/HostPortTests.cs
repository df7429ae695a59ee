using System.Net;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Pods that are reached by ports of their Nodes: the old Pod's rule comes before the new one's, and nobody but the migration removes it.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class HostPortTests
{
    private const int Port = 8080;
    private const string Release = "release-host-ports";

    private static LabClusterOptions Cluster(string strategy) => new()
    {
        Name = "c2a0",
        Workers = 2,
        ExtraObjects = $$"""
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {name: ingress, namespace: default}
            spec:
              updateStrategy: {type: {{strategy}} }
              selector: {matchLabels: {app: ingress} }
              template:
                metadata: {labels: {app: ingress} }
                spec: {containers: [{name: main, image: nginx, ports: [{containerPort: 80, hostPort: {{Port}} }]}]}

            """,
    };

    [TestCase(BridgeKind.PolicyRoute, "RollingUpdate", RestartMode.Reschedule)]
    [TestCase(BridgeKind.PolicyRoute, "OnDelete", RestartMode.Reschedule)]
    [TestCase(BridgeKind.PolicyRoute, "RollingUpdate", RestartMode.InPlace)]
    [TestCase(BridgeKind.Pool, "RollingUpdate", RestartMode.Reschedule)]
    [TestCase(BridgeKind.Multus, "RollingUpdate", RestartMode.Reschedule)]
    [TestCase(BridgeKind.Multus, "RollingUpdate", RestartMode.InPlace)]
    [TestCase(BridgeKind.Partition, "RollingUpdate", RestartMode.Reschedule)]
    [CancelAfter(600_000)]
    public async Task HostPorts_lead_to_the_Pods_of_today(BridgeKind bridge, string strategy, RestartMode restart, CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(bridge, strategy, restart, cancellationToken);
        Assert.That(Wrong(migration.Lab), Is.Empty, "before");
        List<string> wrong = [];

        var events = await ExecuteAsync(
            migration,
            await migration.PlanAsync(cancellationToken),
            cancellationToken,
            atEvent: e => wrong.AddRange(e is StepCompleted { Step.Kind: MigrationStepKind.RestartPods or MigrationStepKind.AssertPods } done ? Wrong(migration.Lab).Select(w => $"{done.Step.Id}: {w}") : []));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));
            Assert.That(wrong.Concat(Wrong(migration.Lab)), Is.Empty);
            Assert.That(RulesOf(migration.Lab), Is.EqualTo(Enumerable.Repeat("antrea 8080", 2)));
        }
    }

    /// <summary>What it is for: with every bridge the rule of a Pod that is gone stays until Calico is cleaned up.</summary>
    [TestCase(BridgeKind.PolicyRoute)]
    [TestCase(BridgeKind.Multus)]
    [CancelAfter(600_000)]
    public async Task Without_it_hostPorts_lead_to_nobody(BridgeKind bridge, CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(bridge, "RollingUpdate", RestartMode.Reschedule, cancellationToken);
        List<string> wrong = [];

        var events = await ExecuteAsync(
            migration,
            await migration.PlanAsync(cancellationToken),
            cancellationToken,
            nodes => new NodesThatKeepHostPorts(nodes),
            e => wrong.AddRange(e is StepCompleted { Step.Kind: MigrationStepKind.RestartPods, Step.Phase: MigrationPhase.MultusPods or MigrationPhase.AntreaPods } && wrong.Count == 0 ? Wrong(migration.Lab) : []));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));
            Assert.That(wrong, Has.Count.EqualTo(2), "each worker's");
            Assert.That(Wrong(migration.Lab), Is.Empty, "Calico's clean-up removes what is left");
            Assert.That(RulesOf(migration.Lab), Is.All.StartsWith("antrea "));
        }
    }

    [TestCase(BridgeKind.PolicyRoute, RestartMode.Reschedule)]
    [TestCase(BridgeKind.PolicyRoute, RestartMode.InPlace)]
    [TestCase(BridgeKind.Multus, RestartMode.Reschedule)]
    [CancelAfter(600_000)]
    public async Task On_the_way_back_too(BridgeKind bridge, RestartMode restart, CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(bridge, "RollingUpdate", restart, cancellationToken);
        var before = await RollbackTests.DumpAsync(migration, cancellationToken);
        await migration.RunUntilAsync(await migration.PlanAsync(cancellationToken), e => e is StepStarted { Step.Kind: MigrationStepKind.RemoveCalico }, cancellationToken);
        List<string> wrong = [];

        var events = await ExecuteAsync(
            migration,
            await migration.PlanRollbackAsync(cancellationToken),
            cancellationToken,
            atEvent: e => wrong.AddRange(e is StepCompleted { Step.Kind: MigrationStepKind.RestartPods } done ? Wrong(migration.Lab).Select(w => $"{done.Step.Id}: {w}") : []));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));
            Assert.That(wrong.Concat(Wrong(migration.Lab)), Is.Empty);
            Assert.That(await RollbackTests.DumpAsync(migration, cancellationToken), Is.EqualTo(before), "hostPorts are in it");
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Migrator_killed_around_every_release_leaves_none_that_is_dead([Values] RestartMode restart, CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(BridgeKind.PolicyRoute, "RollingUpdate", restart, cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        var points = new CrashPoints(what => what.Contains($" {Release} ", StringComparison.Ordinal) || what.Contains(" restart-sandbox ", StringComparison.Ordinal));

        var events = await CrashedRun.ToTheEndAsync(
            migration,
            points,
            async journal => await journal.ReadPlanAsync(cancellationToken) ?? plan,
            cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(events?[^1], Is.TypeOf<MigrationCompleted>());
            Assert.That(points.Crashes, Is.GreaterThan(5));
            Assert.That(Wrong(migration.Lab), Is.Empty);
            Assert.That(RulesOf(migration.Lab), Is.EqualTo(Enumerable.Repeat("antrea 8080", 2)));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Verification_fails_while_one_is_left(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(BridgeKind.PolicyRoute, "RollingUpdate", RestartMode.Reschedule, cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        await migration.RunUntilAsync(plan, e => e is StepStarted { Step.Kind: MigrationStepKind.Verify }, cancellationToken);
        var host = migration.Lab.Fleet.Find("c2a0-worker")!.Host;
        var stale = host.State.HostPorts.Single() with { Network = "k8s-pod-network" };
        host.Update(state => state with { HostPorts = state.HostPorts.Add(stale) });

        var failed = (await migration.ExecuteAsync(plan, cancellationToken))[^1] as StepFailed;
        host.Update(state => state with { HostPorts = state.HostPorts.Remove(stale) });

        Assert.That(failed?.Message, Does.Contain("Node c2a0-worker: hostport: "));
        Assert.That((await migration.ExecuteAsync(plan, cancellationToken))[^1], Is.TypeOf<MigrationCompleted>());
    }

    /// <summary>A network of another name keeps what it has, and Calico's may have any name.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task Networks_go_by_their_names(CancellationToken cancellationToken)
    {
        await using var migration = await StartAsync(BridgeKind.PolicyRoute, "RollingUpdate", RestartMode.Reschedule, cancellationToken);
        var host = migration.Lab.Fleet.Find("c2a0-worker")!.Host;
        var other = new HostPortRule("macvlan", new string('a', 64), TransportProtocol.Tcp, null, 9, IPEndPoint.Parse("192.0.2.1:9"));
        host.Update(state => state with { HostPorts = state.HostPorts.Add(other) });

        var events = await migration.ExecuteAsync(await migration.PlanAsync(cancellationToken), cancellationToken);

        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>());
        Assert.That(host.State.HostPorts.Where(r => r.Network != "antrea"), Is.EqualTo(new[] { other }));
    }

    private static async Task<LabMigration> StartAsync(BridgeKind bridge, string strategy, RestartMode restart, CancellationToken cancellationToken)
    {
        var migration = await LabMigration.StartAsync(cancellationToken, Cluster(strategy), bridge);
        migration.Options = migration.Options with { Restart = restart };
        return migration;
    }

    private static async Task<List<MigrationEvent>> ExecuteAsync(
        LabMigration migration, MigrationPlan plan, CancellationToken cancellationToken, Func<INodeAccess, INodeAccess>? nodes = null, Action<MigrationEvent>? atEvent = null)
    {
        using var client = migration.Client();
        var access = new PodExecNodeAccess(client);
        return await migration.ExecuteAsync(plan, new MigrationExecutor(client, new ConfigMapJournal(client), nodes?.Invoke(access) ?? access), cancellationToken, atEvent: atEvent);
    }

    /// <summary>What becomes of a connection from the first Node to each Node's port that does not end at the Pod there.</summary>
    private static IEnumerable<string> Wrong(LabCluster lab)
    {
        foreach (var pod in lab.Store.PeekAll(ResourceType.Pod, "default").Where(p => p.NameOf().StartsWith("ingress-", StringComparison.Ordinal) && p.ConditionIsTrue("Ready") && !p.IsTerminating()))
        {
            var node = lab.Fleet.Find(pod.Text("spec", "nodeName")!)!;
            var other = lab.NodeNames.First(n => n != node.Name);
            var trace = lab.Network.Trace(other, node.Address, Port);
            if (trace.Outcome != ConnectionOutcome.Delivered || trace.Receiver != $"default/{pod.NameOf()}")
            {
                yield return trace.ToString();
            }
        }
    }

    private static List<string> RulesOf(LabCluster lab) => [.. lab.Fleet.Nodes.SelectMany(n => n.Host.State.HostPorts).Select(r => $"{r.Network} {r.Port}")];

    /// <summary>Nodes where nobody removes hostPorts while Pods restart.</summary>
    private sealed class NodesThatKeepHostPorts(INodeAccess nodes) : INodeAccess
    {
        public Task<NodeCommandResult> RunAsync(string node, NodeCommand command, CancellationToken cancellationToken = default) =>
            command.Verb == Release ? Task.FromResult(new NodeCommandResult(0, "", "")) : nodes.RunAsync(node, command, cancellationToken);
    }
}
