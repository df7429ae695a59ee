using Antrea.Migration.Execution;
using Antrea.Migration.Kind;

namespace Antrea.Migration.Tests.Kind;

public class KindClusterTests
{
    private static readonly KindClusterOptions Options = new() { Name = "c2a6", Workers = 1 };

    private static FakeToolRunner Machine(string clusters = "") => new FakeToolRunner()
        .On("kind get clusters", output: clusters)
        .On("kind get nodes", output: "c2a6-worker\nc2a6-control-plane\n")
        .On("kind delete cluster");

    [Test]
    public async Task CreateAsync_ThenDispose_CreatesAndDeletesWithAKubeconfigOfItsOwn()
    {
        var runner = Machine().On("kind create cluster", error: "Creating cluster \"c2a6\" ...\n ✓ Preparing nodes\n");
        List<string> progress = [];
        string kubeconfig;
        await using (var cluster = await KindCluster.CreateAsync(
            Options with { NodeImage = "local/kindnode:v1.20.2" }, new KindTool(runner), new Collector(progress)))
        {
            kubeconfig = cluster.KubeconfigPath;
            using (Assert.EnterMultipleScope())
            {
                Assert.That(cluster.Name, Is.EqualTo("c2a6"));
                Assert.That(cluster.NodeNames, Is.EqualTo<string>(["c2a6-control-plane", "c2a6-worker"]));
                Assert.That(Directory.Exists(Path.GetDirectoryName(kubeconfig)), Is.True);
                Assert.That(progress, Is.EqualTo<string>(["Creating cluster \"c2a6\" ...", " ✓ Preparing nodes"]));
            }
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(runner.Lines, Is.EqualTo<string>(
            [
                "kind get clusters",
                $"kind create cluster --name c2a6 --config - --kubeconfig {kubeconfig} --wait 0s --image local/kindnode:v1.20.2",
                "kind get nodes --name c2a6",
                $"kind delete cluster --name c2a6 --kubeconfig {kubeconfig}",
            ]));
            Assert.That(runner.Asked[1].Input, Is.EqualTo(KindConfig.Render(Options)));
            Assert.That(Directory.Exists(Path.GetDirectoryName(kubeconfig)), Is.False);
        }
    }

    [Test]
    public async Task DisposeAsync_WithKeepCluster_DeletesNothing()
    {
        var runner = Machine().On("kind create cluster");
        var cluster = await KindCluster.CreateAsync(Options with { KeepCluster = true }, new KindTool(runner));
        await cluster.DisposeAsync();
        var folder = Path.GetDirectoryName(cluster.KubeconfigPath)!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(runner.Lines, Has.None.Contains("delete"));
            Assert.That(Directory.Exists(folder), Is.True);
        }

        Directory.Delete(folder, recursive: true);
    }

    [Test]
    public async Task CreateAsync_WhenKindFails_DeletesWhatThereIsAndShowsItsLastLines()
    {
        var error = string.Concat(Enumerable.Range(1, 40).Select(i => $"line {i}\n"));
        var runner = Machine().On("kind create cluster", exitCode: 1, error: error);
        var exception = await Assert.ThrowsAsync<MigrationException>(
            () => KindCluster.CreateAsync(Options, new KindTool(runner)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exception!.Message, Does.Match("^'kind create cluster --name c2a6 .*' ended with exit code 1:\n"));
            Assert.That(exception.Message, Does.EndWith(
                "(the last 15 of 40 lines)\n" + string.Join('\n', Enumerable.Range(26, 15).Select(i => $"line {i}"))));
            Assert.That(runner.Lines.Last(), Does.StartWith("kind delete cluster --name c2a6"));
            Assert.That(Directory.Exists(FolderOf(runner)), Is.False);
        }
    }

    [Test]
    public async Task CreateAsync_WhenCancelled_DeletesWhatThereIs()
    {
        using var cancellation = new CancellationTokenSource();
        var nodes = new Queue<string>(["c2a6-worker\n", "", "", ""]);
        var runner = new FakeToolRunner()
            .On("kind get clusters")
            .On("kind create cluster", () =>
            {
                cancellation.Cancel();
                throw new OperationCanceledException(cancellation.Token);
            })
            .On("kind delete cluster")
            .On("kind get nodes", () => new ToolResult(0, nodes.Dequeue(), ""));
        var exception = await Assert.CatchAsync<OperationCanceledException>(
            () => KindCluster.CreateAsync(Options, new KindTool(runner), cancellationToken: cancellation.Token));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exception!.CancellationToken, Is.EqualTo(cancellation.Token));
            Assert.That(runner.Lines.Count(line => line.StartsWith("kind delete cluster --name c2a6", StringComparison.Ordinal)), Is.EqualTo(2), "a Node came late");
            Assert.That(nodes, Is.Empty, "and then none for a while");
            Assert.That(Directory.Exists(FolderOf(runner)), Is.False);
        }
    }

    [Test]
    public async Task CreateAsync_WhenDeletingFailsToo_SaysBothAndWhatToDo()
    {
        var runner = new FakeToolRunner()
            .On("kind get clusters")
            .On("kind create cluster", exitCode: 1, error: "no space left on device")
            .On("kind delete cluster", exitCode: 1, error: "engine gone");
        var exception = await Assert.ThrowsAsync<MigrationException>(
            () => KindCluster.CreateAsync(Options, new KindTool(runner)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exception!.Message, Does.Contain("no space left on device").And.Contain("engine gone"));
            Assert.That(exception.Next, Does.Contain("kind delete cluster --name c2a6"));
        }

        Directory.Delete(FolderOf(runner), recursive: true);
    }

    [Test]
    public async Task CreateAsync_OfANameThatKindFindsTaken_LeavesThatClusterAlone()
    {
        var runner = Machine().On("kind create cluster", exitCode: 1, error: "ERROR: node(s) already exist for a cluster with the name \"c2a6\"");
        var exception = await Assert.ThrowsAsync<MigrationException>(() => KindCluster.CreateAsync(Options, new KindTool(runner)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exception!.Message, Does.Contain("already exist"));
            Assert.That(runner.Lines, Has.None.Contains("delete"));
            Assert.That(Directory.Exists(FolderOf(runner)), Is.False);
        }
    }

    [Test]
    public async Task CreateAsync_OfANameThatAnotherProcessIsUsing_DoesNothing()
    {
        var runner = Machine();
        using (KindNameClaim.Try(Options.Name))
        {
            var exception = await Assert.ThrowsAsync<MigrationException>(() => KindCluster.CreateAsync(Options, new KindTool(runner)));
            Assert.That(exception!.Message, Is.EqualTo("Another process of this machine has a KinD cluster named 'c2a6', or is making it."));
        }

        Assert.That(runner.Asked, Is.Empty);
    }

    [Test]
    public async Task DisposeAsync_WhenDeletingTakesTooLong_SaysSoAndWhatToDo()
    {
        var runner = new FakeToolRunner().On("kind get").On("kind create cluster").On("kind delete cluster", () => throw new OperationCanceledException());
        var cluster = await KindCluster.CreateAsync(Options, new KindTool(runner));
        var exception = await Assert.ThrowsAsync<MigrationException>(async () => await cluster.DisposeAsync());
        Directory.Delete(FolderOf(runner), recursive: true);
        using var free = KindNameClaim.Try(Options.Name);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exception!.Message, Is.EqualTo("The KinD cluster 'c2a6' was not deleted within 5 minutes."));
            Assert.That(exception.Next, Does.Contain("kind delete cluster --name c2a6"));
            Assert.That(free, Is.Not.Null);
        }
    }

    [Test]
    public async Task CreateAsync_OfANameThatExists_LeavesThatClusterAlone()
    {
        var runner = Machine(clusters: "test\nc2a6\n");
        var exception = await Assert.ThrowsAsync<MigrationException>(
            () => KindCluster.CreateAsync(Options, new KindTool(runner)));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exception!.Message, Is.EqualTo("A KinD cluster named 'c2a6' exists already."));
            Assert.That(runner.Lines, Is.EqualTo<string>(["kind get clusters"]));
        }
    }

    [Test]
    public async Task LoadImagesAsync_And_ExportLogsAsync_NameTheClusterAndEndTheOptions()
    {
        var runner = Machine().On("kind create cluster").On("kind load").On("kind export");
        await using var cluster = await KindCluster.CreateAsync(Options, new KindTool(runner));
        await cluster.LoadImagesAsync(["a/b:1", "c:2"]);
        await cluster.ExportLogsAsync("/tmp/logs of c2a6");
        Assert.That(runner.Lines.TakeLast(2), Is.EqualTo<string>(
        [
            "kind load docker-image --name c2a6 -- a/b:1 c:2",
            "kind export logs --name c2a6 -- '/tmp/logs of c2a6'",
        ]));
    }

    [Test]
    public async Task LoadImagesAsync_OfPodman_GoByAnArchiveThatIsGoneAfterwards()
    {
        FakeToolRunner runner = null!;
        string? archive = null;
        runner = Machine().On("kind create cluster").On("podman save", () =>
        {
            File.WriteAllText(archive = runner.Asked[^1].Arguments[6], "images");
            return new ToolResult(0, "", "");
        }).On("kind load", () => new ToolResult(File.Exists(archive) ? 0 : 1, "", "no archive"));
        await using var cluster = await KindCluster.CreateAsync(Options, new KindTool(runner, KindProvider.Podman));

        await cluster.LoadImagesAsync(["localhost/b:1", "localhost/c:2"]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(runner.Lines.TakeLast(2), Is.EqualTo<string>(
            [
                $"podman save --quiet --format docker-archive --multi-image-archive --output {archive} -- localhost/b:1 localhost/c:2",
                $"kind load image-archive --name c2a6 -- {archive}",
            ]));
            Assert.That(runner.Asked.Where(c => c.Program == "kind").Select(c => c.Provider), Is.All.EqualTo("podman"));
            Assert.That(Directory.Exists(Path.GetDirectoryName(archive)), Is.False);
        }
    }

    [Test]
    public async Task LoadImagesAsync_WhenTheEngineLacksAnImage_ShowsWhatKindSays()
    {
        var runner = Machine().On("kind create cluster")
            .On("kind load", exitCode: 1, error: "ERROR: image: \"a/b:1\" not present locally");
        await using var cluster = await KindCluster.CreateAsync(Options, new KindTool(runner));
        var exception = await Assert.ThrowsAsync<MigrationException>(() => cluster.LoadImagesAsync(["a/b:1"]));
        Assert.That(exception!.Message, Does.Contain("kind load docker-image --name c2a6").And.Contain("not present locally"));
    }

    private static string FolderOf(FakeToolRunner runner)
    {
        var arguments = runner.Asked.First(command => command.Arguments.Contains("--kubeconfig")).Arguments;
        return Path.GetDirectoryName(arguments[arguments.IndexOf("--kubeconfig") + 1])!;
    }
}
