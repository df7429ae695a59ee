using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using Antrea.Migration.Kind;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>A real KinD cluster, small.</summary>
[Category("Kind")]
public class KindClusterTests
{
    [Test]
    [CancelAfter(600_000)]
    public async Task Developer_can_create_a_cluster_run_commands_on_its_nodes_and_find_it_gone_afterwards(
        CancellationToken cancellationToken)
    {
        await Requires.DockerAsync();
        await Requires.KindAsync();
        var options = new KindClusterOptions
        {
            Name = RunName.New(),
            Workers = 1,
            NodeImage = StandInImages.Node,
        };
        var tool = new KindTool();
        var left = await KindLeftovers.LookAsync(options.Name, cancellationToken);
        var blockers = (await new KindPreflight(tool).CheckAsync(options, cancellationToken))
            .Where(finding => finding.Severity == Severity.Blocker);
        Assert.That(blockers, Is.Empty);

        await using (var cluster = await KindCluster.CreateAsync(options, tool, cancellationToken: cancellationToken))
        {
            const string path = "/etc/cni/net.d/00-multus.conf";
            var worker = $"{options.Name}-worker";
            Assert.That(cluster.NodeNames, Is.EqualTo<string>([$"{options.Name}-control-plane", worker]));
            var write = await cluster.Nodes.RunAsync(
                worker, NodeCommands.WriteFile(path, "{ \"a\": \"ü\" }\n"), cancellationToken);
            var read = await cluster.Nodes.RunAsync(worker, NodeCommands.ReadFile(path), cancellationToken);
            using (Assert.EnterMultipleScope())
            {
                Assert.That(write.ExitCode, Is.Zero, write.Error);
                Assert.That(read.Output, Is.EqualTo("{ \"a\": \"ü\" }\n"));
                Assert.That(
                    await File.ReadAllTextAsync(cluster.KubeconfigPath, cancellationToken), Does.Contain("server: https://"));
            }
        }

        await left.AssertNoneAsync(cancellationToken);
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task A_creation_that_fails_leaves_nothing(CancellationToken cancellationToken)
    {
        await Requires.DockerAsync();
        await Requires.KindAsync();
        var options = new KindClusterOptions { Name = RunName.New(), Workers = 1, NodeImage = "localhost:1/no-such-image:1" };
        var left = await KindLeftovers.LookAsync(options.Name, cancellationToken);

        Assert.That(
            () => KindCluster.CreateAsync(options, cancellationToken: cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.Contains("no-such-image"));

        await left.AssertNoneAsync(cancellationToken);
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task A_creation_that_is_cancelled_while_its_Nodes_start_leaves_nothing(CancellationToken cancellationToken)
    {
        await Requires.DockerAsync();
        await Requires.KindAsync();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var options = new KindClusterOptions
        {
            Name = RunName.New(),
            Workers = 1,
            NodeImage = StandInImages.Node,
        };
        var left = await KindLeftovers.LookAsync(options.Name, cancellationToken);
        var creating = KindCluster.CreateAsync(options, cancellationToken: cancel.Token);
        while (await KindLeftovers.ContainersAsync(options.Name, cancellationToken) is [] && !creating.IsCompleted)
        {
            await Task.Delay(200, cancellationToken);
        }

        await cancel.CancelAsync();

        Assert.That(async () => await creating, Throws.InstanceOf<OperationCanceledException>());
        await left.AssertNoneAsync(cancellationToken);
    }
}
