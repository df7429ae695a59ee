using Antrea.Migration.Clusters;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.IntegrationTests.Nodes;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Routing.Reachability;
using k8s;

namespace Antrea.Migration.IntegrationTests.Connectivity;

/// <summary>Matrices of lab clusters: what is tried is what policies and routes say.</summary>
public sealed class MatrixTests
{
    private static readonly MatrixOptions Quick = new() { Timeout = TimeSpan.FromMilliseconds(300), Sources = 8, ConnectionsPerSource = 64 };

    [Test]
    [CancelAfter(600_000)]
    public async Task In_the_seeds_cluster_with_both_networks_the_matrix_is_what_the_predictor_says(CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = LabScenario.Seed, Policies = false }, cancellationToken);
        await lab.InstallAntreaAsync(cancellationToken);
        foreach (var node in (string[])["worker2", "worker5", "worker8"])
        {
            await lab.ReplaceAsync(lab.PodOn("nginx-ds", node), cancellationToken);
        }

        using var client = Client(lab);
        var snapshot = await new KubernetesClusterReader(client).ReadAsync(cancellationToken);
        var endpoints = MatrixEndpoints.Of(snapshot);
        var expectations = new MatrixExpectations(snapshot, null, null, ReachabilityModel.FromSnapshot(snapshot)) { IgnorePolicies = true };
        var pairs = MatrixPairs.AllToAll(endpoints).Where(p => p.Port == 80).ToList();

        var matrix = await new MatrixProber(InProcess(lab), Quick).ProbeAsync("port 80", endpoints, [.. pairs], expectations.Of, null, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(endpoints.Select(e => e.Network).Distinct(), Is.EquivalentTo(new PodNetworkKind?[] { PodNetworkKind.Calico, PodNetworkKind.Antrea }));
            Assert.That(matrix.Cells.Where(c => c.Judgement is MatrixJudgement.OpenedAgainstExpectation or MatrixJudgement.ClosedAgainstExpectation).Select(c => c.ToString()), Is.Empty);
            Assert.That(matrix.Count(MatrixJudgement.NotTried), Is.Zero);
            Assert.That(matrix.Cells.Count(c => c.Expectation.Verdict == MatrixVerdict.Deny), Is.GreaterThan(20), "the overlap cuts some of them off");
            Assert.That(matrix.Cells.Count(c => c.Expectation.Verdict == MatrixVerdict.Allow), Is.GreaterThan(200));
            Assert.That(matrix.Cells.First(c => c.Expectation.Verdict == MatrixVerdict.Deny).ToString(), Does.Contain("as route: "));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Denied_connections_that_get_through_are_named_with_the_rule_that_denies_them(CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 3 }, cancellationToken);
        using var client = Client(lab);
        var snapshot = await new KubernetesClusterReader(client).ReadAsync(cancellationToken);
        var endpoints = MatrixEndpoints.Of(snapshot);
        var expectations = new MatrixExpectations(
            snapshot, PolicyEvaluators.ForCalico(snapshot, new PolicyConversionOptions()), null, null);
        var pairs = MatrixPairs.AllToAll(endpoints);
        var prober = new MatrixProber(InProcess(lab), Quick);

        var kept = await prober.ProbeAsync("all to all", endpoints, pairs, expectations.Of, null, cancellationToken);
        await client.CustomObjects.DeleteClusterCustomObjectAsync(
            "crd.projectcalico.org", "v1", "globalnetworkpolicies", "default.nginx-http", cancellationToken: cancellationToken);
        await lab.SettledAsync(cancellationToken);
        var broken = await prober.ProbeAsync("all to all", endpoints, pairs, expectations.Of, null, cancellationToken);
        var comparison = MatrixComparison.Compare(kept, broken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(kept.Cells.Where(c => c.Judgement != MatrixJudgement.AsExpected).Select(c => c.ToString()), Is.Empty);
            Assert.That(kept.Cells.Where(c => c.Pair.Port == 9090).Select(c => c.IsOpen), Is.Not.Empty.And.All.False);
            Assert.That(kept.Cells.Where(c => c.Pair.Port == 80).Select(c => c.IsOpen), Is.Not.Empty.And.All.True);
            Assert.That(broken.Count(MatrixJudgement.OpenedAgainstExpectation), Is.EqualTo(kept.Cells.Count(c => c.Pair.Port == 9090)));
            Assert.That(
                broken.Cells.First(c => c.Judgement == MatrixJudgement.OpenedAgainstExpectation).ToString(),
                Does.Contain("TCP 9090 gets through, but is denied by Calico, ingress: end of tier default → Deny"));
            Assert.That(comparison.Changes, Has.Length.EqualTo(broken.Count(MatrixJudgement.OpenedAgainstExpectation)));
        }
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task By_exec_from_Pods_of_our_own_the_answers_are_the_same_and_nothing_is_left(CancellationToken cancellationToken)
    {
        await using var lab = await LabCluster.StartAsync(new LabClusterOptions { Name = "c2a0", Workers = 3 }, cancellationToken);
        using var client = Client(lab);
        await using (var pods = await ProbePods.OnEveryNodeAsync(client, cancellationToken: cancellationToken))
        {
            var snapshot = await new KubernetesClusterReader(client).ReadAsync(cancellationToken);
            var endpoints = MatrixEndpoints.Of(snapshot);
            var ours = endpoints.Where(e => e.Workload == "antrea-migration-probe/probe").ToList();
            var pairs = MatrixPairs.AllToAll([.. endpoints.Select(e => e with { CanSend = ours.Contains(e) })]);

            var byExec = await new MatrixProber(pods, Quick with { Timeout = TimeSpan.FromSeconds(1) }).ProbeAsync("", endpoints, pairs, null, null, cancellationToken);
            var inProcess = await new MatrixProber(InProcess(lab), Quick).ProbeAsync("", endpoints, pairs, null, null, cancellationToken);
            var stranger = endpoints.First(e => e.Workload == "default/client");

            using (Assert.EnterMultipleScope())
            {
                Assert.That(ours.Select(e => e.Node), Is.EquivalentTo(lab.NodeNames));
                Assert.That(byExec.Cells.Select(c => (c.Pair, c.IsOpen)), Is.EqualTo(inProcess.Cells.Select(c => (c.Pair, c.IsOpen))));
                Assert.That(byExec.Cells.Select(c => c.IsOpen).Distinct(), Has.Exactly(2).Items);
                Assert.That(byExec.Cells.Where(c => !c.IsOpen).Select(c => c.Outcome!.Cause).Distinct(), Is.EqualTo([ProbeFailureCause.Timeout]));
                Assert.That(
                    () => pods.TryAsync(stranger, [new System.Net.DnsEndPoint("10.0.0.1", 80)], TimeSpan.FromSeconds(1), cancellationToken),
                    Throws.TypeOf<MigrationException>().With.Message.Contains($"Pod {stranger.Name} cannot be probed from"));
            }
        }

        await lab.Store.UntilAsync(() => !lab.Store.PeekAll(ResourceType.Pod, ProbePods.Namespace).Any(), cancellationToken);
    }

    private static Kubernetes Client(LabCluster lab) => new(KubernetesClientConfiguration.BuildConfigFromConfigFile(lab.KubeconfigPath));

    private static ConnectingMatrixTransport InProcess(LabCluster lab) =>
        new((source, target, token) => lab.Network.ConnectAsync(source.Name, target.Host, target.Port, token));
}
