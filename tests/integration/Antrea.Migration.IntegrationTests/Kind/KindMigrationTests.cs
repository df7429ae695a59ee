using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Kind;
using Antrea.Migration.Planning;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>Migrations on real Kubernetes: kubelets, containerd, API server, Pods and packets; only the CNIs' images are stand-ins.</summary>
/// <remarks>What a plan promises is that Pods reach each other whichever network they are on. While a workload restarts, its own rule (how many
/// may be missing, how its servers end) decides what its clients see; so requests are counted when nothing restarts.</remarks>
[Category("Kind")]
[Parallelizable(ParallelScope.Children)]
public sealed class KindMigrationTests
{
    [Test]
    [CancelAfter(1_800_000)]
    public async Task Operator_migrates_a_KinD_cluster_and_no_request_is_lost_between_the_phases(CancellationToken cancellationToken)
    {
        await using var kind = await KindMigration.StartAsync(workers: 2, cancellationToken);
        await kind.ReportingFailuresAsync(async () =>
        {
            var plan = await kind.PlanAsync(cancellationToken);
            Assert.That((plan.Scenario, plan.IsExecutable), Is.EqualTo(("Simple", true)), string.Join('\n', plan.Findings));

            var before = await kind.ProbeAsync(cancellationToken);
            var (last, probes) = await kind.ExecuteAsync(plan, cancellationToken);

            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            Assert.That(probes.Select(p => p.Phase), Is.EqualTo(plan.Steps.Select(s => s.Phase).Distinct()));
            KindMigration.AssertNothingLost([(MigrationPhase.Backup, before), .. probes]);
            await kind.AssertNothingOfCalicoIsLeftAsync(cancellationToken);
        });
    }

    [Test]
    [CancelAfter(1_800_000)]
    public async Task Operator_whose_migrator_ends_in_the_middle_of_a_restart_turns_back(CancellationToken cancellationToken)
    {
        await using var kind = await KindMigration.StartAsync(workers: 2, cancellationToken);
        await kind.ReportingFailuresAsync(async () =>
        {
            var before = await CniFilesAsync(kind, cancellationToken);
            var (last, _) = await kind.ExecuteAsync(
                await kind.PlanAsync(cancellationToken), cancellationToken, KindMigration.IsInTheMiddleOfARestart(MigrationPhase.MultusPods));
            Assert.That(last, Is.TypeOf<StepProgress>(), last.ToString());

            var (end, probes) = await kind.ExecuteAsync(await kind.PlanRollbackAsync(cancellationToken), cancellationToken);

            Assert.That(end, Is.TypeOf<MigrationCompleted>(), end.ToString());
            KindMigration.AssertNothingLost(probes);
            Assert.That(await CniFilesAsync(kind, cancellationToken), Is.EqualTo(before));
        });
    }

    /// <summary>A real kubelet makes the sandboxes anew that a real containerd was told to end.</summary>
    [Test]
    [CancelAfter(1_800_000)]
    public async Task Operator_restarts_Pods_in_place_and_they_stay_who_they_are(CancellationToken cancellationToken)
    {
        Requires.Asked("scenarios", "a scenario takes minutes");
        await using var kind = await KindMigration.StartAsync(workers: 2, cancellationToken);
        kind.Options = kind.Options with { Restart = RestartMode.InPlace };
        await kind.ReportingFailuresAsync(async () =>
        {
            const string Who = "kubectl get pods -o jsonpath='{range .items[*]}{.metadata.name} {.metadata.uid} {.spec.nodeName} {end}'";
            var before = await kind.KubectlAsync(Who, cancellationToken);

            var (last, probes) = await kind.ExecuteAsync(await kind.PlanAsync(cancellationToken), cancellationToken);

            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            KindMigration.AssertNothingLost(probes);
            Assert.That(await kind.KubectlAsync(Who, cancellationToken), Is.EqualTo(before).And.Not.Empty);
        });
    }

    [TestCase(3, KindScenario.SmallOverlap, "SmallOverlap")]
    [TestCase(2, KindScenario.MostOverlap, "MostOverlap")]
    [TestCase(3, KindScenario.OwnPodCidr, "SmallOverlap")]
    [TestCase(3, KindScenario.TunnelOnly, "SmallOverlap")]
    [CancelAfter(1_800_000)]
    public async Task Operator_migrates_a_KinD_cluster_whose_addresses_overlap(
        int workers, KindScenario scenario, string planned, CancellationToken cancellationToken)
    {
        if (scenario is KindScenario.OwnPodCidr or KindScenario.TunnelOnly)
        {
            Requires.Asked("scenarios", "a scenario takes minutes");
        }

        await using var kind = await KindMigration.StartAsync(workers, cancellationToken, scenario);
        await kind.ReportingFailuresAsync(async () =>
        {
            var plan = await kind.PlanAsync(cancellationToken);
            Assert.That((plan.Scenario, plan.IsExecutable), Is.EqualTo((planned, true)), string.Join('\n', plan.Findings));

            var (last, probes) = await kind.ExecuteAsync(plan, cancellationToken);

            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            KindMigration.AssertNothingLost(probes);
            await kind.AssertNothingOfCalicoIsLeftAsync(cancellationToken);
            Assert.That(await kind.KubectlAsync("kubectl get nodes --no-headers", cancellationToken), Does.Not.Contain("SchedulingDisabled"));
        });
    }

    /// <summary>The pre-test: why a bridge is needed.</summary>
    [Test]
    [CancelAfter(1_800_000)]
    public async Task Without_a_bridge_the_first_Antrea_Pod_is_cut_off_from_whom_the_rules_say(CancellationToken cancellationToken)
    {
        await using var kind = await KindMigration.StartAsync(workers: 3, cancellationToken);
        await kind.ReportingFailuresAsync(async () =>
        {
            await kind.InstallAntreaAsync(cancellationToken);
            var node = kind.NodeNames[^1];
            await kind.KubectlAsync($"kubectl delete pod -l app=nginx-ds --field-selector spec.nodeName={node}", cancellationToken);
            await kind.RolledAsync(cancellationToken);

            var snapshot = await kind.ReadAsync(cancellationToken);
            var predictor = new ReachabilityPredictor(ReachabilityModel.FromSnapshot(snapshot));
            var ends = snapshot.Pods.Where(p => p.Labels.GetValueOrDefault("app") == "nginx-ds").ToDictionary(
                p => p.Name,
                p => p.NodeName == node ? ReachabilityEndpoint.Antrea(p.NodeName, p.PodIPs[0]) : ReachabilityEndpoint.Calico(p.NodeName, p.PodIPs[0]));
            List<(string Pair, bool Predicted, bool Reached)> attempts = [];
            foreach (var (from, to) in ends.Keys.SelectMany(from => ends.Keys.Where(to => to != from).Select(to => (from, to))))
            {
                attempts.Add((
                    $"{from} ({ends[from]}) to {to} ({ends[to]})",
                    predictor.Predict(ends[from], ends[to]).Verdict == ReachabilityVerdict.Reachable,
                    await kind.ReachesAsync(from, ends[to].Address, cancellationToken)));
            }

            using (Assert.EnterMultipleScope())
            {
                Assert.That(attempts.Where(a => a.Predicted != a.Reached), Is.Empty);
                Assert.That(attempts.Select(a => a.Reached).Distinct(), Has.Exactly(2).Items, "some are cut off and some are not");
            }
        });
    }

    private static async Task<Dictionary<string, string>> CniFilesAsync(KindMigration kind, CancellationToken cancellationToken)
    {
        Dictionary<string, string> files = [];
        foreach (var node in kind.NodeNames)
        {
            files[node] = (await kind.Nodes.RunAsync(node, new NodeCommand("look", "cd /etc/cni/net.d && sha256sum *.conf*", []), cancellationToken)).Output;
        }

        return files;
    }
}
