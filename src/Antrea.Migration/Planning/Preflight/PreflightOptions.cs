using System.Collections.Immutable;

namespace Antrea.Migration.Planning;

/// <summary>What a preflight should know besides the cluster.</summary>
public sealed record PreflightOptions
{
    /// <summary>The Antrea version that is to be installed, for example <c>v2.7.0</c>; empty when it is not known yet, which is a
    /// finding of its own.</summary>
    public string AntreaVersion { get; init; } = "";

    /// <summary>Ids of findings that the operator has judged: their blockers become notes. Empty by default.</summary>
    public ImmutableArray<string> IgnoredFindings { get; init; } = [];
}
