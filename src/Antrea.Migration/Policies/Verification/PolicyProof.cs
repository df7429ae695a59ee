using System.Collections.Immutable;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>What a comparison of two policy sets came to.</summary>
public enum ProofVerdict
{
    /// <summary>Every class of flows was compared, and all verdicts are the same.</summary>
    Equal,

    /// <summary>A flow is judged differently.</summary>
    Different,

    /// <summary>Something could not be compared, and no difference was found in the rest.</summary>
    NotProven,
}

/// <summary>Whose flows a proof is about.</summary>
public enum ProofScope
{
    /// <summary>The Pods that exist, and all addresses outside.</summary>
    Existing,

    /// <summary>Those, and every Pod that could come, as far as policies can tell: any labels and service account, in every Namespace as it is
    /// labelled now and in new ones.</summary>
    Future,
}

/// <summary>A flow that two policy sets judge differently.</summary>
/// <param name="Traffic">The flow.</param>
/// <param name="Direction">At which end.</param>
/// <param name="Calico">Calico's verdict, with the steps that led to it.</param>
/// <param name="Antrea">Antrea's verdict, with the steps that led to it.</param>
public sealed record PolicyCounterExample(Traffic Traffic, Direction Direction, Verdict Calico, Verdict Antrea)
{
    /// <summary>Whether an end of the flow is a Pod that does not exist yet; its name shows its labels.</summary>
    public bool IsFuture { get; init; }

    /// <summary>One line for a person.</summary>
    public override string ToString() => $"{Traffic} ({Direction}): Calico {Calico}; Antrea {Antrea}";
}

/// <summary>The outcome of a comparison.</summary>
/// <param name="Verdict">The outcome.</param>
/// <param name="ComparedFlows">How many classes of flows were told apart and put to both sides.</param>
/// <param name="Reason">What could not be compared, or not be told of it, in sentences; null when there is nothing.</param>
public sealed record PolicyProof(ProofVerdict Verdict, long ComparedFlows, string? Reason = null)
{
    /// <summary>Whose flows were compared.</summary>
    public ProofScope Scope { get; init; }

    /// <summary>How many Pods were judged, existing and future.</summary>
    public int Pods { get; init; }

    /// <summary>How many of them are future ones.</summary>
    public int FuturePods { get; init; }

    /// <summary>How many kinds of them both sides tell apart, each family and direction by itself.</summary>
    public int SubjectClasses { get; init; }

    /// <summary>How many flows the compared classes stand for: pairs of a Pod's address with another address or stretch of them, by class of services.</summary>
    public long Flows { get; init; }

    /// <summary>The share of those flows and of the ones left out that was left out, 0 to 1; or that of the Namespaces in which not every kind of future Pod
    /// was looked at, if it is larger.</summary>
    public double UnprovenShare { get; init; }

    /// <summary>Where the sides differ, the simplest first: one flow for each kind of Pod and direction, at most
    /// <see cref="PolicyVerifier.MaxCounterExamples"/>. Empty unless <see cref="ProofVerdict.Different"/>.</summary>
    public ImmutableArray<PolicyCounterExample> CounterExamples { get; init; } = [];

    /// <summary>The first of <see cref="CounterExamples"/>; null when there is none.</summary>
    public PolicyCounterExample? CounterExample => CounterExamples.FirstOrDefault();
}
