namespace Antrea.Migration.Planning;

/// <summary>What a restart does with a Pod.</summary>
public enum RestartMode
{
    /// <summary>The Pod ends and its workload makes another, wherever the scheduler puts it: by rollout or by eviction.</summary>
    Reschedule,

    /// <summary>The Pod stays, with its Node, name and uid; the container runtime ends its sandbox, and kubelet makes another with the network of new Pods. Its
    /// containers start again and its address changes; nothing stands in for it meanwhile.</summary>
    InPlace,
}
