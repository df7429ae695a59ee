namespace Antrea.Migration.Planning;

/// <summary>What it takes to undo a step.</summary>
public enum Reversibility
{
    /// <summary>It changes nothing.</summary>
    ReadOnly,

    /// <summary>It can be undone without restarting a Pod.</summary>
    Reversible,

    /// <summary>It can be undone by restarting Pods.</summary>
    ReversibleWithRestarts,

    /// <summary>It cannot be undone.</summary>
    Final,
}
