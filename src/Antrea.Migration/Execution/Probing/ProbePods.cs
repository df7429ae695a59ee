using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution.Steps;
using k8s;

namespace Antrea.Migration.Execution;

/// <summary>Pods to probe a cluster from: installed, asked by <c>pods/exec</c>, and removed with their Namespace.</summary>
/// <remarks>Namespace <c>antrea-migration-probe</c> holds nothing else. A run that was killed leaves it; the next one uses and removes it. Safe
/// for use by several threads.</remarks>
public sealed class ProbePods : IMatrixTransport, IAsyncDisposable
{
    /// <summary>Where they are.</summary>
    public const string Namespace = ProbeManifest.Namespace;

    /// <summary>The image by default.</summary>
    public const string DefaultImage = ProbeManifest.DefaultImage;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan RemovalPatience = TimeSpan.FromSeconds(30);

    private readonly KubernetesApi _api;
    private readonly TimeProvider _time;
    private readonly bool _isInstalled;

    private ProbePods(KubernetesApi api, TimeProvider time, bool isInstalled) => (_api, _time, _isInstalled) = (api, time, isInstalled);

    /// <summary>One on every Node, for a matrix.</summary>
    /// <param name="client">The API server. Stays the caller's.</param>
    /// <param name="image">The image; it needs what busybox has.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="cancellationToken">Ends the wait; what was installed is removed.</param>
    /// <exception cref="MigrationException">They do not become ready, or may not be installed.</exception>
    public static Task<ProbePods> OnEveryNodeAsync(
        Kubernetes client, string image = DefaultImage, TimeProvider? time = null, CancellationToken cancellationToken = default) =>
        InstallAsync(client, [ProbeManifest.RenderDaemonSet(image)], time, cancellationToken);

    /// <summary>A few, each of which is replaced before it goes, for a continuous watch. Their workloads are named <c>probe-0</c>, <c>probe-1</c>…</summary>
    /// <param name="client">The API server. Stays the caller's.</param>
    /// <param name="count">How many, 0–100; with 0 nothing is installed, and only others' Pods can be asked.</param>
    /// <param name="image">The image; it needs what busybox has.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <param name="cancellationToken">Ends the wait; what was installed is removed.</param>
    /// <exception cref="MigrationException">They do not become ready, or may not be installed.</exception>
    public static Task<ProbePods> SomeAsync(
        Kubernetes client, int count, string image = DefaultImage, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 100);
        return InstallAsync(client, [.. Enumerable.Range(0, count).Select(i => ProbeManifest.RenderDeployment(i, image))], time, cancellationToken);
    }

    /// <summary>A flow that a Pod of a workload sends, whichever is ready; one restart of the Pod after another it goes on from the next.</summary>
    /// <param name="podNamespace">The workload's Namespace.</param>
    /// <param name="workload">The workload's or the Pod's name. Its first container must have what busybox has.</param>
    /// <param name="target"><c>http://…</c> to get a page, <c>tcp://HOST:PORT</c> to connect.</param>
    public ProbeFlow Watch(string podNamespace, string workload, Uri target)
    {
        ArgumentNullException.ThrowIfNull(target);
        var path = target.HostNameType == UriHostNameType.Dns ? "Pod to name" : "Pod to address";
        return new ProbeFlow(
            new FlowName($"{podNamespace}/{workload}", target.OriginalString, path),
            target,
            new PodExecProbeStream(_api, _time, podNamespace, workload, target));
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<ProbeOutcome>> TryAsync(
        MatrixEndpoint source, ImmutableArray<DnsEndPoint> targets, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        var parts = source.Name.Split('/', 2);
        try
        {
            var result = await PodExec.RunAsync(
                _api.Client, parts[0], parts[1], await FirstContainerAsync(_api, parts[0], parts[1], cancellationToken).ConfigureAwait(false),
                ProbeCommands.ConnectTo(targets, timeout).ToArgv(), cancellationToken).ConfigureAwait(false);
            var outcomes = result.Output.Split('\n').Select(ProbeOutput.ParseConnection).OfType<(int Index, ProbeOutcome Outcome)>()
                .ToDictionary(o => o.Index, o => o.Outcome);
            return outcomes.Count == targets.Length
                ? [.. Enumerable.Range(0, targets.Length).Select(i => outcomes[i])]
                : throw Cannot(source.Name, $"exit code {result.ExitCode}, {outcomes.Count} of {targets.Length} answers: {result.Error.Trim()}", null);
        }
        catch (Exception e) when (PodExec.IsFailure(e) && !cancellationToken.IsCancellationRequested)
        {
            throw Cannot(source.Name, e.Message, e);
        }
    }

    /// <summary>Removes them with their Namespace.</summary>
    /// <exception cref="MigrationException">They cannot be removed; the message says how to do it by hand.</exception>
    public async ValueTask DisposeAsync()
    {
        if (!_isInstalled)
        {
            return;
        }

        using var limit = new CancellationTokenSource(RemovalPatience, _time);
        try
        {
            await _api.DeleteAsync(ProbeManifest.NamespacePath, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is KubernetesApiException or MigrationException or OperationCanceledException)
        {
            throw new MigrationException(
                $"The probe Pods could not be removed: {e.Message}", $"Remove them with 'kubectl delete namespace {Namespace}'.", e);
        }
    }

    internal static MigrationException Cannot(string pod, string why, Exception? inner) => new(
        $"Pod {pod} cannot be probed from: {why}", "Its first container needs busybox's sh, timeout, nc and wget, and you need leave for pods/exec.", inner!);

    /// <summary>The name of a Pod's first container: where a command runs.</summary>
    internal static async Task<string> FirstContainerAsync(KubernetesApi api, string @namespace, string pod, CancellationToken cancellationToken)
    {
        if (@namespace == Namespace)
        {
            return ProbeManifest.Container;
        }

        var json = await api.GetAsync($"api/v1/namespaces/{@namespace}/pods/{pod}", cancellationToken).ConfigureAwait(false);
        return json?["spec"]?["containers"]?[0]?["name"]?.GetValue<string>() ?? throw Cannot($"{@namespace}/{pod}", "it is gone", null);
    }

    private static async Task<ProbePods> InstallAsync(
        Kubernetes client, ImmutableArray<JsonObject> workloads, TimeProvider? time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        var clock = time ?? TimeProvider.System;
        var api = new KubernetesApi(client, clock);
        var pods = new ProbePods(api, clock, isInstalled: !workloads.IsEmpty);
        try
        {
            if (!workloads.IsEmpty)
            {
                await ApplyAsync(api, ProbeManifest.RenderNamespace(), clock, cancellationToken).ConfigureAwait(false);
            }

            foreach (var workload in workloads)
            {
                await ApplyAsync(api, workload, clock, cancellationToken).ConfigureAwait(false);
            }

            foreach (var workload in workloads)
            {
                await WaitAsync(api, workload, clock, cancellationToken).ConfigureAwait(false);
            }

            return pods;
        }
        catch (Exception e) when (e is KubernetesApiException)
        {
            await pods.DisposeAsync().ConfigureAwait(false);
            throw new MigrationException($"The probe Pods cannot be installed: {e.Message}", "See that you may create them, then run the command again.", e);
        }
        catch
        {
            await pods.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>A Namespace that an earlier run has removed a moment ago takes nothing until it is gone.</summary>
    private static async Task ApplyAsync(KubernetesApi api, JsonObject obj, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            var existing = await api.GetAsync(ProbeManifest.NamespacePath, cancellationToken).ConfigureAwait(false);
            if (existing?["metadata"]?["deletionTimestamp"] is null)
            {
                await api.ApplyAsync(obj, cancellationToken).ConfigureAwait(false);
                return;
            }

            if (time.GetElapsedTime(started) > Patience)
            {
                throw new MigrationException(
                    $"Namespace {Namespace} has been ending for {Patience.TotalSeconds:0} s.", $"See why with 'kubectl get namespace {Namespace} -o yaml'.");
            }

            await Task.Delay(Glance, time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task WaitAsync(KubernetesApi api, JsonObject workload, TimeProvider time, CancellationToken cancellationToken)
    {
        var path = await api.PathOfAsync(workload, cancellationToken).ConfigureAwait(false);
        var started = time.GetTimestamp();
        while (true)
        {
            var pending = await api.GetAsync(path, cancellationToken).ConfigureAwait(false) is { } now
                ? Rollout.Pending(now)
                : $"{path} is gone";
            if (pending is null)
            {
                return;
            }

            if (time.GetElapsedTime(started) > Patience)
            {
                throw new MigrationException(
                    $"The probe Pods are not ready after {Patience.TotalSeconds:0} s: {pending}",
                    $"See why with 'kubectl -n {Namespace} describe pods'; their image must be pullable, see --probe-image.");
            }

            await Task.Delay(Glance, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
