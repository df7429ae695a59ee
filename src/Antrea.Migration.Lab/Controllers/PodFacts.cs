using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>What controllers ask about Pods.</summary>
internal static class PodFacts
{
    /// <summary>Whether condition Ready is True.</summary>
    public static bool IsReady(this JsonObject pod) => pod.ConditionIsTrue("Ready");

    /// <summary>Whether the Pod has ended.</summary>
    public static bool HasEnded(this JsonObject pod) => pod.Text("status", "phase") is "Succeeded" or "Failed";

    /// <summary>Whether the Pod counts for its owner: neither ended nor marked for deletion.</summary>
    public static bool IsActive(this JsonObject pod) => !pod.HasEnded() && !pod.IsTerminating();

    /// <summary>The Node's name; null while there is none.</summary>
    public static string? NodeName(this JsonObject pod) => pod.Text("spec", "nodeName") is { Length: > 0 } name ? name : null;

    /// <summary>How long until a Pod counts as available: zero when it does, null when it is not even ready.</summary>
    public static TimeSpan? UntilAvailable(this JsonObject pod, long minReadySeconds, DateTimeOffset now)
    {
        if (!pod.IsReady())
        {
            return null;
        }

        if (minReadySeconds <= 0
            || !DateTimeOffset.TryParse(
                pod.Condition("Ready").Text("lastTransitionTime"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since))
        {
            return TimeSpan.Zero;
        }

        var left = since.AddSeconds(minReadySeconds) - now;
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }

    /// <summary>Deletes a Pod as its owner does: with its own grace period.</summary>
    public static void Stop(this ObjectStore store, JsonObject pod) => store.MarkForDeletion(
        ResourceType.Pod, pod.NamespaceOf(), pod.NameOf(), DeleteHandler.GraceOf(ResourceType.Pod, pod, null));

    /// <summary>Makes a workload's Pod, where the API lets it; if not, an Event of the workload says so.</summary>
    /// <returns>Why the API refuses; null when the Pod is there.</returns>
    public static string? Make(this ObjectStore store, JsonObject owner, JsonObject pod)
    {
        try
        {
            store.Create(ResourceType.Pod, pod);
            return null;
        }
        catch (StoreConflictException e) when (e.Reason == "Forbidden")
        {
            LabEvents.FailedCreate(store, owner, e.Message);
            return e.Message;
        }
    }

    /// <summary>Sets condition ReplicaFailure of a status while Pods are refused.</summary>
    /// <param name="status">Of a ReplicaSet or Deployment.</param>
    /// <param name="refusal">The API's words; null takes the condition away.</param>
    /// <param name="now">The time.</param>
    /// <remarks>As long as it fails, the first message stays. Source: Kubernetes <c>pkg/controller/replicaset/replica_set_utils.go</c> SetCondition.</remarks>
    public static void SetOrClearFailure(this JsonObject status, string? refusal, string now)
    {
        var failure = status.Items("conditions").FirstOrDefault(c => c.Text("type") == "ReplicaFailure");
        if (refusal is null && failure is not null)
        {
            status["conditions"]!.AsArray().Remove(failure);
            if (status["conditions"]!.AsArray().Count == 0)
            {
                status.Remove("conditions");
            }
        }
        else if (refusal is not null && failure is null)
        {
            status.SetCondition("ReplicaFailure", true, "FailedCreate", refusal, now);
        }
    }

    /// <summary>The Pods that a workload controls.</summary>
    public static List<JsonObject> PodsOf(this ObjectStore store, JsonObject owner) =>
        store.OwnedBy(ResourceType.Pod, owner);

    /// <summary>Makes a workload the controller of those objects that its selector matches and that have none.</summary>
    public static void Adopt(this ObjectStore store, ResourceType type, JsonObject owner)
    {
        var selector = LabelSelector.FromSpec(owner.Object("spec", "selector"));
        foreach (var orphan in store.PeekAll(type, owner.NamespaceOf())
            .Where(o => o.ControllerOf() is null && !o.IsTerminating() && selector.Matches(o)))
        {
            store.Mutate(type, orphan.NamespaceOf(), orphan.NameOf(), now =>
            {
                var others = now.Items("metadata", "ownerReferences").Select(r => (JsonNode)r.Copy());
                now["metadata"]!["ownerReferences"] = new JsonArray([.. others, PodTemplates.OwnerReference(owner)]);
                return true;
            });
        }
    }

    /// <summary>The objects of a kind that an object controls.</summary>
    public static List<JsonObject> OwnedBy(this ObjectStore store, ResourceType type, JsonObject owner)
    {
        var uid = owner.UidOf();
        return [.. store.PeekAll(type, owner.NamespaceOf()).Where(o => o.ControllerOf().Text("uid") == uid)];
    }
}

/// <summary>Numbers as workload strategies give them: <c>1</c> or <c>"25%"</c>.</summary>
internal static class IntOrPercent
{
    /// <summary>The number, a percentage being one of <paramref name="total"/>.</summary>
    public static long Of(JsonNode? value, long total, bool roundUp, long missing = 0)
    {
        if (value.Number() is { } number)
        {
            return number;
        }

        if (value.Text() is { } text && text.EndsWith('%')
            && long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var percent))
        {
            return roundUp ? ((total * percent) + 99) / 100 : total * percent / 100;
        }

        return missing;
    }
}
