using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>Migrations on real Kubernetes: kubelets, containerd, API server, Pods and packets; only the CNIs' images are stand-ins.</summary>
[Category("Kind")]
public sealed class KindMigrationTests
{
    [Test]
    [CancelAfter(900_000)]
    public async Task Operator_migrates_a_KinD_cluster_and_no_request_is_lost_between_the_phases(CancellationToken cancellationToken)
    {
        await using var kind = await KindMigration.StartAsync(workers: 2, cancellationToken);
        try
        {
            var plan = await kind.PlanAsync(cancellationToken);
            Assert.That(plan.IsExecutable, Is.True, string.Join('\n', plan.Findings));
            List<(MigrationPhase Phase, SeedClientTranscript Probe)> probes = [(MigrationPhase.Backup, await kind.ProbeAsync(cancellationToken))];

            using var client = kind.Client();
            var executor = new MigrationExecutor(client, new ConfigMapJournal(client), kind.Nodes);
            var events = await kind.ExecuteAsync(
                plan, executor, async phase => probes.Add((phase, await kind.ProbeAsync(cancellationToken))), cancellationToken);

            Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), events[^1].ToString());
            using (Assert.EnterMultipleScope())
            {
                Assert.That(probes, Has.Count.EqualTo(plan.Steps.Select(s => s.Phase).Distinct().Count() + 1));
                Assert.That(probes.Where(p => p.Probe.Failure > 0 || p.Probe.Success < 500), Is.Empty);
            }

            await AssertNothingOfCalicoIsLeftAsync(kind, cancellationToken);
        }
        catch
        {
            await kind.ReportAsync();
            throw;
        }
    }

    private static async Task AssertNothingOfCalicoIsLeftAsync(KindMigration kind, CancellationToken cancellationToken)
    {
        foreach (var node in kind.NodeNames)
        {
            var left = await kind.Nodes.RunAsync(
                node,
                new NodeCommand(
                    "look",
                    """
                    ls /etc/cni/net.d; ip route show proto bird; ip -o -4 address show dev tunl0
                    iptables-nft-save | grep cali; ipset list -n | grep cali
                    """,
                    []),
                cancellationToken);
            Assert.That(left.Output, Is.EqualTo("10-antrea.conflist\nmultus.d\n").Or.EqualTo("10-antrea.conflist\n"), node);
        }
    }
}
