using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Kind;

/// <summary>A KinD cluster with Calico and the seed's workloads, to try a migration on; it lives as long as this object.</summary>
/// <remarks>The workloads are the seed's: an nginx on every worker behind the Service <c>nginx-origin</c>, and a client; in a cluster that is like somebody's, these are in
/// a Namespace <c>rehearsal</c> beside its own. Where the Node image has no CoreDNS, the cluster has none.</remarks>
public sealed class KindRehearsal : IAsyncDisposable
{
    private const int Applications = 10; // What needs a definition is refused until it is served, about a second later.

    private readonly KindTool _tool;
    private readonly KindRehearsalOptions _options;
    private readonly IProgress<string>? _progress;
    private readonly KindLikenessAddresses? _takenOver;

    private KindRehearsal(KindCluster cluster, KindTool tool, KindRehearsalOptions options, KindAddressPlan addresses, IProgress<string>? progress)
    {
        Cluster = cluster;
        Addresses = addresses;
        _tool = tool;
        _options = options;
        _progress = progress;
        _takenOver = options.Like is { } like ? new KindLikenessAddresses(like, cluster.Name) : null;
        Service = new Uri($"http://{options.Like?.FreeServiceAddress().ToString() ?? KindWorkloads.ServiceAddress}");
    }

    /// <summary>The cluster.</summary>
    public KindCluster Cluster { get; }

    /// <summary>Why its addresses are those of the scenario.</summary>
    public KindAddressPlan Addresses { get; }

    /// <summary>What is installed in it, and what a migration of it installs.</summary>
    public KindManifests Manifests => _options.Manifests;

    /// <summary>The servers' Service, by its address.</summary>
    public Uri Service { get; }

    private string WorkloadNamespace => _options.Like is null ? "default" : "rehearsal";

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

        var (addresses, claim) = await ClaimAsync(options, preflight, progress, cancellationToken).ConfigureAwait(false);
        var cluster = options.Cluster(addresses);
        try
        {
            await KindRehearsalImages.RequireAsync(options, tool, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            claim.Dispose();
            throw;
        }

        progress?.Report($"creating the KinD cluster {cluster.Name} with {cluster.Workers} workers");
        var rehearsal = new KindRehearsal(
            await KindCluster.CreateClaimedAsync(cluster, tool, claim, null, cancellationToken).ConfigureAwait(false), tool, options, addresses, progress);
        try
        {
            await rehearsal.FillAsync(cancellationToken).ConfigureAwait(false);
            return rehearsal;
        }
        catch (Exception e)
        {
            // Whoever interrupts waits for the deletion alone; kind and docker may have got the same signal and failed by it.
            if (e is not OperationCanceledException && !cancellationToken.IsCancellationRequested)
            {
                await rehearsal.SaveLogsAsync(cancellationToken).ConfigureAwait(false);
            }

            await rehearsal.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Until no rollout of the workloads is under way.</summary>
    /// <exception cref="MigrationException">It takes too long.</exception>
    public Task WaitForWorkloadsAsync(CancellationToken cancellationToken = default) => WaitAsync(
        $"kubectl -n {WorkloadNamespace} rollout status daemonset/{KindWorkloads.Servers} --timeout={Seconds} && kubectl -n {WorkloadNamespace} rollout status deployment/{KindWorkloads.Client} --timeout={Seconds}",
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
        limit.CancelAfter(_options.PatienceForAll);
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
    public ValueTask DisposeAsync()
    {
        if (!_options.KeepCluster)
        {
            _progress?.Report($"deleting the KinD cluster {Cluster.Name}");
        }

        return Cluster.DisposeAsync();
    }

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

    private string Seconds => string.Create(CultureInfo.InvariantCulture, $"{_options.PatienceForAll.TotalSeconds:0}s");

    /// <summary>The first fitting name that no cluster has and no other process is taking, on a machine that can hold the cluster.</summary>
    private static async Task<(KindAddressPlan Addresses, KindNameClaim Claim)> ClaimAsync(
        KindRehearsalOptions options, KindPreflight preflight, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        foreach (var addresses in options.Plans())
        {
            if (KindNameClaim.Try(addresses.ClusterName) is not { } claim)
            {
                continue;
            }

            var isFree = false;
            try
            {
                isFree = await IsFreeAsync(options.Cluster(addresses), preflight, progress, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                if (!isFree)
                {
                    claim.Dispose();
                }
            }

            if (isFree)
            {
                return (addresses, claim);
            }
        }

        throw new InvalidOperationException("The names end with an exception of their own.");
    }

    /// <summary>Whether no cluster has the name.</summary>
    /// <exception cref="MigrationException">The machine cannot hold the cluster, whatever its name.</exception>
    private static async Task<bool> IsFreeAsync(
        KindClusterOptions cluster, KindPreflight preflight, IProgress<string>? progress, CancellationToken cancellationToken)
    {
        var findings = await preflight.CheckAsync(cluster, cancellationToken).ConfigureAwait(false);
        if (findings.Any(f => f.Id == KindPreflight.ClusterExists))
        {
            return false;
        }

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

        return true;
    }

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        await new KindRehearsalImages(_options, _tool, Cluster, _progress).LoadAsync(cancellationToken).ConfigureAwait(false);
        await LeaveOutDnsAsync(cancellationToken).ConfigureAwait(false);
        var calico = _options.Manifests.CalicoWith(Addresses);
        if (_takenOver is { } addresses)
        {
            await TakeOverAddressesAsync(addresses, calico, cancellationToken).ConfigureAwait(false);
        }
        else if (_options.Scenario == KindScenario.OwnPodCidr)
        {
            await ClaimInOwnPodCidrAsync(calico, cancellationToken).ConfigureAwait(false);
        }
        else if (_options.Scenario == KindScenario.TunnelOnly)
        {
            await KubectlAsync($"kubectl cordon {ControlPlane}", cancellationToken).ConfigureAwait(false);
        }

        await ApplyAsync(calico, cancellationToken).ConfigureAwait(false);
        await WaitAsync(
            $"""
            kubectl wait --for=condition=Ready nodes --all --timeout={Seconds} &&
            kubectl -n kube-system rollout status daemonset/calico-node --timeout={Seconds} &&
            kubectl -n kube-system rollout status deployment/calico-kube-controllers --timeout={Seconds}
            """,
            cancellationToken).ConfigureAwait(false);
        _progress?.Report($"Calico is ready on {Cluster.NodeNames.Length} Nodes, its pool {Addresses.Pool} in blocks of /{Addresses.BlockSize}");
        await ApplyAsync(
            ObjectReader.Read(KindWorkloads.Render(_options.WorkloadImage, WorkloadNamespace, Service.Host, _takenOver?.TaintKeys() ?? []), "workloads"), cancellationToken).ConfigureAwait(false);
        await WaitForWorkloadsAsync(cancellationToken).ConfigureAwait(false);
        if (_options.Like is { } like)
        {
            await TakeOverWorkloadsAsync(new KindLikenessWorkloads(like, _takenOver!, _options.WorkloadImage), like, calico, cancellationToken).ConfigureAwait(false);
        }

        if (_options is { Like: null, Scenario: KindScenario.TunnelOnly })
        {
            await KubectlAsync($"kubectl uncordon {ControlPlane}", cancellationToken).ConfigureAwait(false);
        }

        _progress?.Report("the workloads are ready");
    }

    /// <summary>Its second quarter: the first address of a PodCIDR is Antrea's own.</summary>
    private async Task ClaimInOwnPodCidrAsync(ImmutableArray<ClusterObject> calico, CancellationToken cancellationToken)
    {
        var node = Cluster.NodeNames[^1];
        var podCidr = await RunAsync(
            ControlPlane,
            new NodeCommand("get-pod-cidr", """KUBECONFIG=/etc/kubernetes/admin.conf kubectl get node "$1" -o jsonpath='{.spec.podCIDR}'""", [node]),
            cancellationToken).ConfigureAwait(false);
        await ApplyAsync(
            [.. Definitions(calico), .. KindBlocks.Claimed(node, Cidr.Parse(podCidr.Trim()).Subnet(Addresses.BlockSize, 1))], cancellationToken).ConfigureAwait(false);
    }

    private static IEnumerable<ClusterObject> Definitions(ImmutableArray<ClusterObject> manifest) => manifest.Where(o => o.Kind == "CustomResourceDefinition");

    /// <summary>Before Calico runs, so that it finds pools, and blocks of each Node.</summary>
    private async Task TakeOverAddressesAsync(KindLikenessAddresses addresses, ImmutableArray<ClusterObject> calico, CancellationToken cancellationToken)
    {
        foreach (var (node, patch) in addresses.Patches())
        {
            await RunAsync(
                ControlPlane,
                new NodeCommand("patch-node", """KUBECONFIG=/etc/kubernetes/admin.conf kubectl patch node "$1" --patch "$2" """, [node, patch.ToJsonString()]),
                cancellationToken).ConfigureAwait(false);
        }

        foreach (var (node, taint) in addresses.Taints())
        {
            await RunAsync(
                ControlPlane,
                new NodeCommand("taint-node", """KUBECONFIG=/etc/kubernetes/admin.conf kubectl taint node "$1" "$2" --overwrite""", [node, taint]),
                cancellationToken).ConfigureAwait(false);
        }

        await ApplyAsync([.. Definitions(calico), .. addresses.Objects()], cancellationToken).ConfigureAwait(false);
        foreach (var (node, of) in addresses.Nodes)
        {
            _progress?.Report(of.Name is null
                ? $"{node} stands for no Node of the snapshot, PodCIDR {of.PodCidr}"
                : $"{node} is {of.Name}, PodCIDR {of.PodCidr}, blocks {string.Join(", ", of.Blocks.Select(b => b.Cidr))}");
        }
    }

    private async Task TakeOverWorkloadsAsync(
        KindLikenessWorkloads workloads, KindLikeness like, ImmutableArray<ClusterObject> calico, CancellationToken cancellationToken)
    {
        var kinds = Definitions(calico).Select(o => o.Json.TextAt("spec", "names", "kind")).OfType<string>().ToHashSet();
        var objects = workloads.Objects(kinds);
        await ApplyAsync(objects, cancellationToken).ConfigureAwait(false);
        foreach (var gap in like.LeftOut.Concat(workloads.PoliciesWithout(kinds).Select(o => $"{o} is left out: this Calico has no such kind.")))
        {
            _progress?.Report(gap);
        }

        // kubectl has no word for the rollout of what is replaced by hand.
        var rollouts = objects.Where(o => KindLikenessWorkloads.Kinds.Contains(o.Kind) && o.Json.TextAt("spec", "updateStrategy", "type") != "OnDelete")
            .Select(o => $"kubectl -n {o.Namespace} rollout status {o.Kind}/{o.Name} --timeout={Seconds}");
        await WaitAsync(string.Join(" &&\n", rollouts.Prepend("true")), cancellationToken).ConfigureAwait(false);
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

    /// <summary>Waits by kubectl until something is so.</summary>
    /// <remarks>While many Nodes start on few cores, the API server may be too slow for its own kubelet, which starts it again: kubectl then loses its watch, and
    /// nothing is wrong.</remarks>
    /// <exception cref="MigrationException">It was not so in time; the message has kubectl's last words.</exception>
    private Task WaitAsync(string script, CancellationToken cancellationToken) => KubectlAsync(
        $$"""
        log=$(mktemp) end=$(($(date +%s) + {{(int)_options.PatienceForAll.TotalSeconds}}))
        until { {{script}}; } 2>"$log"; do
          [ "$(date +%s)" -lt "$end" ] || { cat "$log" >&2; rm -f "$log"; exit 1; }; sleep 2
        done
        rm -f "$log"
        """,
        cancellationToken);

    private Task KubectlAsync(string script, CancellationToken cancellationToken) => RunAsync(
        ControlPlane, new NodeCommand("kubectl", "export KUBECONFIG=/etc/kubernetes/admin.conf\n" + script, []), cancellationToken);

    private async Task<string> RunAsync(string node, NodeCommand command, CancellationToken cancellationToken)
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

        return result.Output;
    }
}
