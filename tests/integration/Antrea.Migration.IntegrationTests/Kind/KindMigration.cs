using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using Antrea.Migration.Kind;
using Antrea.Migration.Planning;
using k8s;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>A KinD cluster with Calico (a stand-in) and the seed's workloads, and what it takes to migrate it.</summary>
internal sealed class KindMigration : IAsyncDisposable
{
    private const string ServiceAddress = "10.96.117.185";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kind-migration-");
    private readonly KindCluster _cluster;

    private KindMigration(KindCluster cluster) => _cluster = cluster;

    public MigrationOptions Options { get; } = new()
    {
        AntreaManifest = KindManifests.Antrea(),
        MultusManifest = KindManifests.Multus(),
        AntreaVersion = "v2.7.0",
        NodeAgentImage = StandInImages.Base,
        StepTimeout = TimeSpan.FromMinutes(3),
    };

    public INodeAccess Nodes => _cluster.Nodes;

    public ImmutableArray<string> NodeNames => _cluster.NodeNames;

    private string ControlPlane => $"{_cluster.Name}-control-plane";

    public static async Task<KindMigration> StartAsync(int workers, CancellationToken cancellationToken)
    {
        await Requires.DockerAsync();
        await Requires.KindAsync();
        StandInImages.Require();
        var options = new KindClusterOptions
        {
            Name = KindName.With(overlaps: 0, workers),
            Workers = workers,
            KeepCluster = Environment.GetEnvironmentVariable("KEEP_CLUSTER") == "1",
            NodeImage = Environment.GetEnvironmentVariable("ANTREA_MIGRATION_KIND_IMAGE"),
        };
        var tool = new KindTool();
        var blockers = (await new KindPreflight(tool).CheckAsync(options, cancellationToken)).Where(f => f.Severity == Severity.Blocker);
        Assert.That(blockers, Is.Empty);
        Say($"creating {options.Name} with {workers} workers");
        var cluster = await KindCluster.CreateAsync(options, tool, cancellationToken: cancellationToken);
        var migration = new KindMigration(cluster);
        try
        {
            await migration.FillAsync(cancellationToken);
            return migration;
        }
        catch
        {
            await migration.ReportAsync();
            await migration.DisposeAsync();
            throw;
        }
    }

    public Kubernetes Client() => new(KubernetesClientConfiguration.BuildConfigFromConfigFile(_cluster.KubeconfigPath));

    public async Task<MigrationPlan> PlanAsync(CancellationToken cancellationToken)
    {
        using var client = Client();
        return MigrationPlanner.Plan(await new KubernetesClusterReader(client).ReadAsync(cancellationToken), Options);
    }

    /// <summary>Executes the plan; <paramref name="betweenPhases"/> is called when a phase is done, before the next begins.</summary>
    public async Task<List<MigrationEvent>> ExecuteAsync(
        MigrationPlan plan, MigrationExecutor executor, Func<MigrationPhase, Task> betweenPhases, CancellationToken cancellationToken)
    {
        List<MigrationEvent> events = [];
        var execution = new ExecutionOptions { BackupDirectory = Path.Combine(_folder.FullName, "backup"), Holds = HoldPolicy.PassAll };
        await foreach (var item in executor.ExecuteAsync(plan, Options, execution, cancellationToken))
        {
            events.Add(item);
            Say(item.ToString());
            if (item is PhaseCompleted done)
            {
                await betweenPhases(done.Phase);
            }
        }

        return events;
    }

    /// <summary>The seed's load test from the client's Pod to the servers' Service, as the client prints it.</summary>
    public async Task<SeedClientTranscript> ProbeAsync(CancellationToken cancellationToken)
    {
        var output = await KubectlAsync(
            $"kubectl exec deploy/client -- /client -c 10 -n 500 -interval 50 -url http://{ServiceAddress} || [ $? = 2 ]", cancellationToken);
        Say(output);
        return SeedClientReport.Parse(output);
    }

    /// <summary>Runs shell text with the control plane's kubectl; a failure fails the test.</summary>
    public async Task<string> KubectlAsync(string script, CancellationToken cancellationToken)
    {
        var result = await TryKubectlAsync(script, cancellationToken);
        Assert.That(result.ExitCode, Is.Zero, $"{script}\n{result.Output}\n{result.Error}");
        return result.Output;
    }

    /// <summary>What the cluster looks like, for a failed test's output.</summary>
    public async Task ReportAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var result = await TryKubectlAsync(
            """
            kubectl get nodes,pods -A -o wide; kubectl get events -A --sort-by=.lastTimestamp | tail -30
            for p in $(kubectl -n kube-system get pods -o name | grep -E 'calico|antrea|multus'); do echo "== $p"; kubectl -n kube-system logs $p --all-containers --tail=15; done
            journalctl -u kubelet --no-pager | tail -20
            """,
            limit.Token);
        Say(result.Output + result.Error);
    }

    public async ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        await _cluster.DisposeAsync();
    }

    private static void Say(string text) => TestContext.Progress.WriteLine($"{TimeProvider.System.GetUtcNow():HH:mm:ss} {text}");

    private Task<NodeCommandResult> TryKubectlAsync(string script, CancellationToken cancellationToken) =>
        Nodes.RunAsync(ControlPlane, new NodeCommand("kubectl", "export KUBECONFIG=/etc/kubernetes/admin.conf\n" + script, []), cancellationToken);

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        await _cluster.LoadImagesAsync(StandInImages.ToLoad, cancellationToken);
        foreach (var node in NodeNames)
        {
            var tagged = await Nodes.RunAsync(node, StandInImages.Rename(), cancellationToken);
            Assert.That(tagged.ExitCode, Is.Zero, tagged.Error);
        }

        Say("images loaded");

        // The Node image has no CoreDNS.
        await KubectlAsync("kubectl -n kube-system scale deployment coredns --replicas=0", cancellationToken);
        await ApplyAsync(KindManifests.Calico(_ => { }), cancellationToken);
        await KubectlAsync("kubectl wait --for=condition=Ready nodes --all --timeout=180s", cancellationToken);
        await KubectlAsync("kubectl -n kube-system rollout status daemonset/calico-node --timeout=180s", cancellationToken);
        await KubectlAsync("kubectl -n kube-system rollout status deployment/calico-kube-controllers --timeout=180s", cancellationToken);
        Say("Calico is ready");
        await ApplyAsync(ObjectReader.Read(KindWorkloads.Text(StandInImages.Base, ServiceAddress), "workloads"), cancellationToken);
        await KubectlAsync(
            "kubectl rollout status daemonset/nginx-ds --timeout=180s; kubectl rollout status deployment/client --timeout=180s", cancellationToken);
        Say("workloads are ready");
    }

    private async Task ApplyAsync(ImmutableArray<ClusterObject> objects, CancellationToken cancellationToken)
    {
        const string path = "/tmp/manifest.json";
        var list = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "List",
            ["items"] = new JsonArray([.. objects.Select(o => o.Json.DeepClone())]),
        };
        var written = await Nodes.RunAsync(ControlPlane, NodeCommands.WriteFile(path, list.ToJsonString()), cancellationToken);
        Assert.That(written.ExitCode, Is.Zero, written.Error);

        // Definitions first; what needs them is applied again until they are served.
        await KubectlAsync($"for i in 1 2 3 4 5 6 7 8 9; do kubectl apply -f {path} >/tmp/apply.log 2>&1 && exit; sleep 1; done; cat /tmp/apply.log; exit 1", cancellationToken);
    }
}
