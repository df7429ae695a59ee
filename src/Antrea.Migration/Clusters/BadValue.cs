using Antrea.Migration.Findings;

namespace Antrea.Migration.Clusters;

/// <summary>A value in an object that cannot be understood.</summary>
/// <param name="Object">The object.</param>
/// <param name="Field">The field's path.</param>
/// <param name="Message">What is wrong with the value, as a clause.</param>
/// <param name="Severity">How much leaving it out weighs when the object came from a live cluster: a
/// <see cref="Severity.Blocker"/> where an address in use or a range would be overlooked.</param>
internal sealed record BadValue(ClusterObject Object, string Field, string Message, Severity Severity)
{
    /// <summary>As a finding, for a live cluster.</summary>
    public Finding ToFinding() => new(
        ReadFindingIds.ValueUnreadable,
        Severity,
        Object.ToString(),
        $"The field '{Field}' was left out: {Message}.",
        Severity == Severity.Blocker
            ? "Correct the object, then read the cluster again; addresses in use could be overlooked otherwise."
            : "Correct the object, or judge whether the value matters.");

    /// <summary>As an error, for files.</summary>
    public InputError ToError() => InputError.In(Object, Message, Field);
}
