namespace Antrea.Migration.Planning;

/// <summary>Connections that the Pods of one workload open to those of another.</summary>
/// <param name="From">The clients' workload, as <c>Kind/namespace/name</c>.</param>
/// <param name="To">The servers' workload, likewise; may be the same.</param>
/// <param name="Weight">How much it counts beside others; from 1 to <see cref="MostWeight"/>. It is spread evenly over the pairs of a client and a server.</param>
public sealed record WorkloadFlow(string From, string To, long Weight = 1)
{
    /// <summary>The largest weight: 1,000,000.</summary>
    public const long MostWeight = 1_000_000;
}

/// <summary>A flow that a partition breaks, wholly or in part.</summary>
/// <param name="From">The clients' workload, as <c>Kind/namespace/name</c>.</param>
/// <param name="To">The servers' workload, likewise.</param>
/// <param name="Weight">How much it counts.</param>
/// <param name="BrokenPairs">How many pairs of a client and a server are in different parts: these do not reach each other, whoever begins.</param>
/// <param name="Pairs">How many pairs there are.</param>
public sealed record BrokenFlow(string From, string To, long Weight, long BrokenPairs, long Pairs)
{
    /// <summary>Whether no client has a server left.</summary>
    public bool IsWhole => BrokenPairs == Pairs;
}
