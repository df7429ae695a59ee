using Antrea.Migration.Clusters;
using Antrea.Migration.Kind;

namespace Antrea.Migration.Tests.Kind;

public class KindRehearsalTests
{
    private static readonly KindRehearsalOptions Options = new()
    {
        Manifests = new KindManifests(ObjectReader.Read("{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: calico-node}}", "calico.yaml"), [], []),
        Prefix = "r",
        Workers = 1,
        Images = [new KindImage("stand-ins:1", "docker.io/calico/node:v3.26.1")],
    };

    [Test]
    public async Task StartAsync_loads_names_and_applies_in_this_order()
    {
        var runner = Machine().On("docker exec -i --privileged");
        List<string> progress = [];
        await using (var rehearsal = await StartAsync(Options, runner, new Collector(progress)))
        {
            Assert.That(rehearsal.Addresses.ClusterName, Does.StartWith("r"));
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                Verbs(runner),
                Is.EqualTo<string>(["create", "load", "tag-images", "tag-images", "look-for-dns", "write-file", "kubectl", "kubectl", "write-file", "kubectl", "kubectl", "delete"]));
            Assert.That(runner.Lines.First(l => l.Contains("tag-images")), Does.EndWith("docker.io/library/stand-ins:1 docker.io/calico/node:v3.26.1"));
            Assert.That(progress, Has.Some.Contains("Calico is ready on 2 Nodes, its pool 10.10.0.0/16 in blocks of /26"));
        }
    }

    [Test]
    public async Task StartAsync_where_something_does_not_become_ready_deletes_the_cluster_and_says_what()
    {
        var runner = Machine()
            .On("docker exec", exitCode: 1, error: "error: timed out waiting for the condition on nodes/n-worker");

        var failure = await Assert.ThrowsAsync<MigrationException>(() => StartAsync(Options with { Images = [], FailureLogs = "logs" }, runner));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure!.Message, Does.Contain("timed out waiting for the condition on nodes/n-worker"));
            Assert.That(runner.Lines.TakeLast(2).First(), Does.StartWith("kind export logs").And.EndsWith(" logs"));
            Assert.That(runner.Lines.Last(), Does.StartWith("kind delete cluster"));
        }
    }

    [Test]
    public async Task StartAsync_on_a_machine_without_an_engine_creates_nothing()
    {
        var runner = new FakeToolRunner().On("docker version", exitCode: 1, error: "Cannot connect to the Docker daemon").On("kind version");

        var failure = await Assert.ThrowsAsync<MigrationException>(() => StartAsync(Options, runner));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure!.Message, Does.Contain("Cannot connect to the Docker daemon"));
            Assert.That(runner.Lines, Has.None.Contains("create"));
        }
    }

    [Test]
    public void StartAsync_of_options_with_several_faults_names_them_all() =>
        Assert.That(
            () => StartAsync(Options with { Workers = 0, Prefix = "-r", Scenario = (KindScenario)9, Patience = TimeSpan.Zero }, new FakeToolRunner()),
            Throws.ArgumentException.With.Message.Contains("Workers is 0").And.Message.Contains("Prefix is '-r'").And.Message.Contains("Scenario is 9").And.Message.Contains("Patience is"));

    [Test]
    public async Task StartAsync_that_is_cancelled_while_it_fills_the_cluster_deletes_it()
    {
        using var cancel = new CancellationTokenSource();
        var runner = Machine().On("docker exec", () =>
        {
            cancel.Cancel();
            throw new OperationCanceledException(cancel.Token);
        });

        await Assert.ThatAsync(() => StartAsync(Options with { Images = [] }, runner, cancellationToken: cancel.Token), Throws.InstanceOf<OperationCanceledException>());

        Assert.That(runner.Lines.Last(), Does.StartWith("kind delete cluster"));
    }

    /// <summary>On a machine that has everything.</summary>
    private static Task<KindRehearsal> StartAsync(
        KindRehearsalOptions options, FakeToolRunner runner, IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        var tool = new KindTool(runner);
        return KindRehearsal.StartAsync(options, tool, new KindPreflight(tool, _ => null, _ => null), progress, cancellationToken);
    }

    private static FakeToolRunner Machine() => new FakeToolRunner()
        .On("docker version", output: "28.0.0").On("docker info", output: "/").On("kind version", output: "kind v0.27.0").On("kind get clusters")
        .On("kind create cluster").On("kind get nodes", output: "n-control-plane\nn-worker\n").On("kind load").On("kind export logs").On("kind delete cluster");

    private static IEnumerable<string> Verbs(FakeToolRunner runner) => runner.Asked
        .Where(a => a.Program == "docker" || a.Arguments[0] is "create" or "load" or "delete")
        .Where(a => a.Arguments[0] is not ("version" or "info"))
        .Select(a => a.Arguments.FirstOrDefault(x => x.StartsWith("antrea-migration:", StringComparison.Ordinal))?["antrea-migration:".Length..] ?? a.Arguments[0]);
}
