using Antrea.Migration.Connectivity;

namespace Antrea.Migration.Execution;

/// <summary>What to do when a flow has used its error budget up.</summary>
public enum BreachAction
{
    /// <summary>Finish the change under way and make no other.</summary>
    Pause,

    /// <summary>Break the change under way off: the step stops to wait for what it has begun, and makes no other change.</summary>
    Abort,
}

/// <summary>Stops a migration whose traffic suffers: looks at a <see cref="ContinuousProbe"/> before every change, and tells the probe what is
/// going on.</summary>
/// <remarks>Before a change it waits for the answers to what was sent until then, so that the effect of one change is seen before the next; that
/// takes one round trip when all is well. Safe for use by several threads.</remarks>
public sealed class BudgetGate : IMigrationGate, IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan MostUnseen = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(100);

    private readonly ContinuousProbe _probe;
    private readonly ErrorBudget _budget;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _broken = new();
    private readonly CancellationTokenSource _end = new();
    private readonly Lazy<Task> _watching;
    private BudgetBreach? _breach;

    /// <summary>Watches the watcher.</summary>
    /// <param name="probe">What watches the traffic; started before the gate is asked, and stays the caller's.</param>
    /// <param name="budget">How much may be lost; an empty one stops only for a flow that nobody has seen for a minute.</param>
    /// <param name="action">How to stop.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="ArgumentException">The budget cannot be used; the message names every fault.</exception>
    public BudgetGate(ContinuousProbe probe, ErrorBudget budget, BreachAction action, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(probe);
        ArgumentNullException.ThrowIfNull(budget);
        if (budget.Validate() is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(" ", faults), nameof(budget));
        }

        (_probe, _budget, _time) = (probe, budget, time ?? TimeProvider.System);
        _watching = new Lazy<Task>(() => action == BreachAction.Abort ? BreakOffAsync() : Task.CompletedTask);
    }

    /// <inheritdoc/>
    public CancellationToken BrokenOff => _broken.Token;

    /// <inheritdoc/>
    public async ValueTask<MigrationStop?> AskAsync(MigrationChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        _ = _watching.Value;
        var unseen = _breach is null
            ? await _probe.WaitForAnswersAsync(MostUnseen, Patience, cancellationToken).ConfigureAwait(false)
            : null;
        if (FindBreach() is { } breach)
        {
            return new MigrationStop(
                $"Error budget used up: {breach}",
                "Find out what the flow ran into and see that it works again; then run the command again. It goes on here, with a new budget.");
        }

        if (unseen is not null)
        {
            return new MigrationStop(
                $"Nobody sees whether flow {unseen} gets through.",
                "Look after the Pod that probes it, or leave the flow out; then run the command again. It goes on here.");
        }

        NotingGate.Note(_probe, change);
        return null;
    }

    /// <summary>Stops to look.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        if (_watching.IsValueCreated)
        {
            await _watching.Value.ConfigureAwait(false);
        }

        _end.Dispose();
        _broken.Dispose();
    }

    private BudgetBreach? FindBreach()
    {
        // The first one stays the reason, whatever comes of it afterwards.
        if (Volatile.Read(ref _breach) is null && _budget.FindBreach(_probe.GetCurrent()) is { } found)
        {
            Interlocked.CompareExchange(ref _breach, found, null);
        }

        return Volatile.Read(ref _breach);
    }

    private async Task BreakOffAsync()
    {
        while (FindBreach() is null)
        {
            await Task.Delay(Glance, _time, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (_end.IsCancellationRequested)
            {
                return;
            }
        }

        await _broken.CancelAsync().ConfigureAwait(false);
    }
}
