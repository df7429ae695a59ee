using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>Works out how many Pods each PodDisruptionBudget lets go.</summary>
/// <remarks>An integer minAvailable counts against the Pods that match; a percentage or maxUnavailable against what the Pods'
/// controllers ask for (<c>spec.replicas</c> of the ReplicaSet, its Deployment or the StatefulSet).</remarks>
internal sealed class DisruptionController(ObjectStore store) : IController
{
    public IEnumerable<WorkKey> KeysFor(StoreEvent happened)
    {
        if (happened.Resource == ResourceType.PodDisruptionBudget)
        {
            return [WorkKey.Of(happened)];
        }

        if (happened.Resource == ResourceType.Pod)
        {
            return Budgets(happened.Object.NamespaceOf()).Where(b =>
            {
                var selector = LabelSelector.FromSpec(b.Object("spec", "selector"));
                return selector.Matches(happened.Object) || (happened.Previous is { } before && selector.Matches(before));
            }).Select(KeyOf);
        }

        var scales = happened.Resource == ResourceType.ReplicaSet || happened.Resource == ResourceType.StatefulSet
            || happened.Resource == ResourceType.Deployment;
        return scales && happened.Previous.Number("spec", "replicas") != happened.Object.Number("spec", "replicas")
            ? Budgets(happened.Object.NamespaceOf()).Select(KeyOf)
            : [];
    }

    public TimeSpan? Reconcile(WorkKey key)
    {
        if (store.Peek(key.Type, key.Namespace, key.Name) is not { } budget)
        {
            return null;
        }

        var selector = LabelSelector.FromSpec(budget.Object("spec", "selector"));
        var pods = store.PeekAll(ResourceType.Pod, key.Namespace).Where(p => selector.Matches(p) && !p.HasEnded()).ToList();
        store.Mutate(key.Type, key.Namespace, key.Name, now =>
        {
            var status = now.Ensure("status");
            var leaving = status.Object("disruptedPods") ?? [];
            foreach (var name in leaving.Select(e => e.Key).ToList())
            {
                // An evicted Pod counts as gone until its deletion shows.
                if (pods.Find(p => p.NameOf() == name)?.IsTerminating() != false)
                {
                    leaving.Remove(name);
                }
            }

            if (leaving.Count == 0)
            {
                status.Remove("disruptedPods");
            }

            var healthy = pods.Count(p => p.IsReady() && !p.IsTerminating() && !leaving.ContainsKey(p.NameOf()));
            var (expected, desired) = Wanted(now, pods);
            status["expectedPods"] = expected;
            status["desiredHealthy"] = desired;
            status["currentHealthy"] = healthy;
            status["disruptionsAllowed"] = expected == 0 ? 0 : Math.Max(0, healthy - desired);
            status["observedGeneration"] = now.Number("metadata", "generation");
            var allowed = status.Number("disruptionsAllowed") > 0;
            status.SetCondition("DisruptionAllowed", allowed, allowed ? "SufficientPods" : "InsufficientPods", "", store.Now);
            return true;
        });
        return null;
    }

    private static WorkKey KeyOf(JsonObject budget) => new(ResourceType.PodDisruptionBudget, budget.NamespaceOf(), budget.NameOf());

    private List<JsonObject> Budgets(string @namespace) => store.PeekAll(ResourceType.PodDisruptionBudget, @namespace);

    private (long Expected, long Desired) Wanted(JsonObject budget, List<JsonObject> pods)
    {
        var (least, most) = (budget.At("spec", "minAvailable"), budget.At("spec", "maxUnavailable"));
        if (most is not null)
        {
            var expected = Scale(pods);
            return (expected, Math.Max(0, expected - IntOrPercent.Of(most, expected, roundUp: true)));
        }

        if (least.Number() is { } number)
        {
            return (pods.Count, number);
        }

        var scale = Scale(pods);
        return (scale, IntOrPercent.Of(least, scale, roundUp: true));
    }

    /// <summary>What the Pods' controllers ask for; each counts once, a bare Pod as one.</summary>
    private long Scale(List<JsonObject> pods)
    {
        var seen = new HashSet<string>();
        var total = 0L;
        foreach (var pod in pods)
        {
            var owner = pod.ControllerOf();
            var type = owner.Text("kind") switch
            {
                "ReplicaSet" => ResourceType.ReplicaSet,
                "StatefulSet" => ResourceType.StatefulSet,
                _ => null,
            };
            var workload = type is null ? null : store.Peek(type, pod.NamespaceOf(), owner.Text("name") ?? "");
            if (workload?.ControllerOf() is { } parent && parent.Text("kind") == "Deployment")
            {
                workload = store.Peek(ResourceType.Deployment, pod.NamespaceOf(), parent.Text("name") ?? "") ?? workload;
            }

            if (workload is null)
            {
                total++;
            }
            else if (seen.Add(workload.UidOf()))
            {
                total += workload.Number("spec", "replicas") ?? 0;
            }
        }

        return total;
    }
}
