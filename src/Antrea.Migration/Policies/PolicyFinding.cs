using Antrea.Migration.Findings;

namespace Antrea.Migration.Policies;

/// <summary>Something about one policy that a person must know or judge.</summary>
/// <param name="Code">Stable, kebab case; docs/conversion.md lists all.</param>
/// <param name="Severity"><see cref="Severity.Blocker"/> refuses the policy.</param>
/// <param name="Path">The field, as kubectl writes it: <c>spec.ingress[0].source.notNets</c>.</param>
/// <param name="Message">What was found there.</param>
/// <param name="Remedy">What to do about it.</param>
public sealed record PolicyFinding(string Code, Severity Severity, string Path, string Message, string Remedy)
{
    /// <summary>The same, for a list of findings of all kinds.</summary>
    /// <param name="subject">The object, for example <c>NetworkPolicy/shop/web</c>.</param>
    public Finding ToFinding(string subject) =>
        new(Code, Severity, Path.Length == 0 ? subject : $"{subject} {Path}", Message, Remedy);
}
