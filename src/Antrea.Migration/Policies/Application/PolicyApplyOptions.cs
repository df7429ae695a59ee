namespace Antrea.Migration.Policies.Application;

/// <summary>How long <see cref="PolicyApplier"/> waits, and how often it looks.</summary>
public sealed record PolicyApplyOptions
{
    /// <summary>How long Antrea may take to know new Tiers, and then to realize the policies; five minutes each by default.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The time between two looks; two seconds by default. A policy counts as realized when two looks in a row say so.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>On how many Nodes each policy must be in force, by kind, Namespace and name; null: on as many as antrea-controller says.</summary>
    internal IReadOnlyDictionary<(string Kind, string Namespace, string Name), int>? NodesOf { get; init; }
}
