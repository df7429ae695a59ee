using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution.Steps;
using Antrea.Migration.Findings;
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
    private static readonly FrozenDictionary<MigrationStepKind, StepAction> Actions = new Dictionary<MigrationStepKind, StepAction>
    {
        [MigrationStepKind.InstallNodeAgent] = new InstallNodeAgentAction(),
        [MigrationStepKind.CheckNodes] = new CheckNodesAction(),
        [MigrationStepKind.BackUp] = new BackUpAction(),
        [MigrationStepKind.CordonNode] = new CordonNodeAction(),
        [MigrationStepKind.CreatePools] = new CreatePoolsAction(),
        [MigrationStepKind.DisablePools] = new DisablePoolsAction(),
        [MigrationStepKind.MovePods] = new MovePodsAction(),
        [MigrationStepKind.ReleaseBlocks] = new ReleaseBlocksAction(),
        [MigrationStepKind.DeletePools] = new DeletePoolsAction(),
        [MigrationStepKind.UncordonNode] = new UncordonNodeAction(),
        [MigrationStepKind.InstallMultus] = new InstallMultusAction(),
        [MigrationStepKind.DelegateToCalico] = new DelegateToCalicoAction(),
        [MigrationStepKind.HoldCalico] = new HoldCalicoAction(),
        [MigrationStepKind.LeadCalico] = new LeadCalicoAction(),
        [MigrationStepKind.ReleaseHold] = new ReleaseHoldAction(),
        [MigrationStepKind.StopLeadingCalico] = new StopLeadingCalicoAction(),
        [MigrationStepKind.DeferAntrea] = new DeferAntreaAction(),
        [MigrationStepKind.ConfineCalico] = new ConfineCalicoAction(),
        [MigrationStepKind.AdmitAntrea] = new AdmitAntreaAction(),
        [MigrationStepKind.StopCalico] = new StopCalicoAction(),
        [MigrationStepKind.ClearRoutes] = new ClearRoutesAction(),
        [MigrationStepKind.ReadmitCalico] = new ReadmitCalicoAction(),
        [MigrationStepKind.PinCalicoAutodetection] = new PinCalicoAutodetectionAction(),
        [MigrationStepKind.InstallAntrea] = new InstallAntreaAction(),
        [MigrationStepKind.ConvertPolicies] = new ConvertPoliciesAction(),
        [MigrationStepKind.DelegateToBoth] = new DelegateToBothAction(),
        [MigrationStepKind.AllowMasqueraded] = new AllowMasqueradedAction(),
        [MigrationStepKind.WithdrawAllowances] = new WithdrawAllowancesAction(),
        [MigrationStepKind.SuspendCronJobs] = new SuspendCronJobsAction(),
        [MigrationStepKind.ResumeCronJobs] = new ResumeCronJobsAction(),
        [MigrationStepKind.TryCanaries] = new TryCanariesAction(),
        [MigrationStepKind.RestartPods] = new RestartPodsAction(),
        [MigrationStepKind.AssertPods] = new AssertPodsAction(),
        [MigrationStepKind.DelegateToAntrea] = new DelegateToAntreaAction(),
        [MigrationStepKind.RemoveCalico] = new RemoveCalicoAction(),
        [MigrationStepKind.CleanNode] = new CleanNodeAction(),
        [MigrationStepKind.RemoveMultusConfig] = new RemoveMultusConfigAction(),
        [MigrationStepKind.RemoveMultus] = new RemoveMultusAction(),
        [MigrationStepKind.Verify] = new VerifyAction(),
        [MigrationStepKind.RemoveNodeAgent] = new RemoveNodeAgentAction(),
        [MigrationStepKind.WithdrawPolicies] = new WithdrawPoliciesAction(),
        [MigrationStepKind.RemoveAntrea] = new RemoveAntreaAction(),
        [MigrationStepKind.CleanAntreaNode] = new CleanAntreaNodeAction(),
        [MigrationStepKind.UnpinCalicoAutodetection] = new UnpinCalicoAutodetectionAction(),
        [MigrationStepKind.FreeCalico] = new FreeCalicoAction(),
        [MigrationStepKind.RestorePools] = new RestorePoolsAction(),
        [MigrationStepKind.VerifyRollback] = new VerifyRollbackAction(),
        [MigrationStepKind.ForgetMigration] = new ForgetMigrationAction(),
    }.ToFrozenDictionary();

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
    /// <see cref="StepFailed"/>. Work
    /// goes on only while events are taken: whoever reads them may do something of their own between two phases.</remarks>
    /// <param name="plan">The plan. On a fresh start the cluster must still be as it was when the plan was made.</param>
    /// <param name="options">The options the plan was made with.</param>
    /// <param name="execution">Backup folder, hold points and gate.</param>
    /// <param name="cancellationToken">Stops after the journal write at hand; what is begun is named in the journal.</param>
    /// <exception cref="ArgumentException">The plan is not executable, or the options are out of range.</exception>
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
        if (!plan.IsExecutable)
        {
            throw new ArgumentException("The plan has findings that block it; see its Findings.", nameof(plan));
        }

        if (await new JournalOpening(_journal, _reader, _api, _time).OpenAsync(plan, options, cancellationToken).ConfigureAwait(false) is not { } journal)
        {
            yield return new MigrationCompleted(_time.GetUtcNow(), plan.Findings);
            yield break;
        }

        var lease = await MigratorLease.TakeAsync(_api, execution.Holder, _time, cancellationToken).ConfigureAwait(false);
        await using var held = lease.ConfigureAwait(false);
        var passes = execution.Holds == HoldPolicy.PassNext ? 1 : 0;
        foreach (var phase in plan.Steps.GroupBy(s => s.Phase))
        {
            var started = _time.GetTimestamp();
            var announced = false;
            var memory = new PhaseMemory();
            foreach (var step in phase)
            {
                if (journal.IsDone(step) && journal.IsSettled(step))
                {
                    yield return new StepSkipped(_time.GetUtcNow(), step, "done by an earlier run");
                    continue;
                }

                if (!announced)
                {
                    announced = true;
                    yield return new PhaseStarted(_time.GetUtcNow(), phase.Key);
                }

                if (step.Kind == MigrationStepKind.Hold)
                {
                    // One leave opens one hold, and only one that somebody has seen.
                    if (execution.Holds == HoldPolicy.PassAll || (journal.IsBegun(step) && passes-- > 0))
                    {
                        await WriteAsync(step, JournalState.Done, "passed", cancellationToken).ConfigureAwait(false);
                        continue;
                    }

                    await WriteAsync(step, JournalState.Intent, "held", cancellationToken).ConfigureAwait(false);
                    yield return new MigrationHeld(_time.GetUtcNow(), step);
                    yield break;
                }

                if (lease.LostTo is { } other)
                {
                    throw new MigrationException($"{other} has taken the migration over.", "Let that one go on, or see 'antrea-migrator status'.");
                }

                MigrationEvent? last = null;
                await foreach (var item in RunStepAsync(plan, options, execution, step, memory, cancellationToken).ConfigureAwait(false))
                {
                    last = item;
                    lease.Say(item is StepProgress progress ? $"{step.Title}: {progress.Message}" : step.Title);
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
    }

    /// <summary>How many Pods are on each network now; host-network and ended Pods are left out.</summary>
    /// <remarks>Without the migration's own DaemonSet (before and after a migration) there are no Multus Pods of its making to tell apart.</remarks>
    /// <exception cref="MigrationException">The cluster or a Node cannot be reached.</exception>
    public async Task<ImmutableSortedDictionary<PodNetwork, int>> CountPodsAsync(CancellationToken cancellationToken = default) =>
        PodNetworkInventory.Count((await ReadPodNetworksAsync(cancellationToken).ConfigureAwait(false)).Values);

    /// <summary>Which network each Pod is on now, by <c>namespace/name</c>.</summary>
    /// <remarks>Without the migration's own DaemonSet (before and after a migration) there are no Multus Pods of its making to tell apart.</remarks>
    /// <exception cref="MigrationException">The cluster or a Node cannot be reached.</exception>
    public async Task<ImmutableSortedDictionary<string, PodNetwork>> ReadPodNetworksAsync(CancellationToken cancellationToken = default)
    {
        var snapshot = await _reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var agent = await _api.GetAsync(NodeAgentManifest.DaemonSetPath, cancellationToken).ConfigureAwait(false);
            var inventory = await MigrationContext.InventoryAsync(snapshot, agent is null ? null : _nodes, cancellationToken).ConfigureAwait(false);
            return inventory.ToImmutableSortedDictionary(p => p.Pod.ToString(), p => p.Network, StringComparer.Ordinal);
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

    private async IAsyncEnumerable<MigrationEvent> RunStepAsync(
        MigrationPlan plan,
        MigrationOptions options,
        ExecutionOptions execution,
        MigrationStep step,
        PhaseMemory memory,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var events = Channel.CreateUnbounded<MigrationEvent>();
        var control = new ControlGate(new MigrationControl(_api, _time), _time, options.PollInterval);
        var context = new MigrationContext
        {
            Api = _api,
            Nodes = _nodes,
            Reader = _reader,
            Plan = plan,
            Options = options,
            BackupDirectory = execution.BackupDirectory,
            Time = _time,
            Memory = memory,
            PassGateAsync = async (subject, nodes, token) =>
            {
                var change = new MigrationChange(step, subject, nodes);
                await control.PassAsync(change, Report, token).ConfigureAwait(false);
                if (execution.Gate is not null && await execution.Gate.AskAsync(change, token).ConfigureAwait(false) is { } wanted)
                {
                    throw new MigrationStoppedException(change, wanted);
                }
            },
            Report = Report,
        };
        _api.Patience = new OutagePatience(execution.OutagePatience, context.Report);
        yield return new StepStarted(_time.GetUtcNow(), step);
        var brokenOff = execution.Gate?.BrokenOff ?? CancellationToken.None;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, brokenOff);
        var work = CompleteAsync();
        try
        {
            await foreach (var item in events.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
            {
                yield return item;
            }

            yield return await work.ConfigureAwait(false);
        }
        finally
        {
            // Whoever stops to read stops the step: nothing acts unseen.
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)work).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        void Report(string message) => events.Writer.TryWrite(new StepProgress(_time.GetUtcNow(), step, message));

        async Task<MigrationEvent> CompleteAsync()
        {
            try
            {
                return await ActAsync(context, step, stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (brokenOff.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                var change = new MigrationChange(step, step.Title, []);
                return await PauseAsync(
                    change,
                    await execution.Gate!.AskAsync(change, cancellationToken).ConfigureAwait(false)
                        ?? new MigrationStop("The gate broke the step off.", "Run the command again; it goes on at this step."),
                    isBegun: true).ConfigureAwait(false);
            }
            catch (OperationCanceledException e) when (cancellationToken.IsCancellationRequested)
            {
                throw new OperationCanceledException(e.Message, e, cancellationToken);
            }
            finally
            {
                events.Writer.Complete();
            }
        }
    }

    private async Task<MigrationEvent> ActAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var started = _time.GetTimestamp();
        var action = Actions[step.Kind];
        var isBegun = false;
        try
        {
            if (await action.AlreadyDoneAsync(context, step, cancellationToken).ConfigureAwait(false) is { } reason)
            {
                await WriteAsync(step, JournalState.Done, reason, cancellationToken).ConfigureAwait(false);
                return new StepSkipped(_time.GetUtcNow(), step, reason);
            }

            await context.PassGateAsync(step.Title, step.Node is null ? [] : [step.Node], cancellationToken).ConfigureAwait(false);
            await WriteAsync(step, JournalState.Intent, "", cancellationToken).ConfigureAwait(false);
            isBegun = true;
            var detail = await action.RunAsync(context, step, cancellationToken).ConfigureAwait(false);
            if (!action.EndsJournal)
            {
                await WriteAsync(step, JournalState.Done, detail, cancellationToken, _time.GetElapsedTime(started)).ConfigureAwait(false);
            }

            return new StepCompleted(_time.GetUtcNow(), step, _time.GetElapsedTime(started), detail);
        }
        catch (Exception e) when (cancellationToken.IsCancellationRequested
            && e is OperationCanceledException or KubernetesApiException or StepFailedException or FormatException or MigrationException)
        {
            // Clients link the caller's token into ones of their own, or call the connection they broke off a failure.
            throw new OperationCanceledException(e.Message, e, cancellationToken);
        }
        catch (MigrationStoppedException e)
        {
            return await PauseAsync(e.Change, e.Stop, isBegun).ConfigureAwait(false);
        }
        catch (StepFailedException e)
        {
            return await FailAsync(e.Message, e.Next).ConfigureAwait(false);
        }
        catch (KubernetesApiException e)
        {
            return await FailAsync(e.Message, "Run the command again; it goes on at this step.").ConfigureAwait(false);
        }
        catch (FormatException e)
        {
            return await FailAsync(e.Message, "Correct what the message names, then run the command again.").ConfigureAwait(false);
        }
        catch (MigrationException e) when (!IsJournals(e))
        {
            return await FailAsync(e.Message, e.Next).ConfigureAwait(false);
        }

        async Task<MigrationEvent> FailAsync(string message, string next)
        {
            try
            {
                await WriteAsync(step, JournalState.Failed, message, CancellationToken.None).ConfigureAwait(false);
            }
            catch (MigrationException e)
            {
                // The step's own failure is the news; that the journal lacks it is a second one.
                message += $" (And the journal could not say so: {e.Message})";
            }

            return new StepFailed(_time.GetUtcNow(), step, message, next);
        }
    }

    /// <summary>The stop is written down apart from the step, whose own entry still says how far it is.</summary>
    private async Task<MigrationPaused> PauseAsync(MigrationChange change, MigrationStop stop, bool isBegun)
    {
        await _journal.AppendAsync(
            new JournalEntry(
                _time.GetUtcNow(),
                JournalEntry.PauseId,
                JournalState.Paused,
                $"{(isBegun ? "within" : "before")} {change.Step.Id}, next {change.Subject}: {stop.Reason}"),
            CancellationToken.None).ConfigureAwait(false);
        return new MigrationPaused(_time.GetUtcNow(), change.Step, change.Subject, stop.Reason, stop.Next);
    }

    private static bool IsJournals(MigrationException e) => e.Data.Contains(JournalMark);

    private const string JournalMark = "journal";

    private async Task WriteAsync(
        MigrationStep step, JournalState state, string detail, CancellationToken cancellationToken, TimeSpan? duration = null)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var entry = new JournalEntry(_time.GetUtcNow(), step.Id, state, detail) { Duration = duration };
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // The write itself is never cut short: a half-written journal helps nobody.
                await _journal.AppendAsync(entry, CancellationToken.None).ConfigureAwait(false);
                return;
            }
            catch (MigrationException e) when (KubernetesApi.IsAway(e) && attempt == 1 && _api.Patience is { Limit: var limit } && limit > TimeSpan.Zero)
            {
                await _api.WaitOutAsync(cancellationToken).ConfigureAwait(false);
            }
            catch (MigrationException e)
            {
                e.Data[JournalMark] = true;
                throw;
            }
        }
    }
}
