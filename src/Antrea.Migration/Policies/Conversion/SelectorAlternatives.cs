using System.Collections.Immutable;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>A selector on Pods, written out.</summary>
/// <param name="Terms">The alternatives, each once, in the selector's order; none when no Pod can satisfy it. Each is one that Antrea can
/// say, unless the selector is refused: then there are none.</param>
/// <param name="Remarks">What there is to know, each once.</param>
internal sealed record SelectorAlternatives(ImmutableArray<SelectorTerm> Terms, ImmutableArray<(PolicyCode Code, string Message)> Remarks)
{
    /// <summary>Whether Antrea has no equal; a remark says why.</summary>
    public bool IsRefused => Remarks.Any(r => r.Code.Severity == Severity.Blocker);
}
