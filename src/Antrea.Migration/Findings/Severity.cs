namespace Antrea.Migration.Findings;

/// <summary>How much a <see cref="Finding"/> weighs.</summary>
public enum Severity
{
    /// <summary>Worth knowing; needs nothing done.</summary>
    Info,

    /// <summary>The migration can go on; somebody should judge first.</summary>
    Warning,

    /// <summary>The migration must not go on until it is remedied, or ignored by its id on purpose.</summary>
    Blocker,
}
