using System.Collections.Immutable;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution.Steps;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>Carries out groups of steps: a single one, or those of several Nodes side by side.</summary>
/// <remarks>
/// Events come in the plan's order whichever Node is faster: a later Node's wait until the ones before it have ended. A Node begins when the events of the one that is
/// <see cref="ExecutionOptions.NodesAtOnce"/> before it have all been taken, so that work is never further ahead of its reader than that. When a step fails or is stopped, no other begins; those
/// under way end first, and the stop is told last.
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
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, brokenOff);
        var run = new LaneRun(this, isDone, memory, require, stop.Token, brokenOff, cancellationToken);
        var begun = new Lane?[lanes.Length];
        var next = 0;
        List<MigrationEvent> stops = [];
        var reading = 0;
        run.Say = message => _ = begun.Skip(Volatile.Read(ref reading)).TakeWhile(l => l is not null).Any(l => l!.Say(message));
        api.Patience = new OutagePatience(execution.OutagePatience, run.Say);
        try
        {
            // Whoever reads that a step starts may stop before it does.
            if (lanes[0].FirstOrDefault(s => !isDone(s)) is { } first && first == lanes[0][0])
            {
                yield return new StepStarted(time.GetUtcNow(), first);
                run.Announced = first;
            }

            for (; reading < lanes.Length; Volatile.Write(ref reading, reading + 1))
            {
                for (; next < Math.Min(lanes.Length, reading + execution.NodesAtOnce) && !run.IsStopped; next++)
                {
                    begun[next] = run.Begin(lanes[next]);
                }

                if (begun[reading] is not { } lane)
                {
                    break;
                }

                await foreach (var item in lane.Events.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                {
                    if (item is StepFailed or MigrationPaused)
                    {
                        stops.Add(item);
                    }
                    else
                    {
                        yield return item;
                    }
                }

                await lane.Work.ConfigureAwait(false);
            }

            // All failures are told; of pauses the first, for they have one reason.
            foreach (var item in stops.Exists(s => s is StepFailed) ? stops.Where(s => s is StepFailed) : stops.Take(1))
            {
                yield return item;
            }
        }
        finally
        {
            // Whoever stops to read stops the steps: nothing acts unseen.
            await stop.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(begun.OfType<Lane>().Select(l => l.Work)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>One Node's steps, or one step, at work.</summary>
    private sealed class Lane
    {
        private readonly Channel<MigrationEvent> _events = Channel.CreateUnbounded<MigrationEvent>();
        private readonly TimeProvider _time;

        public Lane(TimeProvider time, Func<Lane, Task> work)
        {
            _time = time;
            Work = RunAsync(work);
        }

        public ChannelReader<MigrationEvent> Events => _events.Reader;

        public Task Work { get; }

        public MigrationStep? Step { get; set; }

        public void Write(MigrationEvent item) => _events.Writer.TryWrite(item);

        /// <summary>Whether there is still a step here to say it of.</summary>
        public bool Say(string message) => Step is { } step && _events.Writer.TryWrite(new StepProgress(_time.GetUtcNow(), step, message));

        private async Task RunAsync(Func<Lane, Task> work)
        {
            await Task.Yield();
            try
            {
                await work(this).ConfigureAwait(false);
            }
            finally
            {
                _events.Writer.Complete();
            }
        }
    }

    /// <summary>What the lanes of one group share.</summary>
    private sealed class LaneRun(
        StepRunner runner,
        Func<MigrationStep, bool> isDone,
        PhaseMemory memory,
        Action require,
        CancellationToken stop,
        CancellationToken brokenOff,
        CancellationToken cancelled)
    {
        private volatile bool _isStopped;

        public bool IsStopped => _isStopped;

        /// <summary>Says what holds up all of them, to whoever reads one of them now.</summary>
        public Action<string> Say { get; set; } = _ => { };

        /// <summary>The step whose start was told before its lane began.</summary>
        public MigrationStep? Announced { get; set; }

        public Lane Begin(ImmutableArray<MigrationStep> steps) => new(runner.Time, async lane =>
        {
            try
            {
                foreach (var step in steps.TakeWhile(_ => !_isStopped))
                {
                    lane.Step = step;
                    var end = isDone(step) ? new StepSkipped(runner.Time.GetUtcNow(), step, "done by an earlier run") : await RunAsync(lane, step).ConfigureAwait(false);
                    _isStopped |= end is StepFailed or MigrationPaused;
                    lane.Write(end);
                }
            }
            catch
            {
                _isStopped = true;
                throw;
            }
        });

        private async Task<MigrationEvent> RunAsync(Lane lane, MigrationStep step)
        {
            require();
            if (step != Announced)
            {
                lane.Write(new StepStarted(runner.Time.GetUtcNow(), step));
            }

            try
            {
                return await runner.ActAsync(runner.ContextOf(step, memory, lane, this), step, stop).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (brokenOff.IsCancellationRequested && !cancelled.IsCancellationRequested)
            {
                return await runner.BreakOffAsync(step, cancelled).ConfigureAwait(false);
            }
            catch (OperationCanceledException e) when (cancelled.IsCancellationRequested)
            {
                throw new OperationCanceledException(e.Message, e, cancelled);
            }
        }

        /// <summary>Why the gate has stopped one of them: asked for once, it is given once, and holds for those that ask after it.</summary>
        public MigrationStop? Stop
        {
            get;
            set
            {
                field = value;
                _isStopped = true;
            }
        }
    }

    private TimeProvider Time => time;

    private MigrationContext ContextOf(MigrationStep step, PhaseMemory memory, Lane lane, LaneRun run) => new()
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
        PassGateAsync = (subject, places, token) => PassGateAsync(new MigrationChange(step, subject, places), run, token),
        Report = message => lane.Say(message),
    };

    private async Task PassGateAsync(MigrationChange change, LaneRun run, CancellationToken cancellationToken)
    {
        await _turnAtGate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (run.Stop is { } before)
            {
                throw new MigrationStoppedException(change, before);
            }

            await _control.PassAsync(change, run.Say, cancellationToken).ConfigureAwait(false);
            if (execution.Gate is not null && await execution.Gate.AskAsync(change, cancellationToken).ConfigureAwait(false) is { } wanted)
            {
                throw new MigrationStoppedException(change, wanted);
            }
        }
        catch (MigrationStoppedException e)
        {
            run.Stop = e.Stop;
            throw;
        }
        finally
        {
            _turnAtGate.Release();
        }
    }

    private async Task<MigrationEvent> BreakOffAsync(MigrationStep step, CancellationToken cancellationToken)
    {
        var change = new MigrationChange(step, step.Title, []);
        await _turnAtGate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var reason = await execution.Gate!.AskAsync(change, cancellationToken).ConfigureAwait(false)
                ?? new MigrationStop("The gate broke the step off.", "Run the command again; it goes on at this step.");
            return await _journal.PauseAsync(change, reason, isBegun: true).ConfigureAwait(false);
        }
        finally
        {
            _turnAtGate.Release();
        }
    }

    private async Task<MigrationEvent> ActAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var action = StepActions.Of(step.Kind);
        var isBegun = false;
        try
        {
            if (await action.AlreadyDoneAsync(context, step, cancellationToken).ConfigureAwait(false) is { } reason)
            {
                await _journal.WriteAsync(step, JournalState.Done, reason, cancellationToken).ConfigureAwait(false);
                return new StepSkipped(time.GetUtcNow(), step, reason);
            }

            await context.PassGateAsync(step.Title, step.Node is null ? [] : [step.Node], cancellationToken).ConfigureAwait(false);
            await _journal.WriteAsync(step, JournalState.Intent, "", cancellationToken).ConfigureAwait(false);
            isBegun = true;
            var detail = await action.RunAsync(context, step, cancellationToken).ConfigureAwait(false);
            if (!action.EndsJournal)
            {
                await _journal.WriteAsync(step, JournalState.Done, detail, cancellationToken, time.GetElapsedTime(started)).ConfigureAwait(false);
            }

            return new StepCompleted(time.GetUtcNow(), step, time.GetElapsedTime(started), detail);
        }
        catch (Exception e) when (cancellationToken.IsCancellationRequested
            && e is OperationCanceledException or KubernetesApiException or StepFailedException or FormatException or MigrationException)
        {
            // Clients link the caller's token into ones of their own, or call the connection they broke off a failure.
            throw new OperationCanceledException(e.Message, e, cancellationToken);
        }
        catch (MigrationStoppedException e)
        {
            return await _journal.PauseAsync(e.Change, e.Stop, isBegun).ConfigureAwait(false);
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
            return await FailAsync(e.Message, e.Next).ConfigureAwait(false);
        }

        async Task<MigrationEvent> FailAsync(string message, string next)
        {
            try
            {
                await _journal.WriteAsync(step, JournalState.Failed, message, CancellationToken.None).ConfigureAwait(false);
            }
            catch (MigrationException e)
            {
                // The step's own failure is the news; that the journal lacks it is a second one.
                message += $" (And the journal could not say so: {e.Message})";
            }

            return new StepFailed(time.GetUtcNow(), step, message, next);
        }
    }
}
