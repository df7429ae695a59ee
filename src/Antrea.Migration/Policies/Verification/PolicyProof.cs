using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>What a comparison of two policy sets came to.</summary>
public enum ProofVerdict
{
    /// <summary>Every class of flows was compared, and all verdicts are the same.</summary>
    Equal,

    /// <summary>A flow is judged differently.</summary>
    Different,

    /// <summary>Something could not be compared.</summary>
    NotProven,
}

/// <summary>A flow that two policy sets judge differently.</summary>
/// <param name="Traffic">The flow.</param>
/// <param name="Direction">At which end.</param>
/// <param name="Calico">Calico's verdict, with the steps that led to it.</param>
/// <param name="Antrea">Antrea's verdict, with the steps that led to it.</param>
public sealed record PolicyCounterExample(Traffic Traffic, Direction Direction, Verdict Calico, Verdict Antrea)
{
    /// <summary>One line for a person.</summary>
    public override string ToString() => $"{Traffic} ({Direction}): Calico {Calico}; Antrea {Antrea}";
}

/// <summary>The outcome of a comparison.</summary>
/// <param name="Verdict">The outcome.</param>
/// <param name="ComparedFlows">How many flows were put to both sides; each stands for its class.</param>
/// <param name="CounterExample">Where they differ; null unless <see cref="ProofVerdict.Different"/>.</param>
/// <param name="Reason">What could not be compared; null unless <see cref="ProofVerdict.NotProven"/>.</param>
public sealed record PolicyProof(
    ProofVerdict Verdict, long ComparedFlows, PolicyCounterExample? CounterExample = null, string? Reason = null);
