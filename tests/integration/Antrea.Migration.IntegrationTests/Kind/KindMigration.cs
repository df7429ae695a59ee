using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using Antrea.Migration.Kind;
using Antrea.Migration.Planning;
using CliWrap;
using k8s;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>A KinD cluster with Calico (a stand-in) and the seed's workloads, and what it takes to migrate it.</summary>
internal sealed partial class KindMigration : IAsyncDisposable
{
    /// <summary>How many requests a probe sends at least.</summary>
    public const int Requests = 500;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("kind-migration-");
    private readonly KindRehearsal _rehearsal;

    private KindMigration(KindRehearsal rehearsal) => _rehearsal = rehearsal;

    public MigrationOptions Options { get; set; } = new()
    {
        AntreaManifest = OldServerManifests.All().Antrea,
        MultusManifest = OldServerManifests.All().Multus,
        AntreaVersion = "v2.7.0",
        NodeAgentImage = StandInImages.Base,
        StepTimeout = TimeSpan.FromMinutes(5),
    };

    public INodeAccess Nodes => _rehearsal.Cluster.Nodes;

    public ImmutableArray<string> NodeNames => _rehearsal.Cluster.NodeNames;

    private string ControlPlane => $"{_rehearsal.Cluster.Name}-control-plane";

    /// <summary>Creates it.</summary>
    /// <param name="workers">How many, beside the control plane.</param>
    /// <param name="cancellationToken">Deletes what there is by then.</param>
    /// <param name="scenario">How Calico's addresses lie to PodCIDRs.</param>
    public static async Task<KindMigration> StartAsync(
        int workers, CancellationToken cancellationToken, KindScenario scenario = KindScenario.Simple)
    {
        await Requires.DockerAsync();
        await Requires.KindAsync();
        StandInImages.Require();
        OldServerManifests.Require();
        var tool = new KindTool();
        await DeleteOrphansAsync(tool, cancellationToken);
        var options = new KindRehearsalOptions
        {
            Manifests = OldServerManifests.All(),
            Scenario = scenario,
            Prefix = RunName.New(),
            Workers = workers,
            KeepCluster = Environment.GetEnvironmentVariable("KEEP_CLUSTER") == "1",
            NodeImage = StandInImages.Node,
            Images = StandInImages.All,
            WorkloadImage = StandInImages.Base,
        };
        return new KindMigration(await KindRehearsal.StartAsync(options, tool, new Teller(), cancellationToken));
    }

    public Kubernetes Client() => new(KubernetesClientConfiguration.BuildConfigFromConfigFile(_rehearsal.Cluster.KubeconfigPath));

    public async Task<ClusterSnapshot> ReadAsync(CancellationToken cancellationToken)
    {
        using var client = Client();
        return await new KubernetesClusterReader(client).ReadAsync(cancellationToken);
    }

    public async Task<MigrationPlan> PlanAsync(CancellationToken cancellationToken) =>
        MigrationPlanner.Plan(await ReadAsync(cancellationToken), Options);

    /// <summary>Antrea next to Calico, with nothing in between.</summary>
    public async Task InstallAntreaAsync(CancellationToken cancellationToken)
    {
        await _rehearsal.ApplyAsync(OldServerManifests.All().Antrea, cancellationToken);
        await KubectlAsync("kubectl -n kube-system rollout status daemonset/antrea-agent --timeout=180s", cancellationToken);
    }

    /// <summary>Until no rollout of the workloads is under way.</summary>
    public Task RolledAsync(CancellationToken cancellationToken) => _rehearsal.WaitForWorkloadsAsync(cancellationToken);

    /// <summary>Whether a server's answer comes back to a Pod.</summary>
    public async Task<bool> ReachesAsync(string pod, IPAddress server, CancellationToken cancellationToken) =>
        (await TryKubectlAsync($"kubectl exec {pod} -- timeout 5 wget -q -O /dev/null http://{server}/", cancellationToken)).ExitCode == 0;

    /// <summary>What the next process would undo, from the cluster and its journal alone.</summary>
    public async Task<MigrationPlan> PlanRollbackAsync(CancellationToken cancellationToken)
    {
        using var client = Client();
        return (await new ConfigMapJournal(client).ReadRecordAsync(cancellationToken)).PlanRollback(await ReadAsync(cancellationToken))
            ?? throw new AssertionException("There is nothing to roll back.");
    }

    /// <summary>Executes the plan as one process would, and probes while it stands still between two phases.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="breakOff">The event at which the process ends; null for none.</param>
    /// <returns>The last event, and what the seed's load test said after each phase.</returns>
    public async Task<(MigrationEvent Last, List<(MigrationPhase Phase, SeedClientTranscript Probe)> Probes)> ExecuteAsync(
        MigrationPlan plan, CancellationToken cancellationToken, Predicate<MigrationEvent>? breakOff = null)
    {
        List<(MigrationPhase, SeedClientTranscript)> probes = [];
        MigrationEvent? last = null;
        using var client = Client();
        var executor = new MigrationExecutor(client, new ConfigMapJournal(client), Nodes);
        var execution = new ExecutionOptions { BackupDirectory = Path.Combine(_folder.FullName, "backup"), Holds = HoldPolicy.PassAll };
        await foreach (var item in executor.ExecuteAsync(plan, Options, execution, cancellationToken))
        {
            last = item;
            Say(item.ToString());
            if (breakOff?.Invoke(item) == true)
            {
                break;
            }

            if (item is PhaseCompleted done)
            {
                probes.Add((done.Phase, await ProbeAsync(cancellationToken)));
            }
        }

        return (last!, probes);
    }

    /// <summary>The seed's load test from the client's Pod to the servers' Service, as the client prints it.</summary>
    /// <remarks>A rollout that an ended process has begun goes on without it, by the workload's own rule; it is waited for.</remarks>
    public async Task<SeedClientTranscript> ProbeAsync(CancellationToken cancellationToken)
    {
        await RolledAsync(cancellationToken);
        var output = await KubectlAsync(
            $"kubectl exec deploy/client -- /client -c 10 -n {Requests} -interval 50 -url {_rehearsal.Service.OriginalString} || [ $? = 2 ]", cancellationToken);
        Say(output);
        return SeedClientReport.Parse(output);
    }

    /// <summary>Every probe had all its answers.</summary>
    public static void AssertNothingLost(List<(MigrationPhase Phase, SeedClientTranscript Probe)> probes)
    {
        Assert.That(probes, Is.Not.Empty);
        Assert.That(probes.Where(p => p.Probe.Failure > 0 || p.Probe.Success < Requests).Select(p => $"{p.Phase}: {p.Probe}"), Is.Empty);
    }

    /// <summary>The servers' rollout is under way: some Pods are new and some are not.</summary>
    public static Predicate<MigrationEvent> IsInTheMiddleOfARestart(MigrationPhase phase) => item =>
        item is StepProgress { Step.Kind: MigrationStepKind.RestartPods } progress && progress.Step.Phase == phase
        && SomeRestarted().IsMatch(progress.Message);

    /// <summary>Neither files nor routes, tunnel addresses, rules or sets.</summary>
    public async Task AssertNothingOfCalicoIsLeftAsync(CancellationToken cancellationToken)
    {
        foreach (var node in NodeNames)
        {
            var left = await Nodes.RunAsync(
                node,
                new NodeCommand(
                    "look",
                    """
                    ls /etc/cni/net.d; ip route show proto bird; ip -o -4 address show dev tunl0
                    iptables-nft-save | grep cali; ipset list -n | grep cali
                    """,
                    []),
                cancellationToken);
            Assert.That(left.Output, Is.EqualTo("10-antrea.conflist\nmultus.d\n").Or.EqualTo("10-antrea.conflist\n"), node);
        }
    }

    /// <summary>Runs shell text with the control plane's kubectl; a failure fails the test.</summary>
    public async Task<string> KubectlAsync(string script, CancellationToken cancellationToken)
    {
        var result = await TryKubectlAsync(script, cancellationToken);
        Assert.That(result.ExitCode, Is.Zero, $"{script}\n{result.Output}\n{result.Error}");
        if (result.Error.Length > 0)
        {
            Say(result.Error);
        }

        return result.Output;
    }

    /// <summary>Says what the cluster looks like when the test fails.</summary>
    public async Task ReportingFailuresAsync(Func<Task> test)
    {
        try
        {
            await test();
        }
        catch
        {
            await ReportAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        await _rehearsal.DisposeAsync();
    }

    private static void Say(string text) => TestContext.Progress.WriteLine($"{TimeProvider.System.GetUtcNow():HH:mm:ss} {text}");

    /// <summary>Deletes the clusters of test processes that were killed.</summary>
    private static async Task DeleteOrphansAsync(KindTool tool, CancellationToken cancellationToken)
    {
        foreach (var name in (await tool.GetClustersAsync(cancellationToken)).Where(RunName.IsOrphan))
        {
            Say($"deleting {name}, whose test process is gone");
            await Cli.Wrap("kind").WithArguments(["delete", "cluster", "--name", name, "--kubeconfig", "/dev/null"]).ExecuteAsync(cancellationToken);
            foreach (var folder in Directory.GetDirectories(Path.GetTempPath(), $"antrea-migration-kind-{name}-*"))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private Task<NodeCommandResult> TryKubectlAsync(string script, CancellationToken cancellationToken) =>
        Nodes.RunAsync(ControlPlane, new NodeCommand("kubectl", "export KUBECONFIG=/etc/kubernetes/admin.conf\n" + script, []), cancellationToken);

    private async Task ReportAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var result = await TryKubectlAsync(
            """
            kubectl get nodes,pods -A -o wide; kubectl get endpoints; kubectl logs -l app=nginx-ds --prefix --tail=15; kubectl get events -A --sort-by=.lastTimestamp | tail -30
            for p in $(kubectl -n kube-system get pods -o name | grep -E 'calico|antrea|multus'); do echo "== $p"; kubectl -n kube-system logs $p --all-containers --tail=15; done
            journalctl -u kubelet --no-pager | tail -20
            """,
            limit.Token);
        Say(result.Output + result.Error);
    }

    [GeneratedRegex("DaemonSet/default/nginx-ds: [1-9][0-9]* of ")]
    private static partial Regex SomeRestarted();

    private sealed class Teller : IProgress<string>
    {
        public void Report(string value) => Say(value);
    }
}
