using System.Collections.Immutable;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>What policies decide about a flow at one of its ends.</summary>
public enum VerdictKind
{
    /// <summary>The flow passes.</summary>
    Allow,

    /// <summary>The flow is stopped, with an answer to the sender or without.</summary>
    Deny,

    /// <summary>Rules of equal rank disagree: the outcome is not defined.</summary>
    Ambiguous,
}

/// <summary>What policies decide at one end of a flow, and by which steps.</summary>
/// <param name="Kind">The decision.</param>
/// <param name="Reasons">The steps, in order; the last one decided.</param>
public sealed record Verdict(VerdictKind Kind, ImmutableArray<string> Reasons)
{
    /// <summary>Whether the sender is told of a denial, where the engine's rules say so (Antrea's Reject).</summary>
    internal bool IsAnswered { get; init; }

    /// <summary>Whether the flow passes for certain.</summary>
    public bool IsAllowed => Kind == VerdictKind.Allow;

    /// <summary>For example <c>tier default / NetworkPolicy shop/web ingress rule 2 → Allow</c>; steps are joined by arrows.</summary>
    public override string ToString() => string.Join(" → ", [.. Reasons, Kind.ToString()]);
}

/// <summary>Decides flows by one set of policies over one set of Pods.</summary>
/// <remarks>Implementations are immutable and safe for use by several threads.</remarks>
public interface IPolicyEvaluator
{
    /// <summary>What the policies of the flow's receiver (<see cref="Direction.Ingress"/>) or sender
    /// (<see cref="Direction.Egress"/>) decide. Allow where that end is no Pod: nothing governs it.</summary>
    Verdict Evaluate(Traffic traffic, Direction direction);
}
