using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using Antrea.Migration.Kind;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>A real KinD cluster, small. <c>ANTREA_MIGRATION_KIND_IMAGE</c> names the Node image where kind's own cannot be
/// pulled.</summary>
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
            NodeImage = Environment.GetEnvironmentVariable("ANTREA_MIGRATION_KIND_IMAGE"),
        };
        var tool = new KindTool();
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

        await AssertNothingIsLeftAsync(options.Name, cancellationToken);
    }

    [Test]
    [CancelAfter(300_000)]
    public async Task A_creation_that_fails_leaves_nothing(CancellationToken cancellationToken)
    {
        await Requires.DockerAsync();
        await Requires.KindAsync();
        var options = new KindClusterOptions { Name = RunName.New(), Workers = 1, NodeImage = "localhost:1/no-such-image:1" };

        Assert.That(
            () => KindCluster.CreateAsync(options, cancellationToken: cancellationToken),
            Throws.TypeOf<MigrationException>().With.Message.Contains("no-such-image"));

        await AssertNothingIsLeftAsync(options.Name, cancellationToken);
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
            NodeImage = Environment.GetEnvironmentVariable("ANTREA_MIGRATION_KIND_IMAGE"),
        };
        var creating = KindCluster.CreateAsync(options, cancellationToken: cancel.Token);
        while (await ContainersAsync(options.Name, cancellationToken) is { Length: 0 } && !creating.IsCompleted)
        {
            await Task.Delay(200, cancellationToken);
        }

        await cancel.CancelAsync();

        Assert.That(async () => await creating, Throws.InstanceOf<OperationCanceledException>());
        await AssertNothingIsLeftAsync(options.Name, cancellationToken);
    }

    /// <summary>kind's network stays: it is the machine's, for all clusters.</summary>
    private static async Task AssertNothingIsLeftAsync(string cluster, CancellationToken cancellationToken)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(await new KindTool().GetClustersAsync(cancellationToken), Does.Not.Contain(cluster));
            Assert.That(await ContainersAsync(cluster, cancellationToken), Is.Empty);
            Assert.That(Directory.GetDirectories(Path.GetTempPath(), $"*{cluster}*"), Is.Empty);
        }
    }

    private static async Task<string> ContainersAsync(string cluster, CancellationToken cancellationToken) =>
        (await Cli.Wrap("docker").WithArguments(["ps", "--all", "--quiet", "--filter", $"label=io.x-k8s.kind.cluster={cluster}"])
            .ExecuteBufferedAsync(cancellationToken)).StandardOutput;
}
