using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using Antrea.Migration.Kind;

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
            Name = "antrea-migration-smoke",
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
            const string worker = "antrea-migration-smoke-worker";
            Assert.That(cluster.NodeNames, Is.EqualTo<string>(["antrea-migration-smoke-control-plane", worker]));
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

        Assert.That(await tool.GetClustersAsync(cancellationToken), Does.Not.Contain(options.Name));
    }
}
