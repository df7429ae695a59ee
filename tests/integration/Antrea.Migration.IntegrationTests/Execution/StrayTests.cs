using Antrea.Migration.Bridge;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;
using k8s;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>What was not there, or not so, when a phase was finished, and would be cut off by the next.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class StrayTests
{
    private const string Node = "c2a0-worker3";

    [Test]
    [CancelAfter(600_000)]
    public async Task Pod_that_came_up_on_the_old_network_is_named_by_the_inventory_and_stops_the_next_phase(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        var files = migration.Lab.Fleet.Find(Node)!.Files;
        StepFailed? failed = null;
        await migration.RunUntilAsync(
            plan,
            item =>
            {
                if (item is StepStarted { Step: { Kind: MigrationStepKind.AssertPods, Phase: MigrationPhase.AntreaPods } })
                {
                    // Something on the Node puts Calico's file first again, and a Pod comes up meanwhile.
                    files.TryRead("/etc/cni/net.d/10-calico.conflist", out var calico);
                    files.Write("/etc/cni/net.d/00-aaa.conflist", calico!);
                    migration.Lab.Apply(
                        $$"""
                        apiVersion: v1
                        kind: Pod
                        metadata: {name: late, namespace: default, labels: {app: late} }
                        spec: {containers: [{name: main, image: pause}], nodeName: {{Node}} }
                        """);
                }

                failed = item as StepFailed;
                return failed is not null;
            },
            cancellationToken);
        using var client = migration.Client();
        var journal = new ConfigMapJournal(client);
        var inventory = await new MigrationExecutor(client, journal).TakeInventoryAsync(await journal.ReadRecordAsync(cancellationToken), cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failed?.Step.Kind, Is.EqualTo(MigrationStepKind.AssertPods));
            Assert.That(failed?.Message, Is.EqualTo($"1 Pods would be cut off: default/late (Calico, Node {Node})"));
            Assert.That(failed?.Next, Does.Contain("Restart them"));
            Assert.That(inventory.Strays, Is.EqualTo(new[] { new StrayPod("default/late", Node, PodNetwork.Calico) }));
            Assert.That(inventory.Counts.Keys, Is.EqualTo(new[] { PodNetwork.Calico, PodNetwork.Multus }));
        }

        files.Remove("/etc/cni/net.d/00-aaa.conflist");
        migration.Lab.Store.MarkForDeletion(Lab.ControlPlane.ResourceType.Pod, "default", "late", 0);
        Assert.That((await migration.ExecuteAsync(plan, cancellationToken))[^1], Is.TypeOf<MigrationCompleted>());
        var after = await new MigrationExecutor(client, journal).TakeInventoryAsync(await journal.ReadRecordAsync(cancellationToken), cancellationToken);
        Assert.That((after.Strays.Length, string.Join(' ', after.Counts.Keys)), Is.EqualTo((0, "Antrea")));
    }

    [Test]
    [CancelAfter(600_000)]
    public async Task Block_that_Calico_claims_in_a_PodCIDR_meanwhile_is_named_before_the_last_phase(CancellationToken cancellationToken)
    {
        await using var migration = await LabMigration.StartAsync(cancellationToken);
        var plan = await migration.PlanAsync(cancellationToken);
        var podCidr = plan.PodCidrs[Node][0];
        var address = podCidr.FirstAddress.ToString().Split('.');
        var block = $"{address[0]}.{address[1]}.{address[2]}.64/26";
        StepFailed? failed = null;
        await migration.RunUntilAsync(
            plan,
            item =>
            {
                if (item is StepStarted { Step: { Kind: MigrationStepKind.AssertPods, Phase: MigrationPhase.AntreaPods } })
                {
                    migration.Lab.Apply(
                        $$"""
                        apiVersion: crd.projectcalico.org/v1
                        kind: IPAMBlock
                        metadata: {name: late}
                        spec: {cidr: {{block}}, affinity: "host:c2a0-worker", allocations: [], attributes: [], unallocated: [], deleted: false, strictAffinity: false}
                        """);
                }

                failed = item as StepFailed;
                return failed is not null;
            },
            cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failed?.Step.Kind, Is.EqualTo(MigrationStepKind.AssertPods));
            Assert.That(failed?.Message, Is.EqualTo($"Calico's {block} (Node c2a0-worker) has come to lie in {podCidr}, the PodCIDR of Node {Node}."));
            Assert.That(failed?.Next, Does.Contain("released"));
        }
    }
}
