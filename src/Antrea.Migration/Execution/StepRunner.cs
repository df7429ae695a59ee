using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution.Steps;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>Carries out groups of steps: a single one, or those of several Nodes side by side.</summary>
/// <remarks>
/// Events come in the plan's order whichever Node is faster: a later Node's wait until the ones before it have ended. A Node begins when the events of the one that is
/// <see cref="ExecutionOptions.NodesAtOnce"/> before it have all been taken, so that work is never further ahead of its reader than that. When a step fails, no other Node
/// begins, and those that have begun go through their steps; what the gate stops, stops on all Nodes before the next change. The stop and the failures are told last.
/// </remarks>
internal sealed class StepRunner(
    KubernetesApi api, INodeAccess nodes, IClusterReader reader, IMigrationJournal journal, TimeProvider time, MigrationPlan plan, MigrationOptions options, ExecutionOptions execution)
{
    private readonly StepJournal _journal = new(api, journal, time);
    private readonly ControlGate _control = new(new MigrationControl(api, time), time, options.PollInterval);
    private readonly SemaphoreSlim _turnAtGate = new(1);

    /// <summary>Where the outcome of steps is kept.</summary>
    public StepJournal Journal => _journal;

    /// <summary>Runs the lanes; the sequence ends with the stop where there is one.</summary>
    /// <param name="lanes">Of <see cref="NodeLanes"/>.</param>
    /// <param name="isDone">Whether an earlier run has done a step.</param>
    /// <param name="memory">The phase's.</param>
    /// <param name="require">Throws where this run may begin no step any more.</param>
    /// <param name="cancellationToken">Stops after the journal write at hand.</param>
    public async IAsyncEnumerable<MigrationEvent> RunAsync(
        ImmutableArray<ImmutableArray<MigrationStep>> lanes,
        Func<MigrationStep, bool> isDone,
        PhaseMemory memory,
        Action require,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var brokenOff = execution.Gate?.BrokenOff ?? CancellationToken.None;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, brokenOff);
        var begun = new Lane?[lanes.Length];
        var group = new LaneGroup(this, begun, isDone, memory, require, end.Token, brokenOff, cancellationToken);
        var next = 0;
        List<StepFailed> failures = [];
        var reading = 0;
        group.Say = message => _ = begun.Skip(Volatile.Read(ref reading)).TakeWhile(l => l is not null).Any(l => l!.Say(message));
        api.Patience = new OutagePatience(execution.OutagePatience, group.Say);
        try
        {
            // Whoever reads that a step starts may stop before it does.
            if (lanes[0].FirstOrDefault(s => !isDone(s)) is { } first && first == lanes[0][0])
            {
                yield return new StepStarted(time.GetUtcNow(), first);
                group.Announced = first;
            }

            for (; reading < lanes.Length; Volatile.Write(ref reading, reading + 1))
            {
                for (; next < Math.Min(lanes.Length, reading + execution.NodesAtOnce) && group.MayBegin; next++)
                {
                    begun[next] = group.Begin(lanes[next]);
                }

                if (begun[reading] is not { } lane)
                {
                    break;
                }

                await foreach (var item in lane.Events.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    if (item is StepFailed failed)
                    {
                        failures.Add(failed);
                    }
                    else
                    {
                        yield return item;
                    }
                }

                await lane.Work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (group.Halt is { } halt)
            {
                yield return halt.ToEvent(time.GetUtcNow());
            }

            foreach (var failed in failures)
            {
                yield return failed;
            }

            var ended = begun.OfType<Lane>().ToList();
            var thrown = ended.Find(l => l.Work.IsFaulted) ?? ended.Find(l => l.Work.IsCanceled);
            await (thrown?.Work ?? Task.CompletedTask).ConfigureAwait(false);
        }
        finally
        {
            // Whoever stops to read stops the steps: nothing acts unseen.
            await end.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(begun.OfType<Lane>().Select(l => l.Work)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What the lanes of one group share.</summary>
    private sealed class LaneGroup(
        StepRunner runner,
        IReadOnlyList<Lane?> lanes,
        Func<MigrationStep, bool> isDone,
        PhaseMemory memory,
        Action require,
        CancellationToken ended,
        CancellationToken brokenOff,
        CancellationToken cancelled)
    {
        private volatile bool _hasFailed;
        private volatile LaneHalt? _halt;

        /// <summary>Says what holds up all of them, to whoever reads one of them now.</summary>
        public Action<string> Say { get; set; } = _ => { };

        /// <summary>The step whose start was told before its lane began.</summary>
        public MigrationStep? Announced { get; set; }

        /// <summary>Where and why the gate has stopped one of them: asked for once, it is given once, and holds for all.</summary>
        public LaneHalt? Halt => _halt;

        public bool MayBegin => !_hasFailed && _halt is null;

        /// <summary>Cancelled by whoever executes.</summary>
        public CancellationToken Cancelled => cancelled;

        /// <summary>What is in the middle of a step, in the plan's order.</summary>
        public IReadOnlyList<Lane> Acting => [.. lanes.OfType<Lane>().Where(l => l.ActingStep is not null)];

        /// <summary>A Node that has begun is not left between two steps because another has failed.</summary>
        public bool MayGoOn(Lane lane) => _halt is null && (lane.IsBegun || !_hasFailed);

        /// <exception cref="MigrationException">This run may change nothing any more.</exception>
        public void Require() => require();

        public void Fail() => _hasFailed = true;

        /// <summary>Says to whoever waits for other Nodes that <paramref name="lane"/> has failed.</summary>
        public void Fail(Lane lane, string message)
        {
            Fail();
            _ = lanes.OfType<Lane>().Any(l => l != lane && l.Say(message));
        }

        public void Stop(LaneHalt halt) => _halt = halt;

        public Lane Begin(ImmutableArray<MigrationStep> steps) => new(runner.Time, async lane =>
        {
            try
            {
                foreach (var step in steps.TakeWhile(_ => MayGoOn(lane)))
                {
                    if (isDone(step))
                    {
                        lane.IsBegun = true;
                        lane.End(new StepSkipped(runner.Time.GetUtcNow(), step, "done by an earlier run"));
                    }
                    else if (!await RunAsync(lane, step).ConfigureAwait(false))
                    {
                        break;
                    }
                }
            }
            catch
            {
                Fail();
                throw;
            }
        });

        /// <returns>Whether the next step may follow.</returns>
        private async Task<bool> RunAsync(Lane lane, MigrationStep step)
        {
            require();
            lane.Start(step, isTold: step == Announced);
            MigrationEvent? end = null;
            try
            {
                end = await runner.ActAsync(runner.ContextOf(step, memory, lane, this), lane, this, step, ended).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (brokenOff.IsCancellationRequested && !cancelled.IsCancellationRequested)
            {
                await runner.BreakOffAsync(step, this, cancelled).ConfigureAwait(false);
            }
            catch (OperationCanceledException e) when (cancelled.IsCancellationRequested)
            {
                throw new OperationCanceledException(e.Message, e, cancelled);
            }

            lane.End(end);
            return end is StepCompleted or StepSkipped;
        }
    }

    private TimeProvider Time => time;

    private MigrationContext ContextOf(MigrationStep step, PhaseMemory memory, Lane lane, LaneGroup group) => new()
    {
        Api = api,
        Nodes = nodes,
        Reader = reader,
        Plan = plan,
        Options = options,
        BackupDirectory = execution.BackupDirectory,
        NodesAtOnce = execution.NodesAtOnce,
        Time = time,
        Memory = memory,
        PassGateAsync = (subject, places, token) => PassGateAsync(new MigrationChange(step, subject, places), lane, group, token),
        Report = message => lane.Report(step, message),
        Require = group.Require,
    };

    /// <returns>Whether the change may be made; not where another Node has failed and this one has not begun.</returns>
    /// <exception cref="MigrationStoppedException">The gate has stopped this one, or another.</exception>
    private async Task<bool> PassGateAsync(MigrationChange change, Lane lane, LaneGroup group, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        await _turnAtGate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (group.Halt is { } halt)
            {
                throw new MigrationStoppedException(change, halt.Stop);
            }

            group.Require();
            var abort = await _control.PassAsync(change, () => group.MayGoOn(lane), group.Say, cancellationToken).ConfigureAwait(false);
            if (!group.MayGoOn(lane))
            {
                return false;
            }

            var stop = abort is not null ? ControlGate.StopOf(abort)
                : execution.Gate is not null ? await execution.Gate.AskAsync(change, cancellationToken).ConfigureAwait(false)
                : null;
            if (stop is not null)
            {
                await StopAsync(new LaneHalt(change, stop, IsWithin: lane.ActingStep is not null), abort, group).ConfigureAwait(false);
                throw new MigrationStoppedException(change, stop);
            }

            // The answer may have taken long.
            group.Require();
            return group.MayGoOn(lane);
        }
        finally
        {
            if (lane.ActingStep is null)
            {
                lane.AddWait(time.GetElapsedTime(since));
            }

            _turnAtGate.Release();
        }
    }

    private async Task BreakOffAsync(MigrationStep step, LaneGroup group, CancellationToken cancellationToken)
    {
        await _turnAtGate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (group.Halt is null)
            {
                var acting = group.Acting;
                var told = acting.FirstOrDefault()?.ActingStep ?? step;
                var change = new MigrationChange(told, told.Title, []);
                var stop = await execution.Gate!.AskAsync(change, cancellationToken).ConfigureAwait(false)
                    ?? new MigrationStop("The gate broke the step off.", "Run the command again; it goes on at this step.");
                await StopAsync(new LaneHalt(change, stop, acting.Count > 0) { Others = Math.Max(0, acting.Count - 1) }, abort: null, group).ConfigureAwait(false);
            }
        }
        finally
        {
            _turnAtGate.Release();
        }
    }

    /// <summary>Writes it down before anything else happens: a process that dies then leaves the reason, and an abort that is not written down stays in force.</summary>
    private async Task StopAsync(LaneHalt halt, MigrationRequest? abort, LaneGroup group)
    {
        group.Stop(halt);
        if (await _journal.PauseAsync($"{halt}: {halt.Stop.Reason}", group.Cancelled).ConfigureAwait(false) is { } failure)
        {
            group.Stop(halt with { Remark = NotKept(failure) });
            return;
        }

        try
        {
            await (abort is null ? Task.CompletedTask : _control.SpendAsync(abort, group.Cancelled)).ConfigureAwait(false);
        }
        catch (MigrationException e)
        {
            group.Stop(halt with { Remark = $" (And it stays in force until 'antrea-migrator resume': {e.Message})" });
        }
    }

    private static string NotKept(string failure) => $" (And the journal could not say so: {failure})";

    /// <returns>How it ended; null where it was stopped, or did not begin because another Node failed.</returns>
    private async Task<MigrationEvent?> ActAsync(MigrationContext context, Lane lane, LaneGroup group, MigrationStep step, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var action = StepActions.Of(step.Kind);
        try
        {
            if (await action.AlreadyDoneAsync(context, step, cancellationToken).ConfigureAwait(false) is { } reason)
            {
                await _journal.WriteAsync(step, JournalState.Done, reason, cancellationToken).ConfigureAwait(false);
                lane.IsBegun = true;
                return new StepSkipped(time.GetUtcNow(), step, reason);
            }

            if (!await PassGateAsync(new MigrationChange(step, step.Title, step.Node is null ? [] : [step.Node]), lane, group, cancellationToken).ConfigureAwait(false))
            {
                return null;
            }

            lane.IsBegun = true;
            await _journal.WriteAsync(step, JournalState.Intent, "", cancellationToken).ConfigureAwait(false);
            lane.ActingStep = step;
            var detail = await action.RunAsync(context, step, cancellationToken).ConfigureAwait(false);
            var duration = lane.WithoutWaits(time.GetElapsedTime(started));
            if (!action.EndsJournal)
            {
                await _journal.WriteAsync(step, JournalState.Done, detail, cancellationToken, duration).ConfigureAwait(false);
            }

            return new StepCompleted(time.GetUtcNow(), step, duration, detail);
        }
        catch (Exception e) when (cancellationToken.IsCancellationRequested
            && e is OperationCanceledException or KubernetesApiException or StepFailedException or FormatException or MigrationException)
        {
            // Clients link the caller's token into ones of their own, or call the connection they broke off a failure.
            throw new OperationCanceledException(e.Message, e, cancellationToken);
        }
        catch (MigrationStoppedException)
        {
            return null;
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
        catch (MigrationException e) when (!StepJournal.IsItsFailure(e))
        {
            if (KubernetesApi.IsAway(e))
            {
                _journal.GiveUp();
            }

            return await FailAsync(e.Message, e.Next).ConfigureAwait(false);
        }

        async Task<MigrationEvent> FailAsync(string message, string next)
        {
            group.Fail(lane, $"{step.Title} has failed ({message}); no other Node begins");
            try
            {
                // What failed before it began leaves the step's own entry as it is: it has changed nothing.
                if (lane.ActingStep is not null)
                {
                    await _journal.WriteAsync(step, JournalState.Failed, message, group.Cancelled).ConfigureAwait(false);
                }
                else if (await _journal.FailUnbegunAsync($"before {step.Id}: {message}", group.Cancelled).ConfigureAwait(false) is { } failure)
                {
                    message += NotKept(failure);
                }
            }
            catch (MigrationException e)
            {
                // The step's own failure is the news; that the journal lacks it is a second one.
                message += NotKept(e.Message);
            }

            return new StepFailed(time.GetUtcNow(), step, message, next);
        }
    }
}
