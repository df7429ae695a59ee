using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Takes the hostPorts of Pods that are gone back from their Nodes, while others restart.</summary>
/// <remarks>
/// <para>The network that a Pod is deleted by is not the one it was made by, so that its hostPorts would go on leading to it, and before those of the Pod that comes instead
/// (<see cref="HostPortCleanup"/>). Nothing is remembered: what is there decides, so that a run after a crash cleans up as well.</para>
/// <para>Only Nodes are asked where a Pod has hostPorts. Calico's network is always looked at, for a Pod that it has just wired is known by its route; Antrea's only on
/// the way back, when it wires no Pod any more. Thread-safe.</para>
/// </remarks>
internal sealed class HostPortRules(MigrationContext context)
{
    private readonly ConcurrentDictionary<string, string> _networks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Uid, IPAddress Address), bool> _released = [];

    /// <summary>Asks the Nodes that have a Pod with hostPorts: what a killed run has left, and what ended without anybody waiting for it. Elsewhere nobody is behind what was left,
    /// and Nodes are cleaned in the end.</summary>
    /// <param name="snapshot">The cluster.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task ReleaseEverywhereAsync(ClusterSnapshot snapshot, CancellationToken cancellationToken)
    {
        var with = snapshot.Pods.Where(p => !p.HostPorts.IsEmpty && !p.HostNetwork).Select(p => p.NodeName).ToHashSet(StringComparer.Ordinal);
        await context.OnNodesAsync([.. context.Plan.Nodes.Where(with.Contains)], (node, token) => ReleaseAsync(node, [], token), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Asks the Nodes of those Pods that have gone, or have another sandbox, since they were seen.</summary>
    /// <param name="seen">The Pods; those without hostPorts are left out.</param>
    /// <param name="podsPath">Where they are listed, if they are there.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task ReleaseGoneAsync(IEnumerable<PodInfo> seen, string podsPath, CancellationToken cancellationToken)
    {
        List<PodInfo> waitedFor = [.. seen.Where(p => !p.HostPorts.IsEmpty && !p.PodIPs.IsEmpty && !_released.ContainsKey(KeyOf(p)))];
        if (waitedFor.Count == 0)
        {
            return;
        }

        var there = (await context.ReadPodsAsync(podsPath, cancellationToken).ConfigureAwait(false))
            .Where(p => !p.HasEnded && !p.PodIPs.IsEmpty).Select(KeyOf).ToHashSet();
        var gone = waitedFor.Where(p => !there.Contains(KeyOf(p))).ToLookup(p => p.NodeName, StringComparer.Ordinal);
        await context.OnNodesAsync(
            [.. gone.Select(n => n.Key)],
            async (node, token) =>
            {
                var isDone = await ReleaseAsync(node, [], token).ConfigureAwait(false);
                foreach (var pod in isDone ? gone[node] : [])
                {
                    _released[KeyOf(pod)] = true;
                }

                return isDone;
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Asks the Node of a Pod whose sandbox was ended a moment ago, before kubelet tells of the next.</summary>
    public async Task ReleaseEndedAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        if (!pod.HostPorts.IsEmpty)
        {
            await ReleaseAsync(pod.NodeName, pod.PodIPs, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>False when hostPorts lead to an address that the Node knows and the API server does not: of a Pod that has just begun, or not quite ended.</returns>
    private async Task<bool> ReleaseAsync(string node, ImmutableArray<IPAddress> ended, CancellationToken cancellationToken)
    {
        // From the API server's cache, which has them by Node: a Pod that it does not know yet is known by its route.
        var pods = await context.ReadPodsAsync($"api/v1/pods?fieldSelector=spec.nodeName%3D{node}&resourceVersion=0", cancellationToken).ConfigureAwait(false);
        var inUse = pods.Where(p => !p.HostPorts.IsEmpty && !p.HasEnded).SelectMany(p => p.PodIPs).Except(ended).ToHashSet();
        if (!_networks.TryGetValue(node, out var calico))
        {
            _networks[node] = calico = (await context.ReadCniConfigsAsync(node, cancellationToken).ConfigureAwait(false)).CalicoNetwork;
        }

        var lines = CleanNodeAction.LinesOf(await context.RunAsync(
            node,
            NodeCommands.ReleaseHostPorts(context.Plan.Undoes is null ? [calico] : [calico, NodeCommands.AntreaNetwork], inUse),
            cancellationToken).ConfigureAwait(false));
        if (lines.Count(l => l.StartsWith("released: ", StringComparison.Ordinal)) is > 0 and var released)
        {
            context.Report($"Node {node}: hostPorts of {released} Pods that are gone lead nowhere any more");
        }

        return !lines.Any(l => l.Split(' ') is ["alive:", var address, ..] && !(IPAddress.TryParse(address, out var parsed) && inUse.Contains(parsed)));
    }

    private static (string Uid, IPAddress Address) KeyOf(PodInfo pod) => (pod.Uid, pod.PodIPs[0]);
}
