namespace Antrea.Migration.Clusters;

/// <summary>A workload that people know by name.</summary>
/// <param name="Kind">For example <c>Deployment</c>; <c>Pod</c> for a bare Pod.</param>
/// <param name="Namespace">Its Namespace.</param>
/// <param name="Name">Its name.</param>
internal readonly record struct WorkloadOwner(string Kind, string Namespace, string Name)
{
    /// <summary>Stands for the kind of a static Pod: what the API server has of it is a mirror, owned by its Node.</summary>
    public const string StaticPod = "StaticPod";

    /// <summary><c>Kind/namespace/name</c>.</summary>
    public override string ToString() => $"{Kind}/{Namespace}/{Name}";
}

/// <summary>Tells which workload a Pod belongs to: a ReplicaSet stands for its Deployment, a bare Pod for itself.</summary>
internal sealed class WorkloadOwners
{
    private readonly Dictionary<(string Namespace, string Name), WorkloadOwner> _ofReplicaSets = [];

    /// <summary>Notes the ReplicaSets' owners.</summary>
    public WorkloadOwners(ClusterSnapshot snapshot)
    {
        foreach (var replicaSet in snapshot.OfKind("apps", "ReplicaSet"))
        {
            var owner = replicaSet.Json.ItemsAt("metadata", "ownerReferences").FirstOrDefault(o => o.FlagAt("controller") == true);
            if (owner.TextAt("kind") is { } kind && owner.TextAt("name") is { } name)
            {
                _ofReplicaSets[(replicaSet.Namespace, replicaSet.Name)] = new WorkloadOwner(kind, replicaSet.Namespace, name);
            }
        }
    }

    /// <summary>The workload of a Pod.</summary>
    public WorkloadOwner Of(PodInfo pod) =>
        pod.IsMirror ? new WorkloadOwner(WorkloadOwner.StaticPod, pod.Namespace, pod.Name)
        : pod.Controller is not { } controller ? new WorkloadOwner("Pod", pod.Namespace, pod.Name)
        : controller.Kind == "ReplicaSet" && _ofReplicaSets.TryGetValue((pod.Namespace, controller.Name), out var owner) ? owner
        : new WorkloadOwner(controller.Kind, pod.Namespace, controller.Name);
}
