namespace Antrea.Migration.Connectivity.Load;

/// <summary>What a <see cref="ClosedLoopProber"/> sends, and for how long.</summary>
public sealed record ClosedLoopOptions
{
    /// <summary>Where the requests go: an absolute <c>http</c> URL.</summary>
    public required Uri Target { get; init; }

    /// <summary>Who asks whom, for reports; <see langword="null"/> for the target alone.</summary>
    public FlowName? Flow { get; init; }

    /// <summary>How many requests are under way at once. Default 10; 1–10,000.</summary>
    public int Workers { get; init; } = 10;

    /// <summary>How many requests are sent at most. Default: no limit; at least 1.</summary>
    public long Requests { get; init; } = long.MaxValue;

    /// <summary>For how long requests are sent. Default 10 s; 1 ms – 1 day.</summary>
    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a request may take, its connection included when it makes one. Default 2 s; 1 ms – 1 day.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Whether a worker keeps its connection for its next request, as long as the server does. Default yes.</summary>
    public bool ReuseConnections { get; init; } = true;

    /// <summary>For how long no worker at all may get a good answer before that is an outage. Default 1 s; 1 ms – 1 day.</summary>
    public TimeSpan StallThreshold { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Everything that is wrong with these options, one sentence each; empty when they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (Target is null || !Target.IsAbsoluteUri || Target.Scheme != Uri.UriSchemeHttp)
        {
            faults.Add($"{nameof(Target)} is '{Target}', but must be an absolute http URL, for example http://nginx-origin; TLS is not spoken here.");
        }

        if (Workers is < 1 or > 10_000)
        {
            faults.Add($"{nameof(Workers)} is {Workers}, but must be between 1 and 10,000.");
        }

        if (Requests < 1)
        {
            faults.Add($"{nameof(Requests)} is {Requests}, but must be at least 1.");
        }

        ProbeOptionRules.CheckSpan(faults, nameof(Duration), Duration);
        ProbeOptionRules.CheckSpan(faults, nameof(Timeout), Timeout);
        ProbeOptionRules.CheckSpan(faults, nameof(StallThreshold), StallThreshold);
        return faults;
    }
}
