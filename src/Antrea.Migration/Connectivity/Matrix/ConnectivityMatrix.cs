using System.Collections.Immutable;

namespace Antrea.Migration.Connectivity;

/// <summary>Who reached whom when it was tried, beside what was expected.</summary>
/// <param name="Time">When the trial began.</param>
/// <param name="Selection">In words which connections were tried.</param>
/// <param name="Endpoints">Everybody, whether tried or not. Compared by reference in equality.</param>
/// <param name="Cells">One for each connection, in the order they were asked for. Compared by reference in equality.</param>
public sealed record ConnectivityMatrix(
    DateTimeOffset Time, string Selection, ImmutableArray<MatrixEndpoint> Endpoints, ImmutableArray<MatrixCell> Cells)
{
    /// <summary>Whether everything was tried, and nothing is against what was expected.</summary>
    public bool IsAsExpected => Cells.All(c => c.Judgement is MatrixJudgement.AsExpected or MatrixJudgement.NotJudged);

    /// <summary>How many connections are judged so.</summary>
    public int Count(MatrixJudgement judgement) => Cells.Count(c => c.Judgement == judgement);
}

/// <summary>What became of a connection, held against what was expected.</summary>
public enum MatrixJudgement
{
    /// <summary>It was made and should be, or was not and should not.</summary>
    AsExpected,

    /// <summary>It was made and should not be: something is looser than it must be.</summary>
    OpenedAgainstExpectation,

    /// <summary>It was not made and should be: somebody is cut off.</summary>
    ClosedAgainstExpectation,

    /// <summary>It was tried, and nothing was expected.</summary>
    NotJudged,

    /// <summary>It could not be tried.</summary>
    NotTried,
}

/// <summary>One connection: what was expected, and what became of it.</summary>
/// <param name="Pair">Who and whom.</param>
/// <param name="Expectation">What was expected.</param>
/// <param name="Outcome">What became of it; null when it could not be tried.</param>
/// <param name="Trouble">Why it could not be tried; empty when it was.</param>
public sealed record MatrixCell(MatrixPair Pair, MatrixExpectation Expectation, ProbeOutcome? Outcome, string Trouble)
{
    /// <summary>Whether the connection was made; false when it was not, or was not tried.</summary>
    public bool IsOpen => Outcome is { Succeeded: true };

    /// <summary>What became of it against what was expected.</summary>
    public MatrixJudgement Judgement => (Outcome, Expectation.Verdict) switch
    {
        (null, _) => MatrixJudgement.NotTried,
        (_, MatrixVerdict.Unknown) => MatrixJudgement.NotJudged,
        (_, MatrixVerdict.Allow) => IsOpen ? MatrixJudgement.AsExpected : MatrixJudgement.ClosedAgainstExpectation,
        _ => IsOpen ? MatrixJudgement.OpenedAgainstExpectation : MatrixJudgement.AsExpected,
    };

    /// <summary>One sentence for a person: who, whom, what became of it and why it should not.</summary>
    public override string ToString()
    {
        var who = $"{Pair.Source} → {Pair.Destination} TCP {Pair.Port}";
        return Judgement switch
        {
            MatrixJudgement.OpenedAgainstExpectation => $"{who} gets through, but is denied by {Expectation.Because}",
            MatrixJudgement.ClosedAgainstExpectation => $"{who} does not get through ({Outcome!.Cause.ToDisplayName()}: {Outcome.Detail}), but is allowed",
            MatrixJudgement.NotTried => $"{who} was not tried: {Trouble}",
            MatrixJudgement.NotJudged => $"{who} {(IsOpen ? "gets" : "does not get")} through; nothing is expected{(Expectation.Because.Length == 0 ? "" : $": {Expectation.Because}")}",
            _ => $"{who} {(IsOpen ? "gets through" : $"does not get through, as {Expectation.Because} denies it")}",
        };
    }
}
