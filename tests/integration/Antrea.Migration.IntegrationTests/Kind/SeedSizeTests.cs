using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>The seed's cluster on KinD: 20 workers, an nginx on each, and a client.</summary>
/// <remarks>A class of its own, so that a run of its own can have it: it takes as long as all small clusters together. Calico restarts on as many Nodes at once as the
/// seed's servers do; its manifest's one after the other would be minutes more.</remarks>
[Category("Kind")]
public sealed class SeedSizeTests
{
    [Test]
    [CancelAfter(3_600_000)]
    public async Task Operator_whose_migrator_ends_in_the_middle_of_a_restart_goes_on_and_no_request_is_lost_between_the_phases(
        CancellationToken cancellationToken)
    {
        await using var kind = await KindMigration.StartAsync(workers: 20, cancellationToken);
        await kind.ReportingFailuresAsync(async () =>
        {
            await kind.KubectlAsync(
                """kubectl -n kube-system patch daemonset calico-node -p '{"spec": {"updateStrategy": {"rollingUpdate": {"maxUnavailable": "20%"}}}}'""", cancellationToken);
            var plan = await kind.PlanAsync(cancellationToken);
            Assert.That((plan.Scenario, plan.IsExecutable), Is.EqualTo(("Simple", true)), string.Join('\n', plan.Findings));

            var before = await kind.ProbeAsync(cancellationToken);
            var (killed, first) = await kind.ExecuteAsync(plan, cancellationToken, KindMigration.IsInTheMiddleOfARestart(MigrationPhase.AntreaPods));
            Assert.That(killed, Is.TypeOf<StepProgress>(), killed.ToString());
            var (last, rest) = await kind.ExecuteAsync(plan, cancellationToken);

            Assert.That(last, Is.TypeOf<MigrationCompleted>(), last.ToString());
            Assert.That(first.Concat(rest).Select(p => p.Phase).Distinct(), Is.EquivalentTo(plan.Steps.Select(s => s.Phase).Distinct()));
            KindMigration.AssertNothingLost([(MigrationPhase.Backup, before), .. first, .. rest]);
            await kind.AssertNothingOfCalicoIsLeftAsync(cancellationToken);
        });
    }
}
