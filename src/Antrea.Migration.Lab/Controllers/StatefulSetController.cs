using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>Runs a StatefulSet's numbered Pods: one after the other (OrderedReady) or at once (Parallel), updated from the
/// highest number down to the partition (RollingUpdate) or not at all (OnDelete).</summary>
/// <remarks>Volume claims are not made, and there are no ControllerRevisions, so no history to undo.</remarks>
internal sealed class StatefulSetController(ObjectStore store, TimeProvider time) : IController
{
    private const string Hash = "controller-revision-hash";

    /// <summary>Whether the API has refused a Pod of the set at hand.</summary>
    private bool _refused;

    public IEnumerable<WorkKey> KeysFor(StoreEvent happened)
    {
        if (happened.Resource == ResourceType.StatefulSet)
        {
            return [WorkKey.Of(happened)];
        }

        return happened.Resource == ResourceType.Pod && happened.Object.ControllerOf() is { } owner && owner.Text("kind") == "StatefulSet"
            ? [new WorkKey(ResourceType.StatefulSet, happened.Object.NamespaceOf(), owner.Text("name") ?? "")]
            : [];
    }

    public TimeSpan? Reconcile(WorkKey key)
    {
        if (store.Peek(key.Type, key.Namespace, key.Name) is not { } set)
        {
            return null;
        }

        _refused = false;
        var revision = $"{set.NameOf()}-{PodTemplates.HashOf(set.At("spec", "template"))}";
        if (!set.IsTerminating())
        {
            store.Adopt(ResourceType.Pod, set);
        }

        if (!set.IsTerminating() && Place(set, revision) && set.Text("spec", "updateStrategy", "type") == "RollingUpdate")
        {
            Roll(set, revision);
        }

        var again = Publish(set, revision);
        return _refused ? ReplicaSetController.TryAgainAfter : again;
    }

    private static int NumberOf(JsonObject pod) =>
        int.TryParse(pod.NameOf()[(pod.NameOf().LastIndexOf('-') + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : -1;

    private static bool IsCurrent(JsonObject pod, string revision) => pod.Text("metadata", "labels", Hash) == revision;

    private TimeSpan? UntilAvailable(JsonObject set, JsonObject pod) =>
        pod.IsActive() ? pod.UntilAvailable(set.Number("spec", "minReadySeconds") ?? 0, time.GetUtcNow()) : null;

    /// <summary>Makes missing Pods and takes surplus ones away. False while it has to wait for one of them.</summary>
    private bool Place(JsonObject set, string revision)
    {
        var ordered = set.Text("spec", "podManagementPolicy") != "Parallel";
        var replicas = (int)(set.Number("spec", "replicas") ?? 1);
        var pods = store.PodsOf(set).ToDictionary(NumberOf);
        var complete = true;
        for (var number = 0; number < replicas; number++)
        {
            if (!pods.TryGetValue(number, out var pod))
            {
                _refused |= store.Make(set, NewPod(set, number, revision)) is not null;
            }
            else if (pod.HasEnded() && !pod.IsTerminating())
            {
                store.Stop(pod);
            }
            else if (UntilAvailable(set, pod) == TimeSpan.Zero)
            {
                continue;
            }

            complete = false;
            if (ordered)
            {
                return false;
            }
        }

        foreach (var surplus in pods.Values.Where(p => NumberOf(p) >= replicas).OrderByDescending(NumberOf).ToList())
        {
            complete = false;
            if (!surplus.IsTerminating())
            {
                store.Stop(surplus);
            }

            if (ordered)
            {
                return false;
            }
        }

        return complete;
    }

    /// <summary>Stops the highest outdated Pod; called when all Pods are available, so one at a time.</summary>
    private void Roll(JsonObject set, string revision)
    {
        var partition = set.Number("spec", "updateStrategy", "rollingUpdate", "partition") ?? 0;
        var outdated = store.PodsOf(set).Where(p => NumberOf(p) >= partition && !IsCurrent(p, revision)).MaxBy(NumberOf);
        if (outdated is { } pod && !pod.IsTerminating())
        {
            store.Stop(pod);
        }
    }

    private static JsonObject NewPod(JsonObject set, int number, string revision)
    {
        var pod = PodTemplates.NewPod(set, Hash, revision);
        var name = string.Create(CultureInfo.InvariantCulture, $"{set.NameOf()}-{number}");
        var metadata = pod.Ensure("metadata");
        metadata["name"] = name;
        metadata["labels"]!["statefulset.kubernetes.io/pod-name"] = name;
        metadata["labels"]!["apps.kubernetes.io/pod-index"] = number.ToString(CultureInfo.InvariantCulture);
        var spec = pod.Ensure("spec");
        spec["hostname"] = name;
        spec["subdomain"] = set.Text("spec", "serviceName");
        return pod;
    }

    private TimeSpan? Publish(JsonObject set, string revision)
    {
        var pods = store.PodsOf(set);
        var waits = pods.Select(p => UntilAvailable(set, p)).ToList();
        var updated = pods.Count(p => IsCurrent(p, revision));
        store.Mutate(ResourceType.StatefulSet, set.NamespaceOf(), set.NameOf(), now =>
        {
            var status = now.Ensure("status");
            status["observedGeneration"] = set.Number("metadata", "generation");
            status["replicas"] = pods.Count;
            status["readyReplicas"] = pods.Count(p => p.IsReady());
            status["availableReplicas"] = waits.Count(w => w == TimeSpan.Zero);
            status["updatedReplicas"] = updated;
            status["updateRevision"] = revision;
            if (status["currentRevision"] is null || (updated == pods.Count && pods.Count == (set.Number("spec", "replicas") ?? 1)))
            {
                status["currentRevision"] = revision;
            }

            status["currentReplicas"] = pods.Count(p => p.Text("metadata", "labels", Hash) == status.Text("currentRevision"));
            return true;
        });
        return waits.Where(w => w > TimeSpan.Zero).Min();
    }
}
