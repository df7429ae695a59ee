namespace Antrea.Migration.Connectivity.Load;

/// <summary>What an <see cref="OpenModelProber"/> sends, and when.</summary>
public sealed record OpenModelOptions
{
    /// <summary>Where the requests go: an absolute URL that the transport understands.</summary>
    public required Uri Target { get; init; }

    /// <summary>Who asks whom, for reports; <see langword="null"/> for the target alone.</summary>
    public FlowName? Flow { get; init; }

    /// <summary>Requests a second. Default 50; 0.01–100,000.</summary>
    public double Rate { get; init; } = 50;

    /// <summary>For how long requests are due, the first one at the start. Default 1 min; 1 ms – 1 day.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long a request may take from sending on. Default 2 s; 1 ms – 1 day.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How many requests may be under way; those that are due meanwhile are counted and not sent. Default 10,000;
    /// 1–1,000,000.</summary>
    public int MaxInFlight { get; init; } = 10_000;

    /// <summary>A request that waits while nothing is answered for longer than this makes an outage, even when everything is
    /// answered well in the end. Default 1 s; 1 ms – 1 day.</summary>
    public TimeSpan StallThreshold { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Everything that is wrong with these options, one sentence each; empty when they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        ProbeOptionRules.CheckEndPoint(faults, nameof(Target), Target);

        if (Rate is not (>= 0.01 and <= 100_000))
        {
            faults.Add(FormattableString.Invariant($"{nameof(Rate)} is {Rate}, but must be between 0.01 and 100,000 a second."));
        }

        if (MaxInFlight is < 1 or > 1_000_000)
        {
            faults.Add($"{nameof(MaxInFlight)} is {MaxInFlight}, but must be between 1 and 1,000,000.");
        }

        ProbeOptionRules.CheckSpan(faults, nameof(Duration), Duration);
        ProbeOptionRules.CheckSpan(faults, nameof(Timeout), Timeout);
        ProbeOptionRules.CheckSpan(faults, nameof(StallThreshold), StallThreshold);
        return faults;
    }

    /// <summary>When a request is due, since the start.</summary>
    /// <param name="index">Which one, from 0.</param>
    internal TimeSpan DueOf(long index) => new((long)(index * (TimeSpan.TicksPerSecond / Rate)));
}
