namespace Antrea.Migration.Lab.Nodes;

/// <summary>How fast hollow kubelets are. A real one probes every 10 s and drains for 30 s; a lab is in a hurry.</summary>
internal sealed record KubeletOptions
{
    /// <summary>Between two readiness probes of a container that is not ready, and between retries of ADD and DEL.</summary>
    public TimeSpan RetryInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Between two readiness probes of a ready container.</summary>
    public TimeSpan ProbeInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a terminating Pod goes on serving after the controllers took it out of its Endpoints: as a
    /// <c>preStop</c> sleep does on a real cluster. Not longer than the Pod's grace period.</summary>
    public TimeSpan Drain { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Between two looks whether somebody else has written a status; not hurried, for others count on having that time.</summary>
    public TimeSpan StatusInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Where the API server reaches the Nodes' kubelets, on localhost; null when it calls them in process.</summary>
    public int? Port { get; init; }

    /// <summary>What the Nodes say they run.</summary>
    public string KubernetesVersion { get; init; } = "v1.27.3";

    /// <summary>Waits until every controller has acted on every change so far.</summary>
    public Func<CancellationToken, Task> ControllersSettledAsync { get; init; } = _ => Task.CompletedTask;
}
