using System.Text;
using Antrea.Migration.Lab.Nodes;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Antrea.Migration.Lab.ControlPlane.Real;

/// <summary>A real control plane as the lab's Nodes use it: a mirror of its objects, exec for their Pods, and their heartbeats.</summary>
internal sealed class RealLabControlPlane : ILabControlPlane
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan EndpointsPatience = TimeSpan.FromSeconds(3);

    private readonly RealControlPlane _plane;
    private readonly TimeProvider _time;
    private readonly Kubernetes _client;
    private readonly CancellationTokenSource _end = new();
    private ClusterMirror? _mirror;
    private HollowKubeletServer? _kubelets;
    private Task _heartbeats = Task.CompletedTask;

    private RealLabControlPlane(RealControlPlane plane, TimeProvider time)
    {
        _plane = plane;
        _time = time;
        Kubeconfig = plane.Kubeconfig;
        using var text = new MemoryStream(Encoding.UTF8.GetBytes(Kubeconfig));
        _client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(text));
    }

    public ObjectStore Store => _mirror!.Store;

    public string Kubeconfig { get; }

    public bool AllocatesPodCidrs => true;

    /// <summary>What the API server says it is, as <c>v1.20.2</c>.</summary>
    public string KubernetesVersion => $"v{_plane.Version}";

    /// <summary>Where the Nodes' kubelets are reached on 127.0.0.1.</summary>
    public int KubeletPort => _kubelets!.Port;

    /// <summary>The processes and who may use them.</summary>
    public RealControlPlane Plane => _plane;

    public IEnumerable<Exception> Failures => _plane.Failures.Concat(_mirror?.Failures ?? []);

    /// <summary>Starts a control plane and a mirror of it.</summary>
    /// <exception cref="MigrationException">It does not start.</exception>
    public static async Task<RealLabControlPlane> StartAsync(
        RealControlPlaneOptions options, IPodExecutor executor, TimeProvider time, CancellationToken cancellationToken)
    {
        var lab = new RealLabControlPlane(await RealControlPlane.StartAsync(options, cancellationToken).ConfigureAwait(false), time);
        try
        {
            lab._mirror = await ClusterMirror.StartAsync(lab._client, time, cancellationToken).ConfigureAwait(false);
            lab._kubelets = await HollowKubeletServer.StartAsync(lab._plane.Certificates, lab.Store, executor, cancellationToken).ConfigureAwait(false);
            lab._heartbeats = lab.BeatAsync();
            return lab;
        }
        catch
        {
            await lab.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Waits for a moment without changes: real controllers do not tell when they have nothing left to do.</summary>
    public async Task SettledAsync(CancellationToken cancellationToken)
    {
        for (var version = -1L; version != Store.Version;)
        {
            version = Store.Version;
            await Task.Delay(Quiet, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Waits until no Service leads to a Pod that is not ready, for a few seconds at most.</summary>
    public async Task EndpointsSettledAsync(CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = _time.CreateTimer(_ => patience.Cancel(), null, EndpointsPatience, Timeout.InfiniteTimeSpan);
        try
        {
            await Store.UntilAsync(EndpointsAreReady, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // As on a real Node: the kubelet does not wait for proxies for ever.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _heartbeats.ConfigureAwait(false);
        if (_kubelets is not null)
        {
            await _kubelets.DisposeAsync().ConfigureAwait(false);
        }

        if (_mirror is not null)
        {
            await _mirror.DisposeAsync().ConfigureAwait(false);
        }

        _client.Dispose();
        await _plane.DisposeAsync().ConfigureAwait(false);
    }

    private bool EndpointsAreReady()
    {
        var ready = Store.PeekAll(ResourceType.Pod).Where(p => p.ConditionIsTrue("Ready")).Select(p => p.UidOf()).ToHashSet();
        return Store.PeekAll(ResourceType.Endpoints)
            .SelectMany(e => e.Items("subsets")).SelectMany(s => s.Items("addresses"))
            .All(a => a.Text("targetRef", "uid") is not { } uid || ready.Contains(uid));
    }

    /// <summary>Renews every Node's lease, or the node lifecycle controller takes it for dead after 40 s.</summary>
    private async Task BeatAsync()
    {
        try
        {
            while (true)
            {
                foreach (var node in Store.PeekAll(ResourceType.Node).Select(n => n.NameOf()))
                {
                    await RenewAsync(node).ConfigureAwait(false);
                }

                await Task.Delay(TimeSpan.FromSeconds(10), _time, _end.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_end.IsCancellationRequested)
        {
            // The lab ends.
        }
        catch (Exception e) when (e is HttpOperationException or HttpRequestException)
        {
            _mirror!.Failures.Enqueue(e);
        }
    }

    private async Task RenewAsync(string node)
    {
        const string Namespace = "kube-node-lease";
        var now = _time.GetUtcNow().UtcDateTime;
        try
        {
            await _client.CoordinationV1.PatchNamespacedLeaseAsync(
                new V1Patch($$$"""{"spec":{"renewTime":"{{{now:yyyy-MM-ddTHH:mm:ss.ffffffZ}}}"}}""", V1Patch.PatchType.MergePatch),
                node,
                Namespace,
                cancellationToken: _end.Token).ConfigureAwait(false);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == System.Net.HttpStatusCode.NotFound)
        {
            var lease = new V1Lease
            {
                Metadata = new V1ObjectMeta { Name = node },
                Spec = new V1LeaseSpec { HolderIdentity = node, LeaseDurationSeconds = 40, RenewTime = now },
            };
            await _client.CoordinationV1.CreateNamespacedLeaseAsync(lease, Namespace, cancellationToken: _end.Token).ConfigureAwait(false);
        }
    }
}
