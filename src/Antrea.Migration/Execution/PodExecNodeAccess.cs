using System.Collections.Concurrent;
using Antrea.Migration.Clusters;
using k8s;
using Polly;

namespace Antrea.Migration.Execution;

/// <summary>Reaches Nodes through the migration's own privileged DaemonSet, by <c>exec</c> and <c>chroot</c> into the host's files.</summary>
/// <remarks>The executor installs it with its first step. A command whose answer was lost is run again, as every
/// <see cref="NodeCommand"/> may be. Safe for use by several threads.</remarks>
public sealed class PodExecNodeAccess : INodeAccess
{
    /// <summary>Where the Node's files are in the DaemonSet's Pods.</summary>
    public const string HostFiles = NodeAgentManifest.HostFiles;

    private readonly KubernetesApi _api;
    private readonly ResiliencePipeline _retry;
    private readonly ConcurrentDictionary<string, string> _agents = new(StringComparer.Ordinal);

    /// <summary>Reaches the Nodes of the cluster behind <paramref name="client"/>.</summary>
    /// <param name="client">The API server. Stays the caller's.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public PodExecNodeAccess(Kubernetes client, TimeProvider? time = null)
        : this(
            new KubernetesApi(client ?? throw new ArgumentNullException(nameof(client)), time ?? TimeProvider.System),
            time ?? TimeProvider.System)
    {
    }

    internal PodExecNodeAccess(KubernetesApi api, TimeProvider time)
    {
        _api = api;
        _retry = ApiRetry.ForReads(time);
    }

    /// <inheritdoc/>
    public async Task<NodeCommandResult> RunAsync(
        string node, NodeCommand command, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(command);
        var pod = "?";
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await _retry.ExecuteAsync(
                    async token =>
                    {
                        if (_agents.TryGetValue(node, out var known))
                        {
                            try
                            {
                                pod = known;
                                return await ExecAsync(known, command, token).ConfigureAwait(false);
                            }
                            catch (Exception e) when (PodExec.IsFailure(e) && !token.IsCancellationRequested)
                            {
                                // A successor is asked at once; the same Pod may still be at work on the command.
                                _agents.TryRemove(node, out _);
                                if (await FindAgentAsync(node, token).ConfigureAwait(false) == known)
                                {
                                    throw;
                                }
                            }
                        }

                        pod = await FindAgentAsync(node, token).ConfigureAwait(false);
                        var result = await ExecAsync(pod, command, token).ConfigureAwait(false);
                        _agents[node] = pod;
                        return result;
                    },
                    cancellationToken).ConfigureAwait(false);
            }
            catch (Exception e) when (PodExec.IsFailure(e))
            {
                if (attempt > 1 || _api.Patience is null || cancellationToken.IsCancellationRequested)
                {
                    var trouble = cancellationToken.IsCancellationRequested ? null : await NodeTrouble.FindAsync(_api, [node], cancellationToken).ConfigureAwait(false);
                    throw new MigrationException(
                        $"{command.Verb} on Node {node} through Pod {NodeAgentManifest.Namespace}/{pod}: {e.Message.TrimEnd('.')}{(trouble is null ? "" : $". {trouble.Message}.")}",
                        trouble?.Next ?? $"Check the Pod with 'kubectl -n {NodeAgentManifest.Namespace} describe pod {pod}', then run the command again.",
                        e);
                }

                // An outage that outlasted the repeats: waited out there, tried once more here.
                await _api.WaitOutAsync(cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private Task<NodeCommandResult> ExecAsync(string pod, NodeCommand command, CancellationToken cancellationToken) => PodExec.RunAsync(
        _api.Client, NodeAgentManifest.Namespace, pod, NodeAgentManifest.Container, command.ToArgvIn(NodeAgentManifest.HostFiles), cancellationToken);

    private async Task<string> FindAgentAsync(string node, CancellationToken cancellationToken)
    {
        var pods = await _api.ListAsync(
            $"{NodeAgentManifest.PodsPath}&fieldSelector=spec.nodeName%3D{node}", cancellationToken).ConfigureAwait(false) ?? [];
        var ready = pods.FirstOrDefault(p =>
            p["metadata"]?["deletionTimestamp"] is null && p["status"]?["phase"]?.GetValue<string>() == "Running");
        if (ready?["metadata"]!["name"]!.GetValue<string>() is { } name)
        {
            return name;
        }

        var trouble = await NodeTrouble.FindAsync(_api, [node], cancellationToken).ConfigureAwait(false);
        throw new MigrationException(
            $"No running node agent on Node {node}.{(trouble is null ? "" : $" {trouble.Message}.")}",
            trouble?.Next ?? $"Look at 'kubectl -n {NodeAgentManifest.Namespace} get pods -o wide'; its image must be pullable, see --node-agent-image.");
    }
}
