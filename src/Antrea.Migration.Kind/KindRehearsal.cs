using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Kind;

/// <summary>A KinD cluster with Calico and the seed's workloads, to try a migration on; it lives as long as this object.</summary>
/// <remarks>The workloads are the seed's: an nginx on every worker behind the Service <c>nginx-origin</c>, and a client. Where the Node image has
/// no CoreDNS, the cluster has none.</remarks>
public sealed class KindRehearsal : IAsyncDisposable
{
    private const int Applications = 10; // What needs a definition is refused until it is served, about a second later.

    private readonly KindRehearsalOptions _options;
    private readonly IProgress<string>? _progress;

    private KindRehearsal(KindCluster cluster, KindRehearsalOptions options, KindAddressPlan addresses, IProgress<string>? progress)
    {
        Cluster = cluster;
        Addresses = addresses;
        _options = options;
        _progress = progress;
    }

    /// <summary>The cluster.</summary>
    public KindCluster Cluster { get; }

    /// <summary>Why its addresses are those of the scenario.</summary>
    public KindAddressPlan Addresses { get; }

    /// <summary>What is installed in it, and what a migration of it installs.</summary>
    public KindManifests Manifests => _options.Manifests;

    /// <summary>The servers' Service, by its address.</summary>
    public static Uri Service { get; } = new($"http://{KindWorkloads.ServiceAddress}");

    /// <summary>Creates the cluster and fills it; some minutes for 20 workers.</summary>
    /// <param name="options">What it looks like.</param>
    /// <param name="tool">The programs to use; <see langword="null"/> for those on PATH.</param>
    /// <param name="progress">Gets what is done, line by line.</param>
    /// <param name="cancellationToken">Deletes what there is by then.</param>
    /// <exception cref="ArgumentException">The options cannot be used; the message names every fault.</exception>
    /// <exception cref="MigrationException">The machine cannot hold it, or something does not become ready; nothing is left behind unless the cluster
    /// is to be kept.</exception>
    public static Task<KindRehearsal> StartAsync(
        KindRehearsalOptions options, KindTool? tool = null, IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        tool ??= new KindTool();
        return StartAsync(options, tool, new KindPreflight(tool), progress, cancellationToken);
    }

    internal static async Task<KindRehearsal> StartAsync(
        KindRehearsalOptions options, KindTool tool, KindPreflight preflight, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        if (options.Validate() is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(" ", faults), nameof(options));
        }

        var addresses = KindAddressPlan.For(options.Scenario, options.Workers, options.PodSubnet, options.Prefix);
        var cluster = options.Cluster(addresses);
        var findings = await preflight.CheckAsync(cluster, cancellationToken).ConfigureAwait(false);
        var blockers = findings.Where(f => f.Severity == Severity.Blocker).ToList();
        if (blockers.Count > 0)
        {
            throw new MigrationException(
                string.Join('\n', blockers.Select(f => $"{f.Subject}: {f.Evidence}")), string.Join('\n', blockers.Select(f => f.Remedy)));
        }

        foreach (var finding in findings)
        {
            progress?.Report($"{finding.Id}: {finding.Evidence} {finding.Remedy}");
        }

        progress?.Report($"creating the KinD cluster {cluster.Name} with {cluster.Workers} workers");
        var rehearsal = new KindRehearsal(
            await KindCluster.CreateAsync(cluster, tool, null, cancellationToken).ConfigureAwait(false), options, addresses, progress);
        try
        {
            await rehearsal.FillAsync(cancellationToken).ConfigureAwait(false);
            return rehearsal;
        }
        catch (Exception e)
        {
            if (e is not OperationCanceledException)
            {
                await rehearsal.SaveLogsAsync(CancellationToken.None).ConfigureAwait(false);
            }

            await rehearsal.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Until no rollout of the workloads is under way.</summary>
    /// <exception cref="MigrationException">It takes too long.</exception>
    public Task WaitForWorkloadsAsync(CancellationToken cancellationToken = default) => KubectlAsync(
        $"kubectl rollout status daemonset/{KindWorkloads.Servers} --timeout={Seconds} && kubectl rollout status deployment/{KindWorkloads.Client} --timeout={Seconds}",
        cancellationToken);

    /// <summary>Collects the Nodes' logs where the options want them; says so, and says what keeps it from it.</summary>
    /// <param name="cancellationToken">Ends it; a part may be there by then.</param>
    public async Task SaveLogsAsync(CancellationToken cancellationToken = default)
    {
        if (_options.FailureLogs is not { } folder)
        {
            return;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(_options.Patience);
        try
        {
            await Cluster.ExportLogsAsync(folder, limit.Token).ConfigureAwait(false);
            _progress?.Report($"the Nodes' logs are in {folder}");
        }
        catch (Exception e) when (e is MigrationException or OperationCanceledException)
        {
            _progress?.Report($"the Nodes' logs could not be collected: {e.Message}");
        }
    }

    /// <summary>Deletes the cluster, unless it is to be kept.</summary>
    /// <exception cref="MigrationException">kind could not delete it.</exception>
    public ValueTask DisposeAsync() => Cluster.DisposeAsync();

    /// <summary>Applies objects, definitions and what needs them alike.</summary>
    /// <exception cref="MigrationException">The API server refuses them; the message has its words.</exception>
    internal async Task ApplyAsync(IEnumerable<ClusterObject> objects, CancellationToken cancellationToken)
    {
        const string Path = "/tmp/antrea-migration-manifest.json";
        var list = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "List",
            ["items"] = new JsonArray([.. objects.Select(o => o.Json.DeepClone())]),
        };
        await RunAsync(ControlPlane, NodeCommands.WriteFile(Path, list.ToJsonString()), cancellationToken).ConfigureAwait(false);
        await KubectlAsync(
            $$"""
            i=0
            until kubectl apply -f {{Path}} >/tmp/antrea-migration-apply.log 2>&1; do
              i=$((i + 1)); [ $i -lt {{Applications}} ] || { cat /tmp/antrea-migration-apply.log >&2; exit 1; }; sleep 1
            done
            rm -f {{Path}} /tmp/antrea-migration-apply.log
            """,
            cancellationToken).ConfigureAwait(false);
    }

    private string ControlPlane => $"{Cluster.Name}-control-plane";

    private string Seconds => string.Create(CultureInfo.InvariantCulture, $"{_options.Patience.TotalSeconds:0}s");

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        if (!_options.Images.IsEmpty)
        {
            await Cluster.LoadImagesAsync(_options.Images.Select(i => i.Image).Distinct(), cancellationToken).ConfigureAwait(false);
            await Parallel.ForEachAsync(Cluster.NodeNames, cancellationToken, async (node, token) =>
                await RunAsync(node, NameImages(_options.Images), token).ConfigureAwait(false)).ConfigureAwait(false);
            _progress?.Report($"{_options.Images.Length} images loaded");
        }

        await LeaveOutDnsAsync(cancellationToken).ConfigureAwait(false);
        await ApplyAsync(_options.Manifests.CalicoWith(Addresses), cancellationToken).ConfigureAwait(false);
        await KubectlAsync(
            $"""
            kubectl wait --for=condition=Ready nodes --all --timeout={Seconds} &&
            kubectl -n kube-system rollout status daemonset/calico-node --timeout={Seconds} &&
            kubectl -n kube-system rollout status deployment/calico-kube-controllers --timeout={Seconds}
            """,
            cancellationToken).ConfigureAwait(false);
        _progress?.Report($"Calico is ready on {Cluster.NodeNames.Length} Nodes, its pool {Addresses.Pool} in blocks of /{Addresses.BlockSize}");
        await ApplyAsync(ObjectReader.Read(KindWorkloads.Render(_options.WorkloadImage), "workloads"), cancellationToken).ConfigureAwait(false);
        await WaitForWorkloadsAsync(cancellationToken).ConfigureAwait(false);
        _progress?.Report("the workloads are ready");
    }

    private async Task LeaveOutDnsAsync(CancellationToken cancellationToken)
    {
        var has = await Cluster.Nodes.RunAsync(
            ControlPlane, new NodeCommand("look-for-dns", "ctr -n k8s.io images list -q | grep -q /coredns", []), cancellationToken).ConfigureAwait(false);
        if (has.ExitCode != 0)
        {
            await KubectlAsync("kubectl -n kube-system scale deployment coredns --replicas=0", cancellationToken).ConfigureAwait(false);
            _progress?.Report("the Node image has no CoreDNS: Services are reached by address");
        }
    }

    private static NodeCommand NameImages(ImmutableArray<KindImage> images) => new(
        "tag-images",
        """while [ $# -gt 1 ]; do [ "$1" = "$2" ] || ctr -n k8s.io images tag --force "$1" "$2" >/dev/null || exit 1; shift 2; done""",
        [.. images.SelectMany(i => (string[])[KindImage.InFull(i.Image), KindImage.InFull(i.Name)])]);

    private Task KubectlAsync(string script, CancellationToken cancellationToken) => RunAsync(
        ControlPlane, new NodeCommand("kubectl", "export KUBECONFIG=/etc/kubernetes/admin.conf\n" + script, []), cancellationToken);

    private async Task RunAsync(string node, NodeCommand command, CancellationToken cancellationToken)
    {
        var result = await Cluster.Nodes.RunAsync(node, command, cancellationToken).ConfigureAwait(false);
        if (result.ExitCode != 0)
        {
            throw new MigrationException(
                $"'{command.Verb}' on {node} ended with exit code {result.ExitCode}: {result.Output}{result.Error}".TrimEnd(),
                _options.KeepCluster
                    ? $"Look at it: KUBECONFIG={Cluster.KubeconfigPath} kubectl get pods -A; when done: kind delete cluster --name {Cluster.Name}"
                    : "Run it again with the cluster kept (--keep-cluster), and look at its Pods.");
        }
    }
}
