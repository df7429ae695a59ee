using System.Collections.Immutable;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>What every step has at hand.</summary>
internal sealed class MigrationContext
{
    /// <summary>On how many Nodes something is looked at side by side, whatever <see cref="NodesAtOnce"/> says: 8, for a look changes nothing.</summary>
    public const int LooksAtOnce = 8;

    /// <summary>How long nothing has moved before a wait looks whether a Node is the reason.</summary>
    private static readonly TimeSpan NodesAreLookedAtAfter = TimeSpan.FromSeconds(15);

    public required KubernetesApi Api { get; init; }

    public required INodeAccess Nodes { get; init; }

    public required IClusterReader Reader { get; init; }

    public required MigrationPlan Plan { get; init; }

    public required MigrationOptions Options { get; init; }

    public required string BackupDirectory { get; init; }

    /// <summary>See <see cref="ExecutionOptions.NodesAtOnce"/>.</summary>
    public required int NodesAtOnce { get; init; }

    public required TimeProvider Time { get; init; }

    public required PhaseMemory Memory { get; init; }

    /// <summary>Asks whether a change may be made: what it is, and the Nodes it is on.</summary>
    /// <exception cref="MigrationStoppedException">It may not.</exception>
    public required Func<string, ImmutableArray<string>, CancellationToken, Task> PassGateAsync { get; init; }

    /// <summary>Says something to whoever watches. Never blocks.</summary>
    public required Action<string> Report { get; init; }

    /// <summary>Throws where another has taken the migration over.</summary>
    public Action Require { get; init; } = () => { };

    /// <summary>Runs a command on a Node; a non-zero exit code fails the step.</summary>
    public Task<string> RunAsync(string node, NodeCommand command, CancellationToken cancellationToken)
    {
        Require();
        return RunAsync(Nodes, node, command, cancellationToken);
    }

    /// <summary>Runs a command in a container of a Pod; a non-zero exit code fails the step. It must be one that may be run twice, as an answer may be lost.</summary>
    public async Task<string> RunInPodAsync(string @namespace, string pod, string container, NodeCommand command, CancellationToken cancellationToken)
    {
        try
        {
            NodeCommandResult result;
            try
            {
                result = await RunAsync().ConfigureAwait(false);
            }
            catch (Exception e) when (PodExec.IsFailure(e) && Api.Patience is not null && !cancellationToken.IsCancellationRequested)
            {
                await Api.WaitOutAsync(cancellationToken).ConfigureAwait(false);
                result = await RunAsync().ConfigureAwait(false);
            }

            return result.ExitCode == 0
                ? result.Output
                : throw new StepFailedException(
                    $"{command.Verb} in Pod {@namespace}/{pod} ended with exit code {result.ExitCode}: {LastLines(result.Error)}",
                    $"See what its image lacks with 'kubectl -n {@namespace} exec {pod} -- sh', then run the command again; it goes on at this step.");
        }
        catch (Exception e) when (PodExec.IsFailure(e) && !cancellationToken.IsCancellationRequested)
        {
            throw new StepFailedException(
                $"{command.Verb} in Pod {@namespace}/{pod}: {e.Message}", $"Check the Pod with 'kubectl -n {@namespace} describe pod {pod}', then run the command again.");
        }

        async Task<NodeCommandResult> RunAsync() => await ApiRetry.ForReads(Time).ExecuteAsync(
            async token => await PodExec.RunAsync(Api.Client, @namespace, pod, container, command.ToArgv(), token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The CNI configurations of a Node.</summary>
    public async Task<CniConfigs> ReadCniConfigsAsync(string node, CancellationToken cancellationToken) =>
        CniConfigs.Parse(await RunAsync(node, NodeCommands.ReadCniConfigs(), cancellationToken).ConfigureAwait(false));

    /// <summary>Looks at each of <paramref name="nodes"/>, <see cref="LooksAtOnce"/> side by side.</summary>
    /// <returns>What was seen, in the order of <paramref name="nodes"/>.</returns>
    /// <exception cref="Exception">What it threw on one of them.</exception>
    public static Task<T[]> LookOnNodesAsync<T>(IReadOnlyList<string> nodes, Func<string, CancellationToken, Task<T>> look, CancellationToken cancellationToken) =>
        OnNodesAsync(nodes, LooksAtOnce, look, cancellationToken);

    /// <summary>Changes the same on each of <paramref name="nodes"/>, as many side by side as <see cref="NodesAtOnce"/> says.</summary>
    /// <returns>What came of it, in the order of <paramref name="nodes"/>.</returns>
    /// <exception cref="Exception">What it threw on one of them; on Nodes where it had not begun it is not done.</exception>
    public Task<T[]> OnNodesAsync<T>(IReadOnlyList<string> nodes, Func<string, CancellationToken, Task<T>> act, CancellationToken cancellationToken) =>
        OnNodesAsync(nodes, NodesAtOnce, act, cancellationToken);

    /// <summary>Asks until the answer is null (nothing left to wait for); each new answer is reported, and after a while which Nodes are not ready.</summary>
    /// <param name="pending">What is still waited for.</param>
    /// <param name="next">What a person can do when it does not come.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <param name="patience">How long nothing may move; null for the step's time.</param>
    /// <exception cref="StepFailedException">Nothing has moved for that time; the last answer says what it waited for, and a Node that is not ready is named beside it.</exception>
    public Task WaitUntilAsync(
        Func<CancellationToken, Task<string?>> pending, string next, CancellationToken cancellationToken, TimeSpan? patience = null) =>
        WaitUntilAsync(async token => await pending(token).ConfigureAwait(false) is { } waitingFor ? new Wait(waitingFor, next) : null, cancellationToken, patience);

    /// <summary>As the other, where what a person can do depends on what is waited for.</summary>
    public async Task WaitUntilAsync(Func<CancellationToken, Task<Wait?>> pending, CancellationToken cancellationToken, TimeSpan? patience = null)
    {
        var limit = patience ?? Options.StepTimeout;
        var since = Time.GetTimestamp();
        var looked = false;
        Wait? last = null;
        while (await pending(cancellationToken).ConfigureAwait(false) is { } wait)
        {
            if (wait.For != last?.For)
            {
                since = Time.GetTimestamp();
                looked = false;
                Report(wait.For);
            }

            last = wait;
            var stands = Time.GetElapsedTime(since);
            if (stands > limit)
            {
                throw await GiveUpAsync(wait, limit, cancellationToken).ConfigureAwait(false);
            }

            if (!looked && stands > NodesAreLookedAtAfter)
            {
                looked = true;
                if (await NodeTrouble.FindAsync(Api, Plan.Nodes, cancellationToken).ConfigureAwait(false) is { } trouble)
                {
                    Report($"{wait.For}. {trouble.Message}");
                }
            }

            await Task.Delay(Options.PollInterval, Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A Node that is not ready explains more than what was waited for on it.</summary>
    private async Task<StepFailedException> GiveUpAsync(Wait wait, TimeSpan limit, CancellationToken cancellationToken)
    {
        var message = $"No progress for {limit.TotalSeconds:0} s: {wait.For}";
        return await NodeTrouble.FindAsync(Api, Plan.Nodes, cancellationToken).ConfigureAwait(false) is { } trouble
            ? new StepFailedException($"{message}. {trouble.Message}.", $"{trouble.Next} If that is not why: {wait.Next}")
            : new StepFailedException(message, wait.Next);
    }

    /// <summary>The whole cluster, for steps that must not miss a part of it.</summary>
    /// <exception cref="StepFailedException">The API server announces a group and does not answer for it: what it holds, policies perhaps, would be taken for absent.</exception>
    public async Task<ClusterSnapshot> ReadWholeAsync(CancellationToken cancellationToken)
    {
        var snapshot = await Reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        return snapshot.ReadFindings.FirstOrDefault(f => f.Id == ReadFindingIds.ApiUnavailable) is { } unavailable
            ? throw new StepFailedException($"{unavailable.Subject}: {unavailable.Evidence}", "Make the API server answer for it, then run the command again.")
            : snapshot;
    }

    /// <summary>Every Pod with its network, asked of the API server and, where Multus bridges, of every Node that has a Pod of Calico's.</summary>
    public async Task<ImmutableArray<(PodInfo Pod, PodNetwork Network)>> InventoryAsync(CancellationToken cancellationToken) =>
        await InventoryAsync(await ReadPodsAsync(cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    /// <summary>As <see cref="InventoryAsync(CancellationToken)"/>, when no Pod is being wired: one that a Node has begun to start has no address yet,
    /// and may get that of the network before.</summary>
    public async Task<ImmutableArray<(PodInfo Pod, PodNetwork Network)>> WiredInventoryAsync(string next, CancellationToken cancellationToken)
    {
        ImmutableArray<(PodInfo Pod, PodNetwork Network)> inventory = [];
        await WaitUntilAsync(
            async token =>
            {
                var snapshot = await ReadPodsAsync(token).ConfigureAwait(false);
                var unwired = snapshot.Pods.Where(p => p is { HostNetwork: false, HasEnded: false, PodIPs.IsEmpty: true, NodeName.Length: > 0 }).ToList();
                if (unwired.Count > 0)
                {
                    return $"{unwired.Count} Pods have no address yet: {string.Join(", ", unwired.Take(5).Select(p => $"{p} (Node {p.NodeName})"))}";
                }

                inventory = await InventoryAsync(snapshot, token).ConfigureAwait(false);
                return null;
            },
            next,
            cancellationToken).ConfigureAwait(false);
        return inventory;
    }

    /// <summary>The Pods of one list with their networks; only Nodes that have one of them are asked.</summary>
    /// <param name="podsPath">The list.</param>
    /// <param name="which">Those of it that matter.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    public async Task<ImmutableArray<(PodInfo Pod, PodNetwork Network)>> InventoryAsync(
        string podsPath, Func<PodInfo, bool> which, CancellationToken cancellationToken)
    {
        ImmutableArray<PodInfo> pods = [.. (await ReadPodsAsync(podsPath, cancellationToken).ConfigureAwait(false)).Where(which)];
        if (pods.IsEmpty)
        {
            return [];
        }

        var names = pods.Select(p => p.NodeName).ToHashSet(StringComparer.Ordinal);
        var nodes = await Api.ListAsync("api/v1/nodes", cancellationToken).ConfigureAwait(false) ?? [];
        var snapshot = ClusterSnapshotBuilder.BuildLenient(
            nodes.Where(n => names.Contains(n["metadata"]!["name"]!.GetValue<string>())).Select(o => new ClusterObject(o, "cluster")), []);
        return await InventoryAsync(snapshot with { Pods = pods }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>One Pod's network; only its Node is asked.</summary>
    public async Task<PodNetwork> NetworkOfAsync(PodInfo pod, CancellationToken cancellationToken)
    {
        var snapshot = await ReadNodeObjectAsync(pod.NodeName, cancellationToken).ConfigureAwait(false);
        return (await InventoryAsync(snapshot with { Pods = [pod] }, cancellationToken).ConfigureAwait(false))[0].Network;
    }

    /// <summary>One Node; null when it is gone.</summary>
    public async Task<NodeInfo?> ReadNodeAsync(string name, CancellationToken cancellationToken) =>
        (await ReadNodeObjectAsync(name, cancellationToken).ConfigureAwait(false)).Nodes.FirstOrDefault();

    private async Task<ClusterSnapshot> ReadNodeObjectAsync(string name, CancellationToken cancellationToken)
    {
        var node = await Api.GetAsync($"api/v1/nodes/{name}", cancellationToken).ConfigureAwait(false);
        return ClusterSnapshotBuilder.BuildLenient(node is null ? [] : [new ClusterObject(node, "cluster")], []);
    }

    /// <summary>The Pods of one list.</summary>
    public async Task<ImmutableArray<PodInfo>> ReadPodsAsync(string path, CancellationToken cancellationToken) =>
        ClusterSnapshotBuilder.BuildLenient(
            (await Api.ListAsync(path, cancellationToken).ConfigureAwait(false) ?? []).Select(o => new ClusterObject(o, "cluster")), []).Pods;

    /// <summary>Only Nodes and Pods, for steps that look often.</summary>
    public async Task<ClusterSnapshot> ReadPodsAsync(CancellationToken cancellationToken)
    {
        var nodes = await Api.ListAsync("api/v1/nodes", cancellationToken).ConfigureAwait(false) ?? [];
        var pods = await Api.ListAsync("api/v1/pods", cancellationToken).ConfigureAwait(false) ?? [];
        return ClusterSnapshotBuilder.BuildLenient(nodes.Concat(pods).Select(o => new ClusterObject(o, "cluster")), []);
    }

    private Task<ImmutableArray<(PodInfo Pod, PodNetwork Network)>> InventoryAsync(ClusterSnapshot snapshot, CancellationToken cancellationToken) =>
        InventoryAsync(snapshot, Plan.Bridge == BridgeKind.Multus ? Nodes : null, cancellationToken);

    /// <summary>Every Pod of <paramref name="snapshot"/> with its network; without <paramref name="access"/> nothing is known of Multus. Only Nodes where a Pod has
    /// a Calico address are asked: of others the Pods' own addresses tell.</summary>
    public static async Task<ImmutableArray<(PodInfo Pod, PodNetwork Network)>> InventoryAsync(
        ClusterSnapshot snapshot, INodeAccess? access, CancellationToken cancellationToken)
    {
        var nodes = snapshot.Nodes.ToDictionary(n => n.Name);
        var attachments = new Dictionary<string, IReadOnlySet<string>>();
        if (access is not null)
        {
            string[] names =
            [
                .. snapshot.Pods.Where(p => nodes.TryGetValue(p.NodeName, out var node) && PodNetworkInventory.Classify(p, node, ImmutableHashSet<string>.Empty) == PodNetwork.Calico)
                    .Select(p => p.NodeName).Distinct(),
            ];
            var listings = await LookOnNodesAsync(
                names, (node, token) => RunAsync(access, node, NodeCommands.ListMultusAttachments(), token), cancellationToken).ConfigureAwait(false);
            foreach (var (node, listing) in names.Zip(listings))
            {
                attachments[node] = listing.Split('\n', StringSplitOptions.RemoveEmptyEntries).ToHashSet(StringComparer.Ordinal);
            }
        }

        return
        [
            .. snapshot.Pods.Select(p => (p, PodNetworkInventory.Classify(
                p, nodes.GetValueOrDefault(p.NodeName), attachments.GetValueOrDefault(p.NodeName, new HashSet<string>())))),
        ];
    }

    private static async Task<T[]> OnNodesAsync<T>(
        IReadOnlyList<string> nodes, int atOnce, Func<string, CancellationToken, Task<T>> act, CancellationToken cancellationToken)
    {
        var results = new T[nodes.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, nodes.Count),
            new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellationToken },
            async (place, token) => results[place] = await act(nodes[place], token).ConfigureAwait(false)).ConfigureAwait(false);
        return results;
    }

    private static async Task<string> RunAsync(
        INodeAccess access, string node, NodeCommand command, CancellationToken cancellationToken)
    {
        var result = await access.RunAsync(node, command, cancellationToken).ConfigureAwait(false);
        return result.ExitCode == 0
            ? result.Output
            : throw new StepFailedException(
                $"{command.Verb} {string.Join(' ', command.Arguments.Take(1))} on Node {node} ended with exit code {result.ExitCode}: "
                + LastLines(result.Error),
                "Look at the Node, then run the command again; it goes on at this step.");
    }

    private static string LastLines(string text) =>
        string.Join(" | ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(3));
}

/// <summary>What a step waits for.</summary>
/// <param name="For">What is missing. A change of it is progress.</param>
/// <param name="Next">What a person can do when it does not come.</param>
internal sealed record Wait(string For, string Next);
