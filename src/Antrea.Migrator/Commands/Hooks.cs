using System.ComponentModel;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;
using CliWrap;

namespace Antrea.Migrator.Commands;

/// <summary>A program of the operator's, told before and after every phase and every Node; when it fails, no other change is begun.</summary>
/// <remarks>Called as <c>PROGRAM before-phase|after-phase|before-node|after-node NAME</c>. Steps of one Node that follow each other in the plan are one
/// visit: told before its first, and after its last. What failed or was stopped gets no <c>after</c>; a run that
/// goes on begins with <c>before</c> again. A step that restarts Pods is told of before the first restart on each Node; and after the last there, where Pods restart one change
/// after the other. Where several may be under way, nobody says whose end has come, and Nodes are told of when all of the step's Pods have restarted. Asked after
/// <paramref name="inner"/>, so that nothing is announced that does not come.</remarks>
/// <param name="program">The program's path.</param>
/// <param name="limit">How long a call may take.</param>
/// <param name="plan">What is carried out.</param>
/// <param name="changesOverlap">Whether one restart may be asked about while others are under way.</param>
/// <param name="output">Where the program's output goes.</param>
/// <param name="inner">Who is asked before; null for nobody.</param>
internal sealed class Hooks(string program, TimeSpan limit, MigrationPlan plan, bool changesOverlap, TextWriter output, IMigrationGate? inner) : IMigrationGate
{
    private const string PlanVariable = "ANTREA_MIGRATION_PLAN";
    private const int LinesKept = 5;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<string, MigrationStep> _lastOfVisit = LastOfVisit(plan);
    private readonly Dictionary<string, string> _visited = new(StringComparer.Ordinal);
    private readonly List<string> _restarting = [];
    private MigrationPhase? _phase;

    public CancellationToken BrokenOff => inner?.BrokenOff ?? CancellationToken.None;

    /// <summary>Which calls failed, and how; null for none. The gate stays closed then.</summary>
    public MigrationStop? Failure { get; private set; }

    public async ValueTask<MigrationStop?> AskAsync(MigrationChange change, CancellationToken cancellationToken = default)
    {
        if (inner is not null && await inner.AskAsync(change, cancellationToken) is { } stop)
        {
            return stop;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (!changesOverlap)
            {
                await LeaveAsync(change.Nodes, cancellationToken);
            }

            await AnnounceAsync(change, cancellationToken);
            return Failure;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Tells what has ended, also when a call has failed before: what was done on a Node is told of it.</summary>
    public async Task ObserveAsync(MigrationEvent item, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            switch (item)
            {
                case StepCompleted completed:
                    await EndAsync(completed.Step, cancellationToken);
                    await LeaveAsync([], cancellationToken);
                    break;
                case StepSkipped skipped:
                    await EndAsync(skipped.Step, cancellationToken);
                    break;
                case PhaseCompleted completed when completed.Phase == _phase:
                    await CallAsync("after-phase", completed.Phase.ToString(), cancellationToken);
                    _phase = null;
                    break;
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Of each step on a Node, by its id, the last of those that follow it there.</summary>
    private static Dictionary<string, MigrationStep> LastOfVisit(MigrationPlan plan)
    {
        Dictionary<string, MigrationStep> lasts = new(StringComparer.Ordinal);
        MigrationStep? next = null;
        foreach (var step in plan.Steps.Reverse())
        {
            if (step.Node is not null)
            {
                lasts[step.Id] = next is not null && (next.Phase, next.Node) == (step.Phase, step.Node) ? lasts[next.Id] : step;
            }

            next = step;
        }

        return lasts;
    }

    /// <summary>Says <c>before</c> of what begins; of nothing that is to come after a failure.</summary>
    private async Task AnnounceAsync(MigrationChange change, CancellationToken cancellationToken)
    {
        if (Failure is null && _phase != change.Step.Phase)
        {
            await CallAsync("before-phase", change.Step.Phase.ToString(), cancellationToken);
            _phase = change.Step.Phase;
        }

        if (Failure is null && change.Step.Node is { } node && !_visited.ContainsKey(node) && await BeginAsync(node, cancellationToken))
        {
            _visited[node] = _lastOfVisit[change.Step.Id].Id;
        }

        foreach (var other in change.Nodes.Except(_restarting).Except(_visited.Keys).ToList())
        {
            if (Failure is null && await BeginAsync(other, cancellationToken))
            {
                _restarting.Add(other);
            }
        }
    }

    private async Task<bool> BeginAsync(string node, CancellationToken cancellationToken)
    {
        await CallAsync("before-node", node, cancellationToken);
        return Failure is null;
    }

    private async Task EndAsync(MigrationStep step, CancellationToken cancellationToken)
    {
        if (step.Node is { } node && _visited.GetValueOrDefault(node) == step.Id)
        {
            _visited.Remove(node);
            await CallAsync("after-node", node, cancellationToken);
        }
    }

    private async Task LeaveAsync(IEnumerable<string> kept, CancellationToken cancellationToken)
    {
        foreach (var node in _restarting.Except(kept).ToList())
        {
            await CallAsync("after-node", node, cancellationToken);
            _restarting.Remove(node);
        }
    }

    private async Task CallAsync(string moment, string name, CancellationToken cancellationToken)
    {
        Queue<string> last = [];
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ended.CancelAfter(limit);
        try
        {
            var result = await Cli.Wrap(program)
                .WithArguments([moment, name])
                .WithEnvironmentVariables(new Dictionary<string, string?> { [PlanVariable] = plan.Id })
                .WithStandardOutputPipe(PipeTarget.ToDelegate(Print))
                .WithStandardErrorPipe(PipeTarget.ToDelegate(Print))
                .WithValidation(CommandResultValidation.None)
                .ExecuteAsync(ended.Token);
            if (result.ExitCode != 0)
            {
                Fail($"ended with exit code {result.ExitCode}{(last.Count > 0 ? $": {string.Join(" | ", last)}" : "")}");
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Fail($"did not end within {limit.TotalSeconds:0} s, and was killed");
        }
        catch (Exception e) when (e is Win32Exception or InvalidOperationException)
        {
            Fail($"cannot be started: {e.Message}");
        }

        void Fail(string how)
        {
            var reason = $"Hook {program} {moment} {name} {how}.";
            Failure = new MigrationStop(
                Failure is null ? reason : $"{Failure.Reason} {reason}", "See what the hook ran into; then run the command again, with it or without. It goes on here.");
        }

        void Print(string line)
        {
            lock (last)
            {
                output.WriteLine($"   ↪ {line}");
                last.Enqueue(line);
                if (last.Count > LinesKept)
                {
                    last.Dequeue();
                }
            }
        }
    }
}
