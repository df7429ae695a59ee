namespace Antrea.Migration.Connectivity;

/// <summary>What a <see cref="ConnectivityProber"/> sends, and how fast. The defaults are the seed's client's.</summary>
public sealed record ProbeOptions
{
    /// <summary>Where the requests go: an absolute <c>http</c> or <c>https</c> URL.</summary>
    public required Uri Target { get; init; }

    /// <summary>How many workers send at once. Default 10; 1–10,000.</summary>
    public int Workers { get; init; } = 10;

    /// <summary>How many completed requests end the run. Default 1,000; at least 1.</summary>
    public int Requests { get; init; } = 1000;

    /// <summary>Each worker starts at most one request in this time, the first one after it. Default 200 ms; 1 ms – 1
    /// day.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long a request may take, name resolution and body included. Default 2 s; 1 ms – 1 day.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Everything that is wrong with these options, one sentence each; empty when they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        ProbeOptionRules.CheckTarget(faults, nameof(Target), Target);
        if (Workers is < 1 or > 10_000)
        {
            faults.Add($"{nameof(Workers)} is {Workers}, but must be between 1 and 10,000.");
        }

        if (Requests < 1)
        {
            faults.Add($"{nameof(Requests)} is {Requests}, but must be at least 1.");
        }

        ProbeOptionRules.CheckSpan(faults, nameof(Interval), Interval);
        ProbeOptionRules.CheckSpan(faults, nameof(Timeout), Timeout);
        return faults;
    }
}
