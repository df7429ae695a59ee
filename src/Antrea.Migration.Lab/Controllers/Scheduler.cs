using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>Gives each Pod a Node: of those it may run on, the one with the fewest Pods of the same controller, then with the
/// fewest Pods, then the first by name.</summary>
/// <remarks>Resources, priorities, preferences and volumes are not looked at. A Pod whose placement depends on something this
/// scheduler does not know (required Pod affinity or anti-affinity, hard topology spread) stays Pending and says so.</remarks>
internal sealed class Scheduler(ObjectStore store) : IController
{
    public IEnumerable<WorkKey> KeysFor(StoreEvent happened)
    {
        if (happened.Resource == ResourceType.Pod && happened.Type != StoreEventType.Deleted)
        {
            return IsWaiting(happened.Object) ? [WorkKey.Of(happened)] : [];
        }

        return happened.Resource == ResourceType.Node && happened.Type != StoreEventType.Deleted
            ? store.PeekAll(ResourceType.Pod).Where(IsWaiting).Select(p => new WorkKey(ResourceType.Pod, p.NamespaceOf(), p.NameOf()))
            : [];
    }

    public TimeSpan? Reconcile(WorkKey key)
    {
        if (store.Peek(key.Type, key.Namespace, key.Name) is not { } pod || !IsWaiting(pod))
        {
            return null;
        }

        var spec = pod.Object("spec") ?? [];
        if (Unsupported(spec) is { } unsupported)
        {
            Refuse(key, unsupported);
            return null;
        }

        var nodes = store.PeekAll(ResourceType.Node);
        var objections = nodes.Select(node => (Node: node.NameOf(), Why: NodeFit.Objection(spec, node))).ToList();
        var candidates = objections.Where(o => o.Why is null).Select(o => o.Node).ToList();
        if (candidates.Count == 0)
        {
            Refuse(key, Explain(objections.Select(o => o.Why ?? "")));
            return null;
        }

        var owner = pod.ControllerOf().Text("uid");
        var all = new Dictionary<string, int>();
        var siblings = new Dictionary<string, int>();
        foreach (var other in store.PeekAll(ResourceType.Pod).Where(p => p.IsActive() && p.NodeName() is not null))
        {
            var node = other.NodeName()!;
            all[node] = all.GetValueOrDefault(node) + 1;
            if (owner is not null && other.ControllerOf().Text("uid") == owner)
            {
                siblings[node] = siblings.GetValueOrDefault(node) + 1;
            }
        }

        var chosen = candidates
            .OrderBy(n => siblings.GetValueOrDefault(n))
            .ThenBy(n => all.GetValueOrDefault(n))
            .ThenBy(n => n, StringComparer.Ordinal)
            .First();
        PodBinding.Bind(store, key.Namespace, key.Name, chosen);
        return null;
    }

    private static bool IsWaiting(JsonObject pod) =>
        pod.NodeName() is null && pod.IsActive() && (pod.Text("spec", "schedulerName") is null or "" or "default-scheduler");

    private static string? Unsupported(JsonObject spec)
    {
        const string required = "requiredDuringSchedulingIgnoredDuringExecution";
        foreach (var kind in (string[])["podAffinity", "podAntiAffinity"])
        {
            if (spec.At("affinity", kind, required) is JsonArray { Count: > 0 })
            {
                return $"the lab's scheduler does not know spec.affinity.{kind}.{required}";
            }
        }

        return spec.Items("topologySpreadConstraints").Any(c => c.Text("whenUnsatisfiable") != "ScheduleAnyway")
            ? "the lab's scheduler does not know spec.topologySpreadConstraints with whenUnsatisfiable DoNotSchedule"
            : null;
    }

    private static string Explain(IEnumerable<string> objections)
    {
        var all = objections.ToList();
        var reasons = all.GroupBy(o => o).OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Count()} {g.Key}"));
        return string.Create(CultureInfo.InvariantCulture, $"0/{all.Count} nodes are available: {string.Join(", ", reasons)}.");
    }

    private void Refuse(WorkKey key, string message) => store.Mutate(key.Type, key.Namespace, key.Name, pod =>
    {
        pod.Ensure("status").SetCondition("PodScheduled", false, "Unschedulable", message, store.Now);
        return true;
    });
}
