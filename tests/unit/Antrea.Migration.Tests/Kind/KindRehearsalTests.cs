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
                Is.EqualTo<string>(
                [
                    "create", "load", "tag-images", "tag-images", "load", "look-for-dns", "write-file", "kubectl", "kubectl", "write-file", "kubectl", "kubectl", "delete",
                ]));
            Assert.That(runner.Lines.First(l => l.Contains("tag-images")), Does.EndWith("docker.io/library/stand-ins:1 docker.io/calico/node:v3.26.1"));
            Assert.That(progress, Has.Some.Contains("Calico is ready on 2 Nodes, its pool 10.10.0.0/16 in blocks of /26"));
            Assert.That(progress[^1], Does.StartWith("deleting the KinD cluster r"));
            Assert.That(runner.Lines, Has.Some.Contains("rollout status daemonset/calico-node --timeout=200s"), "three minutes, and ten seconds more a Node");
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
    public async Task StartAsync_has_images_pulled_once_and_leaves_to_the_Nodes_what_cannot_be_had()
    {
        var runner = new FakeToolRunner()
            .On("docker image inspect --format '{{.Id}}' stand-ins:1")
            .On("docker image inspect", exitCode: 1, error: "Error: No such image")
            .On("docker pull --quiet nginx:1.27-alpine")
            .On("docker pull", exitCode: 1, error: "Error response from daemon: no such host");
        Machine(runner).On("docker exec -i --privileged");
        List<string> progress = [];
        await using var rehearsal = await StartAsync(
            Options with { Manifests = Naming("calico/node:v3.26.1", "calico/cni:v3.26.1", "quay.io/a/b@sha256:0123"), PodImages = ["busybox:1.36", "docker.io/library/nginx:1.27-alpine"] },
            runner,
            new Collector(progress));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                runner.Lines.Where(l => l.StartsWith("docker pull", StringComparison.Ordinal)),
                Is.EquivalentTo<string>(["docker pull --quiet nginx:1.27-alpine", "docker pull --quiet calico/cni:v3.26.1", "docker pull --quiet busybox:1.36"]));
            Assert.That(runner.Lines.Last(l => l.StartsWith("kind load", StringComparison.Ordinal)), Does.EndWith(" -- nginx:1.27-alpine"));
            Assert.That(progress, Has.One.StartsWith("every Node pulls busybox:1.36 itself: ").And.Contains("no such host"));
            Assert.That(progress, Has.One.EqualTo("1 images pulled once, for all Nodes"));
        }
    }

    [Test]
    public async Task StartAsync_with_an_image_that_the_engine_lacks_creates_nothing()
    {
        var runner = Machine(new FakeToolRunner().On("docker image inspect", exitCode: 1, error: "Error: No such image"));

        var failure = await Assert.ThrowsAsync<MigrationException>(() => StartAsync(Options, runner));

        using var free = KindNameClaim.Try(KindAddressPlan.For(Options.Scenario, Options.Workers, Options.PodSubnet, Options.Prefix).ClusterName);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(failure!.Message, Is.EqualTo("The engine has no image stand-ins:1, which the Nodes are to get."));
            Assert.That(runner.Lines, Has.None.Contains("kind create"));
            Assert.That(free, Is.Not.Null, "the name is another's to take");
        }
    }

    [Test]
    public async Task StartAsync_passes_over_names_that_a_cluster_has_or_another_process_is_taking()
    {
        string[] names = [.. KindAddressPlan.All(Options.Scenario, Options.Workers, Options.PodSubnet, Options.Prefix).Select(a => a.ClusterName).Take(3)];
        var runner = Machine(new FakeToolRunner().On("kind get clusters", output: names[0])).On("docker exec -i --privileged");
        using var other = KindNameClaim.Try(names[1]);

        await using (var rehearsal = await StartAsync(Options, runner))
        {
            Assert.That(rehearsal.Cluster.Name, Is.EqualTo(names[2]));
            Assert.That(KindNameClaim.Try(names[2]), Is.Null);
        }

        using var free = KindNameClaim.Try(names[2]);
        Assert.That(free, Is.Not.Null);
    }

    [Test]
    public async Task StartAsync_hands_kind_the_patches_and_the_pinned_image()
    {
        var runner = Machine().On("docker exec -i --privileged");

        await using (await StartAsync(Options with { KubeadmPatches = ["kind: KubeletConfiguration\nmaxPods: 50"] }, runner))
        {
            var create = runner.Asked.Single(a => a.Arguments is ["create", ..]);
            Assert.That(create.Input, Does.Contain("    maxPods: 50\n"));
            Assert.That(create.ToString(), Does.Match("--image 'kindest/node:v1\\.27\\.[0-9]+@sha256:[0-9a-f]{64}'$"));
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

        var created = runner.Asked.Single(a => a.Arguments is ["create", ..]).Arguments;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(runner.Lines.Last(), Does.StartWith("kind delete cluster"));
            Assert.That(Directory.GetFileSystemEntries(Path.GetTempPath(), $"antrea-migration-kind-{created[created.IndexOf("--name") + 1]}*"), Is.Empty);
        }
    }

    [Test]
    public async Task StartAsync_like_a_cluster_gives_Nodes_their_addresses_before_Calico_runs()
    {
        var runner = Machine().On("docker exec -i --privileged");
        List<string> progress = [];
        var like = KindLikeness.Of(SnapshotFixtures.Read(
            """
            {apiVersion: v1, kind: Node, metadata: {name: master, labels: {node-role.kubernetes.io/master: ""} }, spec: {podCIDRs: [10.10.0.0/24]} }
            ---
            {apiVersion: v1, kind: Node, metadata: {name: theirs}, spec: {podCIDRs: [10.10.1.0/24]} }
            ---
            {apiVersion: crd.projectcalico.org/v1, kind: IPAMBlock, metadata: {name: 10-10-0-0-26}, spec: {cidr: 10.10.0.0/26, affinity: 'host:theirs', allocations: [], attributes: [], unallocated: []} }
            """));
        await using (var rehearsal = await StartAsync(Options with { Images = [], Like = like }, runner, new Collector(progress)))
        {
            Assert.That(rehearsal.Service.Host, Is.EqualTo("10.96.255.254"));
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                Verbs(runner),
                Is.EqualTo<string>(
                [
                    "create", "load", "look-for-dns", "patch-node", "patch-node", "write-file", "kubectl", "write-file", "kubectl", "kubectl", "write-file", "kubectl", "kubectl", "write-file", "kubectl", "kubectl", "delete",
                ]));
            Assert.That(runner.Asked.Single(a => a.Arguments is ["create", ..]).Input, Does.Contain("allocate-node-cidrs: \"false\"").And.Contain("podSubnet: \"10.10.0.0/23\""));
            Assert.That(progress, Has.Some.EqualTo("r-worker is theirs, PodCIDR 10.10.1.0/24, blocks 10.10.0.0/26"));
        }
    }

    private static KindManifests Naming(params string[] images) => new(
        ObjectReader.Read(
            $$"""
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {name: calico-node}
            spec: {template: {spec: {containers: [{{string.Join(", ", images.Select(i => $"{{image: '{i}'}}"))}}] } } }
            """,
            "calico.yaml"),
        [],
        []);

    /// <summary>On a machine that has everything.</summary>
    private static Task<KindRehearsal> StartAsync(
        KindRehearsalOptions options, FakeToolRunner runner, IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        var tool = new KindTool(runner);
        return KindRehearsal.StartAsync(options, tool, new KindPreflight(tool, _ => null, _ => null), progress, cancellationToken);
    }

    private static FakeToolRunner Machine(FakeToolRunner? runner = null) => (runner ?? new FakeToolRunner())
        .On("docker version", output: "28.0.0").On("docker info", output: "/").On("docker image inspect").On("kind version", output: "kind v0.27.0").On("kind get clusters")
        .On("kind create cluster").On("kind get nodes", output: "n-control-plane\nn-worker\n").On("kind load").On("kind export logs").On("kind delete cluster");

    private static IEnumerable<string> Verbs(FakeToolRunner runner) => runner.Asked
        .Where(a => a.Program == "docker" || a.Arguments[0] is "create" or "load" or "delete")
        .Where(a => a.Arguments[0] is not ("version" or "info" or "image"))
        .Select(a => a.Arguments.FirstOrDefault(x => x.StartsWith("antrea-migration:", StringComparison.Ordinal))?["antrea-migration:".Length..] ?? a.Arguments[0]);
}
