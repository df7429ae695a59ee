namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>Why a text is not a Calico selector.</summary>
/// <param name="Column">Where, counted in characters from 1; one past the end for an unfinished selector.</param>
/// <param name="Message">What is wrong there, in one clause.</param>
public sealed record CalicoSelectorError(int Column, string Message)
{
    /// <summary><c>column 3: …</c>.</summary>
    public override string ToString() => $"column {Column}: {Message}";
}
