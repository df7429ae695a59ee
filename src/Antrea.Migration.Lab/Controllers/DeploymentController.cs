using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>Rolls a Deployment's ReplicaSets towards its template: RollingUpdate within maxSurge (rounded up) and
/// maxUnavailable (rounded down), or Recreate; paused ones are only scaled.</summary>
/// <remarks>Of <c>pkg/controller/deployment</c> left out: proportional scaling in the middle of a rollout (the new
/// ReplicaSet takes the difference), and <c>progressDeadlineSeconds</c> (a stuck rollout stays Progressing). Stricter than
/// it: the new ReplicaSet grows when the old one's Pods are on their way out, not already when it was told to shrink.</remarks>
internal sealed class DeploymentController(ObjectStore store) : IController
{
    private const string Hash = "pod-template-hash";
    private const string Revision = "deployment.kubernetes.io/revision";

    public IEnumerable<WorkKey> KeysFor(StoreEvent happened)
    {
        var obj = happened.Object;
        if (happened.Resource == ResourceType.Deployment)
        {
            return [WorkKey.Of(happened)];
        }

        if (happened.Resource == ResourceType.Pod && happened.Type == StoreEventType.Deleted
            && obj.ControllerOf() is { } parent && parent.Text("kind") == "ReplicaSet"
            && store.Peek(ResourceType.ReplicaSet, obj.NamespaceOf(), parent.Text("name") ?? "") is { } set)
        {
            obj = set; // Recreate waits for Pods to be gone
        }
        else if (happened.Resource != ResourceType.ReplicaSet)
        {
            return [];
        }

        return obj.ControllerOf() is { } owner && owner.Text("kind") == "Deployment"
            ? [new WorkKey(ResourceType.Deployment, obj.NamespaceOf(), owner.Text("name") ?? "")]
            : [];
    }

    public TimeSpan? Reconcile(WorkKey key)
    {
        if (store.Peek(key.Type, key.Namespace, key.Name) is not { } deployment)
        {
            return null;
        }

        if (!deployment.IsTerminating())
        {
            store.Adopt(ResourceType.ReplicaSet, deployment);
            var hash = PodTemplates.HashOf(deployment.At("spec", "template"));
            var old = SetsOf(deployment);
            var current = old.Find(s => s.Text("metadata", "labels", Hash) == hash);
            old.Remove(current!);
            if (deployment.Flag("spec", "paused"))
            {
                ScalePaused(deployment, current is null ? old : [current, .. old]);
            }
            else if (deployment.Text("spec", "strategy", "type") == "Recreate")
            {
                Recreate(deployment, current, old, hash);
            }
            else
            {
                Roll(deployment, current ?? NewSet(deployment, hash, 0, old), old);
            }
        }

        Publish(deployment);
        return null;
    }

    private static long Replicas(JsonObject obj) => obj.Number("spec", "replicas") ?? 0;

    private static long Available(JsonObject set) => set.Number("status", "availableReplicas") ?? 0;

    private static long RevisionOf(JsonObject set) =>
        long.TryParse(set.Text("metadata", "annotations", Revision), NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : 0;

    /// <summary>The ReplicaSets, oldest first.</summary>
    private List<JsonObject> SetsOf(JsonObject deployment) =>
        [.. store.OwnedBy(ResourceType.ReplicaSet, deployment).OrderBy(RevisionOf).ThenBy(s => s.NameOf(), StringComparer.Ordinal)];

    private void ScalePaused(JsonObject deployment, List<JsonObject> sets)
    {
        if (sets.Where(s => Replicas(s) > 0).ToList() is [var active])
        {
            SetReplicas(active, Replicas(deployment));
        }
    }

    private void Recreate(JsonObject deployment, JsonObject? current, List<JsonObject> old, string hash)
    {
        foreach (var set in old)
        {
            SetReplicas(set, 0);
        }

        if (old.Exists(s => store.PodsOf(s).Exists(p => !p.HasEnded())))
        {
            return;
        }

        current ??= NewSet(deployment, hash, 0, old);
        SetReplicas(current, Replicas(deployment));
        Finish(deployment, current, old);
    }

    private void Roll(JsonObject deployment, JsonObject current, List<JsonObject> old)
    {
        var wanted = Replicas(deployment);
        var rolling = deployment.Object("spec", "strategy", "rollingUpdate");
        var surge = IntOrPercent.Of(rolling.At("maxSurge"), wanted, roundUp: true);
        var unavailable = Math.Min(wanted, IntOrPercent.Of(rolling.At("maxUnavailable"), wanted, roundUp: false));
        if (surge == 0 && unavailable == 0)
        {
            unavailable = 1;
        }

        var total = Replicas(current) + old.Sum(Replicas);
        var occupied = Replicas(current) + old.Sum(s => Math.Max(Replicas(s), s.Number("status", "replicas") ?? 0));
        var target = Replicas(current) >= wanted
            ? wanted
            : Math.Min(wanted, Replicas(current) + Math.Max(0, wanted + surge - occupied));
        if (target != Replicas(current))
        {
            SetReplicas(current, target);
            if (target > Replicas(current))
            {
                return; // old Pods go when new ones are there
            }
        }

        var least = wanted - unavailable;
        var spare = total - least - (target - Math.Min(target, Available(current)));
        foreach (var set in old.Where(s => Replicas(s) > 0))
        {
            // Pods that are no use anyway go first, and cost nothing.
            var unhealthy = Math.Min(Math.Max(0, spare), Replicas(set) - Math.Min(Replicas(set), Available(set)));
            spare -= unhealthy;
            SetReplicas(set, Replicas(set) - unhealthy);
        }

        var healthy = Available(current) + old.Sum(Available) - least;
        foreach (var set in SetsOf(deployment).Where(s => s.UidOf() != current.UidOf() && Replicas(s) > 0))
        {
            var fewer = Math.Min(Replicas(set), Math.Max(0, Math.Min(healthy, spare)));
            (healthy, spare) = (healthy - fewer, spare - fewer);
            SetReplicas(set, Replicas(set) - fewer);
        }

        Finish(deployment, current, old);
    }

    private JsonObject NewSet(JsonObject deployment, string hash, long replicas, List<JsonObject> old)
    {
        var template = deployment.Object("spec", "template").Copy() ?? [];
        template.Ensure("metadata").Ensure("labels")[Hash] = hash;
        var selector = deployment.Object("spec", "selector").Copy() ?? [];
        selector.Ensure("matchLabels")[Hash] = hash;
        return store.Create(ResourceType.ReplicaSet, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = $"{deployment.NameOf()}-{hash}",
                ["namespace"] = deployment.NamespaceOf(),
                ["labels"] = template.Object("metadata", "labels").Copy(),
                ["annotations"] = new JsonObject { [Revision] = NextRevision(old) },
                ["ownerReferences"] = new JsonArray(PodTemplates.OwnerReference(deployment)),
            },
            ["spec"] = new JsonObject
            {
                ["replicas"] = replicas,
                ["minReadySeconds"] = deployment.Number("spec", "minReadySeconds") ?? 0,
                ["selector"] = selector,
                ["template"] = template,
            },
        });
    }

    private static string NextRevision(List<JsonObject> old) =>
        (old.Select(RevisionOf).DefaultIfEmpty(0).Max() + 1).ToString(CultureInfo.InvariantCulture);

    /// <summary>Moves a rolled-back-to ReplicaSet to the newest revision and forgets those beyond the history limit.</summary>
    private void Finish(JsonObject deployment, JsonObject current, List<JsonObject> old)
    {
        if (old.Exists(s => RevisionOf(s) >= RevisionOf(current)))
        {
            store.Mutate(ResourceType.ReplicaSet, current.NamespaceOf(), current.NameOf(), set =>
            {
                set.Ensure("metadata").Ensure("annotations")[Revision] = NextRevision(old);
                return true;
            });
        }

        var idle = SetsOf(deployment).Where(s => s.UidOf() != current.UidOf() && Replicas(s) == 0 && (s.Number("status", "replicas") ?? 0) == 0).ToList();
        foreach (var set in idle.SkipLast((int)(deployment.Number("spec", "revisionHistoryLimit") ?? 10)))
        {
            store.MarkForDeletion(ResourceType.ReplicaSet, set.NamespaceOf(), set.NameOf(), 0);
        }
    }

    private void SetReplicas(JsonObject set, long replicas) =>
        store.Mutate(ResourceType.ReplicaSet, set.NamespaceOf(), set.NameOf(), now =>
        {
            now.Ensure("spec")["replicas"] = replicas;
            return true;
        });

    private void Publish(JsonObject deployment)
    {
        var hash = PodTemplates.HashOf(deployment.At("spec", "template"));
        var sets = SetsOf(deployment);
        var current = sets.Find(s => s.Text("metadata", "labels", Hash) == hash);
        long Sum(string field) => sets.Sum(s => s.Number("status", field) ?? 0);
        var (wanted, total, ready, available) = (Replicas(deployment), Sum("replicas"), Sum("readyReplicas"), Sum("availableReplicas"));
        var updated = current.Number("status", "replicas") ?? 0;
        var rolling = deployment.Object("spec", "strategy", "rollingUpdate");
        var unavailable = rolling is null ? 0 : IntOrPercent.Of(rolling["maxUnavailable"], wanted, roundUp: false);
        store.Mutate(ResourceType.Deployment, deployment.NamespaceOf(), deployment.NameOf(), now =>
        {
            var status = now.Ensure("status");
            status["observedGeneration"] = deployment.Number("metadata", "generation");
            status["replicas"] = total;
            status["updatedReplicas"] = updated;
            status["readyReplicas"] = ready;
            status["availableReplicas"] = available;
            status["unavailableReplicas"] = Math.Max(0, total - available);
            var enough = available >= wanted - unavailable;
            status.SetCondition(
                "Available", enough, enough ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                enough ? "Deployment has minimum availability." : "Deployment does not have minimum availability.", store.Now);
            var (reason, message) = (now.Flag("spec", "paused"), current) switch
            {
                (true, _) => ("DeploymentPaused", "Deployment is paused"),
                (_, { } set) when updated == wanted && total == wanted && available >= wanted =>
                    ("NewReplicaSetAvailable", $"ReplicaSet \"{set.NameOf()}\" has successfully progressed."),
                (_, { } set) => ("ReplicaSetUpdated", $"ReplicaSet \"{set.NameOf()}\" is progressing."),
                _ => ("FoundNewReplicaSet", "Waiting for the old Pods to go."),
            };
            status.SetCondition("Progressing", true, reason, message, store.Now);
            status.SetOrClearFailure(
                sets.OrderBy(s => s == current ? 0 : 1).SelectMany(s => s.Items("status", "conditions")).FirstOrDefault(c => c.Text("type") == "ReplicaFailure").Text("message"), store.Now);
            if (current is not null && RevisionOf(current) > 0)
            {
                now.Ensure("metadata").Ensure("annotations")[Revision] = current.Text("metadata", "annotations", Revision);
            }

            return true;
        });
    }
}
