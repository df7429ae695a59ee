using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution.Steps;
using Antrea.Migration.Planning;
using k8s;

namespace Antrea.Migration.Execution;

/// <summary>Carries out a plan step by step, keeps a journal, and goes on where an earlier run stopped.</summary>
/// <remarks>
/// <para>Each step: asked of the journal and the cluster whether it is done; intent written; acted; observed; outcome written. A
/// process that dies at any point leaves a journal from which the next run reaches the same end. Assertions are
/// asked of the cluster every time, whatever the journal says.</para>
/// <para>One execution at a time per cluster; not safe for use by several threads.</para>
/// </remarks>
public sealed class MigrationExecutor
{
    private readonly KubernetesApi _api;
    private readonly INodeAccess _nodes;
    private readonly IClusterReader _reader;
    private readonly IMigrationJournal _journal;
    private readonly TimeProvider _time;

    /// <summary>Works on the cluster behind <paramref name="client"/>.</summary>
    /// <param name="client">The API server. Stays the caller's.</param>
    /// <param name="journal">Where the migration's memory is kept.</param>
    /// <param name="nodes">How Nodes are reached; null for the migration's own DaemonSet.</param>
    /// <param name="time">The clock; null for the system's.</param>
    public MigrationExecutor(Kubernetes client, IMigrationJournal journal, INodeAccess? nodes = null, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(journal);
        _time = time ?? TimeProvider.System;
        _api = new KubernetesApi(client, _time);
        _nodes = nodes ?? new PodExecNodeAccess(_api, _time);
        _reader = new KubernetesClusterReader(client, _time);
        _journal = journal;
    }

    /// <summary>Executes what of <paramref name="plan"/> is not done yet.</summary>
    /// <remarks>The sequence ends with <see cref="MigrationCompleted"/>, <see cref="MigrationHeld"/>, <see cref="MigrationPaused"/> or
    /// <see cref="StepFailed"/>; before that, where several Nodes failed side by side, come the other failures, and before them the stop that came beside them. Steps come in the plan's order. Work
    /// goes on only while events are taken: whoever reads them may do something of their own between two phases.</remarks>
    /// <param name="plan">The plan. On a fresh start the cluster must still be as it was when the plan was made.</param>
    /// <param name="options">The options the plan was made with.</param>
    /// <param name="execution">Backup folder, hold points and gate.</param>
    /// <param name="cancellationToken">Stops after the journal write at hand; what is begun is named in the journal.</param>
    /// <exception cref="ArgumentException">The plan is not executable, or the options or <paramref name="execution"/> are out of range.</exception>
    /// <exception cref="MigrationException">The cluster has changed since the plan was made, the journal belongs to another plan, or it cannot be kept.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public async IAsyncEnumerable<MigrationEvent> ExecuteAsync(
        MigrationPlan plan,
        MigrationOptions options,
        ExecutionOptions execution,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(execution);
        options.Validate();
        if (execution.NodesAtOnce is < 1 or > ExecutionOptions.MostNodesAtOnce)
        {
            throw new ArgumentException($"NodesAtOnce is {execution.NodesAtOnce}; it must be from 1 to {ExecutionOptions.MostNodesAtOnce}.", nameof(execution));
        }

        if (!plan.IsExecutable)
        {
            throw new ArgumentException("The plan has findings that block it; see its Findings.", nameof(plan));
        }

        var opening = new JournalOpening(_journal, _reader, _api, _time);
        if (!await opening.FitsAsync(plan, options, cancellationToken).ConfigureAwait(false))
        {
            yield return new MigrationCompleted(_time.GetUtcNow(), plan.Findings);
            yield break;
        }

        var lease = await MigratorLease.TakeAsync(_api, execution.Holder, _time, cancellationToken).ConfigureAwait(false);
        await using var held = lease.ConfigureAwait(false);
        if (await opening.OpenAsync(plan, options, cancellationToken).ConfigureAwait(false) is not { } journal)
        {
            yield return new MigrationCompleted(_time.GetUtcNow(), plan.Findings);
            yield break;
        }

        var runner = new StepRunner(_api, _nodes, _reader, _journal, _time, plan, options, execution);
        var passes = execution.Holds == HoldPolicy.PassNext ? 1 : 0;
        foreach (var phase in plan.Steps.GroupBy(s => s.Phase))
        {
            var started = _time.GetTimestamp();
            var announced = false;
            var memory = new PhaseMemory();
            foreach (var lanes in NodeLanes.Of(phase, execution.NodesAtOnce))
            {
                if (!announced && !lanes.All(lane => lane.All(IsDone)))
                {
                    announced = true;
                    yield return new PhaseStarted(_time.GetUtcNow(), phase.Key);
                }

                var hold = lanes[0][0];
                if (hold.Kind == MigrationStepKind.Hold && !IsDone(hold))
                {
                    // One leave opens one hold, and only one that somebody has seen.
                    if (execution.Holds == HoldPolicy.PassAll || (journal.IsBegun(hold) && passes-- > 0))
                    {
                        await runner.Journal.WriteAsync(hold, JournalState.Done, "passed", cancellationToken).ConfigureAwait(false);
                        continue;
                    }

                    await runner.Journal.WriteAsync(hold, JournalState.Intent, "held", cancellationToken).ConfigureAwait(false);
                    yield return new MigrationHeld(_time.GetUtcNow(), hold);
                    yield break;
                }

                MigrationEvent? last = null;
                await foreach (var item in runner.RunAsync(lanes, IsDone, memory, RequireLease, cancellationToken).ConfigureAwait(false))
                {
                    last = item;
                    if (item is StepProgress progress)
                    {
                        lease.Say($"{progress.Step.Title}: {progress.Message}");
                    }
                    else if (item is StepStarted begun)
                    {
                        lease.Say(begun.Step.Title);
                    }

                    yield return item;
                }

                if (last is StepFailed or MigrationPaused)
                {
                    yield break;
                }
            }

            if (announced)
            {
                yield return new PhaseCompleted(_time.GetUtcNow(), phase.Key, _time.GetElapsedTime(started));
            }
        }

        yield return new MigrationCompleted(_time.GetUtcNow(), plan.Findings);

        bool IsDone(MigrationStep step) => journal.IsDone(step) && journal.IsSettled(step);

        void RequireLease()
        {
            if (lease.LostTo is { } other)
            {
                throw StepJournal.AsItsFailure(new MigrationException($"{other} has taken the migration over.", "Let that one go on, or see 'antrea-migrator status'."));
            }
        }
    }

    /// <summary>How many Pods are on each network now; host-network and ended Pods are left out.</summary>
    /// <remarks>Without the migration's own DaemonSet (before and after a migration) there are no Multus Pods of its making to tell apart.</remarks>
    /// <exception cref="MigrationException">The cluster or a Node cannot be reached.</exception>
    public async Task<ImmutableSortedDictionary<PodNetwork, int>> CountPodsAsync(CancellationToken cancellationToken = default) =>
        PodNetworkInventory.Count((await ReadPodNetworksAsync(cancellationToken).ConfigureAwait(false)).Values);

    /// <summary>Which network each Pod is on now, by <c>namespace/name</c>.</summary>
    /// <remarks>Without the migration's own DaemonSet (before and after a migration) there are no Multus Pods of its making to tell apart.</remarks>
    /// <exception cref="MigrationException">The cluster or a Node cannot be reached.</exception>
    public async Task<ImmutableSortedDictionary<string, PodNetwork>> ReadPodNetworksAsync(CancellationToken cancellationToken = default) =>
        (await InventoryAsync(_reader.ReadAsync, asksNodes: true, cancellationToken).ConfigureAwait(false))
            .ToImmutableSortedDictionary(p => p.Pod.ToString(), p => p.Network, StringComparer.Ordinal);

    /// <summary>The Pods on each network now, and those that a finished phase of <paramref name="record"/> should have moved and did not.</summary>
    /// <remarks>Asks only for Nodes and Pods, and, where Multus bridges and the migration's own DaemonSet is there, those Nodes that have a Pod with a Calico address.</remarks>
    /// <param name="record">What the journal says.</param>
    /// <param name="cancellationToken">Ends the look.</param>
    /// <exception cref="MigrationException">The cluster or a Node cannot be reached.</exception>
    public async Task<PodInventory> TakeInventoryAsync(MigrationRecord record, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(record);
        var asksNodes = record.Current?.Bridge == BridgeKind.Multus;
        return PodInventory.Of(record, await InventoryAsync(ReadPodsAsync, asksNodes, cancellationToken).ConfigureAwait(false));
    }

    private async Task<ClusterSnapshot> ReadPodsAsync(CancellationToken cancellationToken)
    {
        var nodes = await _api.ListAsync("api/v1/nodes", cancellationToken).ConfigureAwait(false) ?? [];
        var pods = await _api.ListAsync("api/v1/pods", cancellationToken).ConfigureAwait(false) ?? [];
        return ClusterSnapshotBuilder.BuildLenient(nodes.Concat(pods).Select(o => new ClusterObject(o, "cluster")), []);
    }

    private async Task<ImmutableArray<(PodInfo Pod, PodNetwork Network)>> InventoryAsync(
        Func<CancellationToken, Task<ClusterSnapshot>> read, bool asksNodes, CancellationToken cancellationToken)
    {
        try
        {
            var snapshot = await read(cancellationToken).ConfigureAwait(false);
            var agent = asksNodes ? await _api.GetAsync(NodeAgentManifest.DaemonSetPath, cancellationToken).ConfigureAwait(false) : null;
            return await MigrationContext.InventoryAsync(snapshot, agent is null ? null : _nodes, cancellationToken).ConfigureAwait(false);
        }
        catch (StepFailedException e)
        {
            throw new MigrationException(e.Message, e.Next, e);
        }
        catch (KubernetesApiException e)
        {
            throw new MigrationException(e.Message, "Look into the API server's log, then ask again; nothing was changed.", e);
        }
    }
}
