using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>Keeps as many Pods of a ReplicaSet as it asks for.</summary>
internal sealed class ReplicaSetController(ObjectStore store, TimeProvider time) : IController
{
    /// <summary>How soon Pods that the API refuses are tried again; a real controller waits longer each time.</summary>
    public static readonly TimeSpan TryAgainAfter = TimeSpan.FromMilliseconds(500);

    public IEnumerable<WorkKey> KeysFor(StoreEvent happened)
    {
        if (happened.Resource == ResourceType.ReplicaSet)
        {
            return [WorkKey.Of(happened)];
        }

        return happened.Resource == ResourceType.Pod && happened.Object.ControllerOf() is { } owner && owner.Text("kind") == "ReplicaSet"
            ? [new WorkKey(ResourceType.ReplicaSet, happened.Object.NamespaceOf(), owner.Text("name") ?? "")]
            : [];
    }

    public TimeSpan? Reconcile(WorkKey key)
    {
        if (store.Peek(key.Type, key.Namespace, key.Name) is not { } set)
        {
            return null;
        }

        string? refusal = null;
        if (!set.IsTerminating())
        {
            store.Adopt(ResourceType.Pod, set);
            refusal = Scale(set, [.. store.PodsOf(set).Where(p => p.IsActive())]);
        }

        var active = store.PodsOf(set).Where(p => p.IsActive()).ToList();
        var waits = active.Select(p => p.UntilAvailable(set.Number("spec", "minReadySeconds") ?? 0, time.GetUtcNow())).ToList();
        store.Mutate(key.Type, key.Namespace, key.Name, now =>
        {
            var status = now.Ensure("status");
            status["replicas"] = active.Count;
            status["fullyLabeledReplicas"] = active.Count;
            status["readyReplicas"] = active.Count(p => p.IsReady());
            status["availableReplicas"] = waits.Count(w => w == TimeSpan.Zero);
            status["observedGeneration"] = set.Number("metadata", "generation");
            status.SetOrClearFailure(refusal, store.Now);
            return true;
        });
        return refusal is null ? waits.Where(w => w > TimeSpan.Zero).Min() : TryAgainAfter;
    }

    /// <returns>Why not all Pods could be made.</returns>
    private string? Scale(JsonObject set, List<JsonObject> active)
    {
        var missing = (set.Number("spec", "replicas") ?? 1) - active.Count;
        for (; missing > 0; missing--)
        {
            var hash = set.Text("metadata", "labels", "pod-template-hash");
            if (store.Make(set, PodTemplates.NewPod(set, "pod-template-hash", hash ?? PodTemplates.HashOf(set.At("spec", "template")))) is { } refusal)
            {
                return refusal;
            }
        }

        var surplus = active
            .OrderBy(p => p.NodeName() is null ? 0 : 1)
            .ThenBy(p => p.Text("status", "phase") == "Running" ? 1 : 0)
            .ThenBy(p => p.IsReady() ? 1 : 0)
            .ThenByDescending(p => p.Text("metadata", "creationTimestamp"), StringComparer.Ordinal)
            .ThenByDescending(p => p.NameOf(), StringComparer.Ordinal)
            .Take((int)-Math.Min(missing, 0));
        foreach (var pod in surplus.ToList())
        {
            store.Stop(pod);
        }

        return null;
    }
}
