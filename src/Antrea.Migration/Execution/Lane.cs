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

    public Lane(TimeProvider time, Func<Lane, Task> work)
    {
        _time = time;
        Work = RunAsync(work);
    }

    public ChannelReader<MigrationEvent> Events => _events.Reader;

    public Task Work { get; }

    /// <summary>Whether a step has passed the gate, or was found done: to stop now would leave the Node between two steps.</summary>
    public bool IsBegun { get; set; }

    /// <summary>Whether the step's intent is written down.</summary>
    public bool IsActing { get; set; }

    /// <summary>Where the gate has stopped it; null where it has not. Of <see cref="Work"/> that has ended.</summary>
    public LaneHalt? Halt { get; set; }

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
            IsActing = false;
        }
    }

    /// <param name="item">Null for a step that was stopped.</param>
    public void End(MigrationEvent? item)
    {
        lock (_lock)
        {
            _step = null;
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

/// <summary>Where the gate has stopped a lane.</summary>
/// <param name="Change">What was not done any more.</param>
/// <param name="Stop">Why.</param>
/// <param name="IsWithin">Whether the step had begun.</param>
internal sealed record LaneHalt(MigrationChange Change, MigrationStop Stop, bool IsWithin);
