using System.Collections.Immutable;
using Antrea.Migration.Execution;

namespace Antrea.Migration.Planning;

/// <summary>The Nodes in two parts that leave Calico one after the other, and what lies between them.</summary>
/// <remarks>While the first part is Antrea's and the rest Calico's, no Pod of one part reaches a Pod of the other. While the Pods of a part restart, those that have restarted
/// and those that have not reach each other on the same Node at best.</remarks>
public sealed record NodePartition
{
    /// <summary>The names of the Nodes that go first, sorted.</summary>
    public required ImmutableArray<string> FirstPart { get; init; }

    /// <summary>The names of the others, sorted.</summary>
    public required ImmutableArray<string> Rest { get; init; }

    /// <summary>Whether somebody has named the first part, instead of leaving the choice to the plan.</summary>
    public required bool IsNamed { get; init; }

    /// <summary>The flows with pairs in both parts, the most broken first, then by name.</summary>
    public required ImmutableArray<BrokenFlow> BrokenFlows { get; init; }

    /// <summary>How many flows there are, broken or not.</summary>
    public required int Flows { get; init; }

    /// <summary>How long the first part takes to move, and so how long its Pods may miss each other. Nodes are taken to go <see cref="ExecutionOptions.DefaultNodesAtOnce"/>
    /// at once. Running Jobs, which are waited for, and successors that find no room are left out, and findings name both; so are hooks, and what an error budget makes wait.</summary>
    public required TimeSpan FirstPartTime { get; init; }

    /// <summary>The same of the others.</summary>
    public required TimeSpan RestTime { get; init; }

    /// <summary>How long the parts are apart, without the time that the operator takes at the hold point between.</summary>
    public TimeSpan TimeApart => FirstPartTime + RestTime;

    /// <summary>How long the part takes that moves in a phase, where so many Nodes are changed side by side; zero for a phase in which none moves.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="nodesAtOnce"/> is less than 1.</exception>
    public TimeSpan TimeOf(MigrationPhase phase, int nodesAtOnce)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(nodesAtOnce, 1);
        return phase switch
        {
            MigrationPhase.FirstPart => FirstPartTime + OfNodes(nodesAtOnce) - OfNodes(ExecutionOptions.DefaultNodesAtOnce),
            MigrationPhase.SecondPart => RestTime + OfNodes(nodesAtOnce) - OfNodes(ExecutionOptions.DefaultNodesAtOnce),
            _ => TimeSpan.Zero,
        };

        TimeSpan OfNodes(int atOnce) => PartitionTime.OfNodes(phase == MigrationPhase.FirstPart, NodesOf(phase).Length, atOnce);
    }

    /// <summary>How much longer the parts are apart where so many Nodes are changed side by side; negative where more are than <see cref="ExecutionOptions.DefaultNodesAtOnce"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="nodesAtOnce"/> is less than 1.</exception>
    public TimeSpan MoreTimeApart(int nodesAtOnce) => TimeOf(MigrationPhase.FirstPart, nodesAtOnce) + TimeOf(MigrationPhase.SecondPart, nodesAtOnce) - TimeApart;

    /// <summary>The Nodes that move in a phase; empty for a phase in which none does.</summary>
    public ImmutableArray<string> NodesOf(MigrationPhase phase) => phase switch
    {
        MigrationPhase.FirstPart => FirstPart,
        MigrationPhase.SecondPart => Rest,
        _ => [],
    };

    /// <summary>Whether Pods of these two Nodes are in different parts, so that they do not reach each other from the first part's move to the end of the other's.</summary>
    public bool Parts(string oneNode, string otherNode) => FirstPart.Contains(oneNode) != FirstPart.Contains(otherNode);
}
