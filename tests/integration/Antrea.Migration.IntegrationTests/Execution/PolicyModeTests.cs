using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Policies that name sources, while the cluster moves: what is denied stays denied, and what is denied for a while was predicted.</summary>
[Parallelizable(ParallelScope.All)]
public sealed class PolicyModeTests
{
    /// <summary>Clients restart before the server, which no Service leads to: all mixtures come about.</summary>
    private static readonly string Objects =
        """
        apiVersion: crd.projectcalico.org/v1
        kind: NetworkPolicy
        metadata: {name: default.friends, namespace: default}
        spec: {order: 10, selector: app == 'server', types: [Ingress], ingress: [{action: Allow, protocol: TCP, source: {selector: app == 'friend'}, destination: {ports: [80]}}]}

        """ + LabPods.DaemonSet("friend", "client") + LabPods.DaemonSet("server", "nginx:1.25") + LabPods.DaemonSet("stranger", "client");

    [TestCase(BridgeKind.PolicyRoute)]
    [TestCase(BridgeKind.Pool)]
    [TestCase(BridgeKind.Multus)]
    [CancelAfter(600_000)]
    public async Task Denied_connections_stay_denied_and_allowed_ones_are_denied_where_predicted(BridgeKind bridge, CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(
            cancellationToken, new LabClusterOptions { Name = "c2a0", Workers = 2, ExtraObjects = Objects }, bridge);
        var refused = await migration.PlanAsync(cancellationToken);
        migration.Options = migration.Options with { PolicyMode = PolicyMode.Strict };
        var plan = await migration.PlanAsync(cancellationToken);
        var predicted = plan.PredictedPolicyChanges.Select(c => (c.From, c.To, c.Place)).ToHashSet();
        HashSet<(string From, string To, string Place)> denied = [];
        List<string> wrong = [];
        using var client = migration.Client();
        MigrationEvent? last = null;

        var execution = new ExecutionOptions { BackupDirectory = migration.BackupDirectory, Holds = HoldPolicy.PassAll };
        await foreach (var item in new MigrationExecutor(client, new ConfigMapJournal(client)).ExecuteAsync(plan, migration.Options, execution, cancellationToken))
        {
            last = item;
            foreach (var (pair, isFriend, verdict) in Try(migration.Lab))
            {
                var isDelivered = verdict.Outcome == ConnectionOutcome.Delivered;
                if (isFriend && !isDelivered)
                {
                    denied.Add(pair);
                }

                if (isDelivered != (isFriend && !predicted.Contains(pair)))
                {
                    wrong.Add($"{item}: {pair}: {verdict}");
                }
            }
        }

        foreach (var change in plan.PredictedPolicyChanges)
        {
            TestContext.Out.WriteLine($"{change.Phase}: {change.From} → {change.To}, {change.Place}, {string.Join(", ", change.Ports)}: {change.Reason}");
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last?.ToString());
            Assert.That(refused.IsExecutable, Is.False, "nobody has agreed to it yet");
            Assert.That(refused.Findings.Where(f => f.Severity == Severity.Blocker).Select(f => f.Id).Distinct(), Is.EqualTo(new[] { "policy-denies-while-mixed" }));
            Assert.That(wrong, Is.Empty);
            Assert.That(denied, Is.Not.Empty, "a test that sees no mixture proves nothing");
            Assert.That(denied, Is.SubsetOf(predicted));
        }
    }

    /// <summary>From each friend and stranger to each server, while all concerned stand still.</summary>
    private static IEnumerable<((string From, string To, string Place) Pair, bool IsFriend, ConnectionVerdict Verdict)> Try(LabCluster lab)
    {
        var pods = LabPods.Ready(lab);
        foreach (var from in pods.Where(p => p.Workload is "friend" or "stranger"))
        {
            foreach (var to in pods.Where(p => p.Workload == "server"))
            {
                var verdict = lab.Fabric.Connect(from.Netns, to.Address, 80);
                if (LabPods.Ready(lab) is var now && now.Contains(from) && now.Contains(to))
                {
                    var pair = ($"DaemonSet/default/{from.Workload} ({from.Kind} Pods)", $"DaemonSet/default/server ({to.Kind} Pods)", from.Node == to.Node ? "same Node" : "other Node");
                    yield return (pair, from.Workload == "friend", verdict);
                }
            }
        }
    }
}
