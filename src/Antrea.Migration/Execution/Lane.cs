using System.Threading.Channels;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>One Node's steps, or one step, at work. What a step says comes between its start and its end.</summary>
internal sealed class Lane
{
    private readonly Channel<MigrationEvent> _events = Channel.CreateUnbounded<MigrationEvent>();
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private MigrationStep? _step;
    private TimeSpan _waited;

    public Lane(TimeProvider time, Func<Lane, Task> work)
    {
        _time = time;
        Work = RunAsync(work);
    }

    public ChannelReader<MigrationEvent> Events => _events.Reader;

    public Task Work { get; }

    /// <summary>Whether a step has passed the gate, or was found done: to stop now would leave the Node between two steps.</summary>
    public bool IsBegun { get; set; }

    /// <summary>The step at work whose intent is written down.</summary>
    public MigrationStep? ActingStep { get; set; }

    /// <summary>The time of the step at work was the gate's so long.</summary>
    public void AddWait(TimeSpan wait)
    {
        lock (_lock)
        {
            _waited += wait;
        }
    }

    /// <summary>What of the time since the step's start it was not kept waiting at the gate.</summary>
    public TimeSpan WithoutWaits(TimeSpan elapsed)
    {
        lock (_lock)
        {
            return elapsed > _waited ? elapsed - _waited : TimeSpan.Zero;
        }
    }

    /// <param name="step">What starts.</param>
    /// <param name="isTold">Whether its start was told before.</param>
    public void Start(MigrationStep step, bool isTold)
    {
        lock (_lock)
        {
            if (!isTold)
            {
                _events.Writer.TryWrite(new StepStarted(_time.GetUtcNow(), step));
            }

            _step = step;
            _waited = TimeSpan.Zero;
            ActingStep = null;
        }
    }

    /// <param name="item">Null for a step that was stopped.</param>
    public void End(MigrationEvent? item)
    {
        lock (_lock)
        {
            _step = null;
            ActingStep = null;
            if (item is not null)
            {
                _events.Writer.TryWrite(item);
            }
        }
    }

    /// <summary>Says something of <paramref name="step"/>, unless it has ended.</summary>
    public void Report(MigrationStep step, string message) => Write(message, step);

    /// <summary>Says something of whatever step is at work.</summary>
    /// <returns>Whether there is one.</returns>
    public bool Say(string message) => Write(message, of: null);

    private bool Write(string message, MigrationStep? of)
    {
        lock (_lock)
        {
            return _step is { } step && (of ?? step) == step && _events.Writer.TryWrite(new StepProgress(_time.GetUtcNow(), step, message));
        }
    }

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

/// <summary>Where the gate has stopped the lanes.</summary>
/// <param name="Change">What was not done any more.</param>
/// <param name="Stop">Why.</param>
/// <param name="IsWithin">Whether the step had begun.</param>
internal sealed record LaneHalt(MigrationChange Change, MigrationStop Stop, bool IsWithin)
{
    /// <summary>How many more were broken off within a step.</summary>
    public int Others { get; init; }

    /// <summary>What could not be written of it, in words that follow the reason; empty for nothing.</summary>
    public string Remark { get; init; } = "";

    public MigrationPaused ToEvent(DateTimeOffset time) => new(
        time, Change.Step, Change.Subject, Stop.Reason + Remark, Stop.Next);

    /// <summary>The place in words, as the journal has it.</summary>
    public override string ToString() => $"{(IsWithin ? "within" : "before")} {Change.Step.Id}{(Others > 0 ? $" and {Others} more" : "")}, next {Change.Subject}";
}
