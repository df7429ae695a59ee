namespace Antrea.Migration.Connectivity;

/// <summary>How closely a <see cref="ContinuousProbe"/> watches.</summary>
public sealed record ContinuousProbeOptions
{
    /// <summary>Each flow sends one request in this time. Default 500 ms; 1 ms – 1 day.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a request may take, name resolution and body included. Default 2 s; 1 ms – 1 day.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>A flow in which a request waits and nothing is answered for longer than this has an outage, even when
    /// everything is answered well in the end. Default 1 s; 1 ms – 1 day.</summary>
    public TimeSpan StallThreshold { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Everything that is wrong with these options, one sentence each; empty when they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        ProbeOptionRules.CheckSpan(faults, nameof(Interval), Interval);
        ProbeOptionRules.CheckSpan(faults, nameof(Timeout), Timeout);
        ProbeOptionRules.CheckSpan(faults, nameof(StallThreshold), StallThreshold);
        return faults;
    }
}
