using System.Net;
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
    [TestCase(LabFabricKind.Kernel)]
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
}
