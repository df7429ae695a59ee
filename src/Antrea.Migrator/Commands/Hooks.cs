using System.ComponentModel;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;
using CliWrap;

namespace Antrea.Migrator.Commands;

/// <summary>A program of the operator's, told before and after every phase and every Node; when it fails, the migration stops there.</summary>
/// <remarks>Called as <c>PROGRAM before-phase|after-phase|before-node|after-node NAME</c>. What failed or was stopped gets no <c>after</c>; a run that
/// goes on begins with <c>before</c> again. Asked after <paramref name="inner"/>, so that nothing is announced that does not come.</remarks>
internal sealed class Hooks(string program, TimeSpan limit, string plan, TextWriter output, IMigrationGate? inner) : IMigrationGate
{
    private const string PlanVariable = "ANTREA_MIGRATION_PLAN";
    private const int LinesKept = 5;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly List<string> _nodes = [];
    private readonly Dictionary<string, HashSet<string>> _stepsOnNode = new(StringComparer.Ordinal);
    private MigrationPhase? _phase;
    private MigrationStop? _failure;

    public CancellationToken BrokenOff => inner?.BrokenOff ?? CancellationToken.None;

    public async ValueTask<MigrationStop?> AskAsync(MigrationChange change, CancellationToken cancellationToken = default)
    {
        if (inner is not null && await inner.AskAsync(change, cancellationToken) is { } stop)
        {
            return stop;
        }

        await _turn.WaitAsync(cancellationToken);
        try
        {
            await AnnounceAsync(change, cancellationToken);
            return _failure;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Tells what has ended.</summary>
    /// <returns>Why the migration must stop, or null.</returns>
    public async Task<MigrationStop?> ObserveAsync(MigrationEvent item, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            switch (item)
            {
                case StepCompleted completed:
                    // Steps of one Node may follow each other before anybody has heard of the first one's end.
                    if (completed.Step.Node is { } node && StepsOn(node).Remove(completed.Step.Id) && StepsOn(node).Count == 0)
                    {
                        await CallAsync("after-node", node, cancellationToken);
                    }

                    await LeaveAsync([], cancellationToken);
                    return _failure;
                case PhaseCompleted completed when completed.Phase == _phase:
                    await CallAsync("after-phase", completed.Phase.ToString(), cancellationToken);
                    _phase = null;
                    return _failure;
                default:
                    return null;
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    private async Task AnnounceAsync(MigrationChange change, CancellationToken cancellationToken)
    {
        await LeaveAsync(change.Nodes, cancellationToken);
        if (_phase != change.Step.Phase)
        {
            await CallAsync("before-phase", change.Step.Phase.ToString(), cancellationToken);
            _phase = change.Step.Phase;
        }

        if (change.Step.Node is { } node)
        {
            if (StepsOn(node).Count == 0)
            {
                await CallAsync("before-node", node, cancellationToken);
            }

            StepsOn(node).Add(change.Step.Id);
        }

        foreach (var other in change.Nodes.Except(_nodes).Where(n => StepsOn(n).Count == 0).ToList())
        {
            await CallAsync("before-node", other, cancellationToken);
            _nodes.Add(other);
        }
    }

    private HashSet<string> StepsOn(string node) =>
        _stepsOnNode.TryGetValue(node, out var steps) ? steps : _stepsOnNode[node] = new HashSet<string>(StringComparer.Ordinal);

    private async Task LeaveAsync(IEnumerable<string> kept, CancellationToken cancellationToken)
    {
        foreach (var node in _nodes.Except(kept).ToList())
        {
            await CallAsync("after-node", node, cancellationToken);
            _nodes.Remove(node);
        }
    }

    private async Task CallAsync(string moment, string name, CancellationToken cancellationToken)
    {
        if (_failure is not null)
        {
            return;
        }

        Queue<string> last = [];
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        ended.CancelAfter(limit);
        try
        {
            var result = await Cli.Wrap(program)
                .WithArguments([moment, name])
                .WithEnvironmentVariables(new Dictionary<string, string?> { [PlanVariable] = plan })
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

        void Fail(string how) => _failure = new MigrationStop(
            $"Hook {program} {moment} {name} {how}.", "See what the hook ran into; then run the command again, with it or without. It goes on here.");

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
