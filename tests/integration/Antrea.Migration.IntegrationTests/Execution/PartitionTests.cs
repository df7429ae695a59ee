using System.Net;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Most of the PodCIDRs overlap and Calico stays in them: the Nodes move in two parts, which lose each other meanwhile, as predicted and no more.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class PartitionTests
{
    [TestCase(LabFabricKind.Simulated)]
    [TestCase(LabFabricKind.Kernel, Category = "Kernel")]
    [CancelAfter(600_000)]
    public async Task Pairs_across_the_cut_break_and_no_others_and_nothing_denied_opens(LabFabricKind fabric, CancellationToken cancellationToken)
    {
        if (fabric == LabFabricKind.Kernel)
        {
            Requires.LongRun();
            await Requires.KernelFabricAsync(cancellationToken);
        }

        var migration = await LabMigration.StartAsync(cancellationToken, Crowded(3, fabric), BridgeKind.Partition);
        migration.Options = migration.Options with { FirstPart = [LabScenario.Crowded + "-worker", LabScenario.Crowded + "-worker2"] };
        await using var watched = await WatchedMigration.StartAsync(migration, "client", cancellationToken);
        var (plan, parts) = (watched.Plan, watched.Plan.Partition!);
        Assert.That(plan.IsExecutable, string.Join('\n', plan.Findings.Take(3)));
        Assert.That((plan.Scenario, plan.Bridge), Is.EqualTo(("Partition", BridgeKind.Partition)));
        List<string> wrong = [];
        var apart = 0;
        var forecasts = await watched.ForecastAsync(parts, cancellationToken);

        var (last, traffic) = await watched.RunAsync(
            cancellationToken,
            async phase =>
            {
                await watched.Lab.AllReadyAsync(cancellationToken);
                foreach (var pair in Pairs(watched.Lab))
                {
                    var isApart = phase == MigrationPhase.FirstPart && parts.Parts(pair.From, pair.To);
                    apart += isApart ? 1 : 0;
                    wrong.AddRange(pair.IsOpen == !isApart ? [] : [$"after {phase}: {pair.From} → {pair.To}: {pair.Why}"]);
                }

                if (fabric == LabFabricKind.Kernel && phase is MigrationPhase.FirstPart or MigrationPhase.SecondPart)
                {
                    wrong.AddRange(await WrongInTheKernelAsync(watched.Lab, phase == MigrationPhase.FirstPart ? parts : null, cancellationToken));
                }
            },
            item => wrong.AddRange(Opened(watched.Lab).Concat(CutOffFromNodes(watched.Lab)).Concat(item is StepCompleted completed ? Disturbed(watched.Lab, parts, completed.Step.Phase) : []).Select(w => $"{item}: {w}")));

        Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(wrong, Is.Empty, string.Join('\n', wrong.Take(10)));
            Assert.That(apart, Is.Positive, "a test that cannot fail proves nothing");
            Assert.That(traffic.Flows.Sum(f => f.Failure), Is.Positive);
            Assert.That(forecasts, Has.Count.EqualTo(traffic.Flows.Length), "every flow that is watched has a forecast");
            foreach (var flow in traffic.Flows.Select(f => f.Flow).Where(_ => fabric == LabFabricKind.Simulated))
            {
                var outages = traffic.Outages.Where(o => o.Flow == flow).ToList();
                Assert.That(forecasts[flow].Agrees(outages, [.. plan.Steps.Select(s => s.Phase).Distinct()], PartitionProgress.NotBegun), $"{flow}: {forecasts[flow]}: {string.Join('\n', outages)}");
            }

            // The kernel's Services follow the model's, and on a busy machine some phases later; between Pods it was asked itself, above.
            Assert.That(
                traffic.Outages.Where(o => o.RequestsLost > 0 && fabric == LabFabricKind.Simulated).Select(o => o.Phase).Distinct(),
                Is.SubsetOf(new[] { nameof(MigrationPhase.FirstPart), nameof(MigrationPhase.SecondPart) }),
                string.Join('\n', traffic.Outages));
            Assert.That(
                plan.PredictedLosses.Where(l => l.Phase == MigrationPhase.FirstPart).Select(l => (l.From, l.To)),
                Does.Contain(("Antrea Pods of the first part", "Calico Pods of the rest")).And.Contain(("Calico Pods of the rest", "Antrea Pods of the first part")));
            Assert.That(parts.BrokenFlows, Is.Not.Empty);
        }

        var dump = await migration.DumpAsync(cancellationToken);
        Assert.That(dump, Does.Not.Contain("crd.projectcalico.org").And.Not.Contain("10-calico.conflist").And.Not.Contain("\"unschedulable\"").And.Not.Contain("antrea-migration.io/without-calico"));
    }

    [TestCase(MigrationPhase.FirstPart, PartitionProgress.InFirstPart)]
    [TestCase(MigrationPhase.SecondPart, PartitionProgress.InSecondPart)]
    [CancelAfter(600_000)]
    public async Task A_run_that_takes_up_a_part_where_another_was_killed_loses_as_predicted(MigrationPhase phase, PartitionProgress left, CancellationToken cancellationToken)
    {
        var migration = await LabMigration.StartAsync(cancellationToken, Crowded(1), BridgeKind.Partition);
        migration.Options = migration.Options with { FirstPart = [LabScenario.Crowded + "-worker"] };
        await using var watched = await WatchedMigration.StartAsync(migration, "client", cancellationToken);
        await migration.RunUntilAsync(watched.Plan, item => item is StepCompleted { Step.Kind: MigrationStepKind.ClearRoutes } completed && completed.Step.Phase == phase, cancellationToken);
        using var client = migration.Client();
        var atStart = (await new ConfigMapJournal(client).ReadRecordAsync(cancellationToken)).Progress;
        var forecasts = await watched.ForecastAsync(watched.Plan.Partition!, cancellationToken);

        var (last, traffic) = await watched.RunAsync(cancellationToken, beginsWithALoss: true);

        Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(atStart, Is.EqualTo(left));
            Assert.That(OtherThan(atStart), Is.Empty, string.Join('\n', traffic.Outages));
            Assert.That(OtherThan(PartitionProgress.NotBegun), Is.Not.Empty, "what the other run has left is lost before this one has come to a part");
        }

        IEnumerable<FlowName> OtherThan(PartitionProgress begun) => traffic.Flows.Select(f => f.Flow)
            .Where(f => !forecasts[f].Agrees(traffic.Outages.Where(o => o.Flow == f), [MigrationPhase.FirstPart, MigrationPhase.SecondPart], begun));
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Minutes_of_a_part_count_what_its_Nodes_and_Pods_are_asked(CancellationToken cancellationToken)
    {
        var few = await AskedAsync("", cancellationToken);
        var many = await AskedAsync(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: many, namespace: default}
            spec: {replicas: 24, selector: {matchLabels: {app: many}}, template: {metadata: {labels: {app: many}}, spec: {containers: [{name: main, image: pause}]}}}

            """,
            cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            foreach (var (phase, node) in ((MigrationPhase[])[MigrationPhase.FirstPart, MigrationPhase.SecondPart]).SelectMany(_ => few.Plan.Nodes, (p, n) => (p, n)))
            {
                var moves = few.Plan.Partition!.NodesOf(phase).Contains(node);
                var cleaning = phase == MigrationPhase.FirstPart ? PartitionTime.CommandsOfCleaning : 0;
                Assert.That(few.Asked.Commands.Count(c => c.Step.Phase == phase && c.Node == node), Is.EqualTo(moves ? PartitionTime.CommandsOfANode + cleaning : 0), $"commands on {node} in {phase}");
                Assert.That(
                    few.Asked.Requests.Count(r => r.Phase == phase && r.Node == node),
                    moves ? Is.InRange(PartitionTime.RequestsOfANode * 2 / 3, PartitionTime.RequestsOfANode) : Is.EqualTo(PartitionTime.RequestsOfAnother), $"requests for {node} in {phase}");
            }

            var ofAPod = (many.Restarts - few.Restarts) / (double)(many.Pods - few.Pods);
            TestContext.Out.WriteLine($"{few.Restarts} requests for {few.Pods} Pods, {many.Restarts} for {many.Pods}: {ofAPod:0.0} for one more");
            Assert.That(ofAPod, Is.InRange(PartitionTime.RequestsOfAPod / 4.0, PartitionTime.RequestsOfAPod));
        }
    }

    /// <summary>One Node after the other, so that each request is some step's.</summary>
    private static async Task<(MigrationPlan Plan, AskedBySteps Asked, int Restarts, int Pods)> AskedAsync(string more, CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Crowded(3) with { ExtraObjects = more }, BridgeKind.Partition);
        migration.Options = migration.Options with { FirstPart = [LabScenario.Crowded + "-worker", LabScenario.Crowded + "-worker2"] };
        var plan = await migration.PlanAsync(cancellationToken);
        var asked = new AskedBySteps();
        using var client = migration.Client(asked);
        using var plain = migration.Client();
        var executor = new MigrationExecutor(client, new ConfigMapJournal(client), new AskedNodes(new PodExecNodeAccess(plain), asked));
        var execution = new ExecutionOptions { BackupDirectory = migration.BackupDirectory, Holds = HoldPolicy.PassAll, NodesAtOnce = 1 };
        MigrationEvent? last = null;
        await foreach (var item in executor.ExecuteAsync(plan, migration.Options, execution, cancellationToken))
        {
            last = item;
            asked.Step = item is StepStarted started ? started.Step : item is StepCompleted or StepSkipped ? null : asked.Step;
        }

        Assert.That(last, Is.TypeOf<MigrationCompleted>(), last?.ToString());
        return (
            plan, asked, asked.Requests.Count(r => r.Kind == MigrationStepKind.RestartPods),
            migration.Lab.Store.PeekAll(ResourceType.Pod).Count(p => p["spec"]?["hostNetwork"]?.GetValue<bool>() != true));
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Nothing_is_parted_before_somebody_agrees(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken, Crowded(3), BridgeKind.Partition);
        migration.Options = migration.Options with { IgnoredFindings = [] };

        var plan = await migration.PlanAsync(cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(plan.IsExecutable, Is.False);
            Assert.That(plan.Findings[0].Id, Is.EqualTo(LabMigration.Consent[0]));
            Assert.That(plan.Findings[0].Evidence, Does.Contain("min"));
            Assert.That(plan.Partition!.BrokenFlows, Is.Not.Empty, "what there is to agree to is shown");
        }
    }

    private static LabClusterOptions Crowded(int workers, LabFabricKind fabric = LabFabricKind.Simulated) => new() { Name = LabScenario.Crowded, Workers = workers, Fabric = fabric };

    /// <summary>Real connections through real routes; <paramref name="parts"/> is null when everybody is on one side again.</summary>
    private static async Task<List<string>> WrongInTheKernelAsync(LabCluster lab, NodePartition? parts, CancellationToken cancellationToken)
    {
        List<string> wrong = [];
        foreach (var client in Pods(lab))
        {
            foreach (var server in Pods(lab).Where(s => s.Name.StartsWith("default/nginx-ds-", StringComparison.Ordinal) && s.Name != client.Name))
            {
                var seen = await lab.Network.CaptureAsync(client.Name, server.Address, 80, TimeSpan.FromSeconds(1), cancellationToken);
                wrong.AddRange((seen.Outcome == ConnectionOutcome.Delivered) == (parts?.Parts(client.Node, server.Node) != true) ? [] : [$"kernel: {client.Node} → {server.Node}: {seen}"]);
            }
        }

        return wrong;
    }

    /// <summary>From Node to Node, every pair of Pods of the two workloads, on the port that policies open.</summary>
    private static IEnumerable<(string From, string To, bool IsOpen, string Why)> Pairs(LabCluster lab) =>
        from client in Pods(lab)
        from server in Pods(lab).Where(s => s.Name.StartsWith("default/nginx-ds-", StringComparison.Ordinal) && s.Name != client.Name)
        let verdict = lab.Network.Trace(client.Name, server.Address, 80)
        select (client.Node, server.Node, verdict.Outcome == ConnectionOutcome.Delivered, verdict.ToString());

    /// <summary>Port 9090 is for nobody, whatever part the two are in.</summary>
    private static IEnumerable<string> Opened(LabCluster lab) =>
        from client in Pods(lab).Where(p => p.Name.StartsWith("default/", StringComparison.Ordinal))
        from server in Pods(lab).Where(s => s.Name.StartsWith("default/nginx-ds-", StringComparison.Ordinal) && s.Name != client.Name)
        let verdict = lab.Network.Trace(client.Name, server.Address, 9090)
        where verdict.Outcome == ConnectionOutcome.Delivered
        select $"9090: {verdict}";

    /// <summary>Every Pod reaches every Node, and so the API server and what is on the Nodes' network, be it to be told that nobody listens.</summary>
    private static IEnumerable<string> CutOffFromNodes(LabCluster lab) =>
        from client in Pods(lab)
        from node in lab.Fleet.Nodes
        let verdict = lab.Network.Trace(client.Name, node.Address, 6443)
        where verdict.Outcome is not (ConnectionOutcome.Delivered or ConnectionOutcome.Refused)
        select $"Node: {verdict}";

    /// <summary>While a part moves, pairs with both ends outside of it are as they were.</summary>
    private static IEnumerable<string> Disturbed(LabCluster lab, NodePartition parts, MigrationPhase phase)
    {
        var moving = parts.NodesOf(phase);
        return Pairs(lab).Where(p => !moving.Contains(p.From) && !moving.Contains(p.To) && !p.IsOpen).Select(p => $"{p.From} → {p.To}: {p.Why}");
    }

    private static List<(string Name, string Node, IPAddress Address)> Pods(LabCluster lab) =>
    [
        .. lab.Store.PeekAll(ResourceType.Pod)
            .Where(p => p["spec"]?["hostNetwork"]?.GetValue<bool>() != true && p.ConditionIsTrue("Ready") && !p.IsTerminating())
            .Select(p => ($"{p.NamespaceOf()}/{p.NameOf()}", p.Text("spec", "nodeName")!, IPAddress.Parse(p.Text("status", "podIP")!))),
    ];

    /// <summary>What is asked while a step is at work; questions that are repeated until the answer changes count once.</summary>
    private sealed class AskedBySteps : DelegatingHandler
    {
        private readonly Lock _lock = new();
        private readonly HashSet<(MigrationStep, string)> _reads = [];

        public MigrationStep? Step { get; set; }

        public List<MigrationStep> Requests { get; } = [];

        public List<(MigrationStep Step, string Node)> Commands { get; } = [];

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.PathAndQuery;
            lock (_lock)
            {
                if (Step is { } step && !path.Contains("/leases/", StringComparison.Ordinal) && (request.Method != HttpMethod.Get || _reads.Add((step, path))))
                {
                    Requests.Add(step);
                }
            }

            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class AskedNodes(INodeAccess nodes, AskedBySteps asked) : INodeAccess
    {
        public Task<NodeCommandResult> RunAsync(string node, NodeCommand command, CancellationToken cancellationToken = default)
        {
            lock (asked.Commands)
            {
                asked.Commands.Add((asked.Step!, node));
            }

            return nodes.RunAsync(node, command, cancellationToken);
        }
    }
}
