using System.Collections.Concurrent;
using Antrea.Migration.IntegrationTests.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>Migrations whose migrator is killed, where the Nodes' routes and rules are the kernel's: what a half-done command left is really there.</summary>
[TestFixture]
[Category("Kernel")]
internal sealed class KernelCrashTests
{
    private static readonly LabClusterOptions Cluster = new()
    {
        Name = "c2a0",
        Workers = 2,
        Fabric = LabFabricKind.Kernel,
        ExtraObjects = LabMigration.CronJob,
    };

    [SetUp]
    public Task Needs_namespaces() => Requires.KernelFabricAsync(CancellationToken.None);

    [TestCase(BridgeKind.Multus)]
    [TestCase(BridgeKind.PolicyRoute)]
    [CancelAfter(300_000)]
    public async Task Migrator_killed_around_the_first_command_on_a_Node_of_each_kind_of_step_cuts_nobody_off_and_reaches_the_same_end(
        BridgeKind bridge, CancellationToken cancellationToken)
    {
        var chosen = new ConcurrentDictionary<MigrationStepKind, string>();

        var crashes = await CrashedMigration.AssertSameEndInTheKernelAsync(
            Cluster, bridge, plan => CrashedMigration.FirstOnANodeOfEachKindOfStep(plan, chosen), cancellationToken);

        TestContext.Out.WriteLine(string.Join('\n', chosen.Select(point => $"{point.Key}: {string.Join(' ', point.Value.Split(' ').Take(3))}")));
        MigrationStepKind[] kinds = bridge == BridgeKind.Multus
            ?
            [
                MigrationStepKind.DelegateToCalico, MigrationStepKind.DelegateToBoth, MigrationStepKind.DelegateToAntrea, MigrationStepKind.RemoveMultusConfig,
                MigrationStepKind.CleanNode, MigrationStepKind.RemoveMultus,
            ]
            :
            [
                MigrationStepKind.HoldCalico, MigrationStepKind.LeadCalico, MigrationStepKind.ReleaseHold, MigrationStepKind.StopLeadingCalico,
                MigrationStepKind.CleanNode,
            ];
        Assert.That(chosen.Keys, Is.EquivalentTo(kinds));
        Assert.That(crashes, Is.EqualTo(chosen.Count * 2));
    }

    [TestCase(BridgeKind.Multus)]
    [TestCase(BridgeKind.PolicyRoute)]
    [CancelAfter(1_800_000)]
    public async Task Migrator_killed_around_every_write_cuts_nobody_off_and_reaches_the_same_end_in_the_kernel(
        BridgeKind bridge, CancellationToken cancellationToken)
    {
        Requires.LongRun();
        var steps = 0;

        var crashes = await CrashedMigration.AssertSameEndInTheKernelAsync(
            Cluster,
            bridge,
            plan =>
            {
                steps = plan.Steps.Length;
                return _ => true;
            },
            cancellationToken);

        Assert.That(crashes, Is.GreaterThan(steps * 2), "every step was killed more than once");
    }
}
