namespace Antrea.Migration.Routing.Reachability;

/// <summary>What becomes of a new TCP connection.</summary>
public enum ReachabilityVerdict
{
    /// <summary>It is established, every time.</summary>
    Reachable,

    /// <summary>It never is.</summary>
    Unreachable,

    /// <summary>It depends on state that changes by itself: at once, after a second, or not at all.</summary>
    Degraded,
}
