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
    // Counted as changes come, for a look at all Pods would be one for each Pod.
    private readonly Dictionary<string, (string Node, string Owner)> _placed = [];
    private readonly Dictionary<string, int> _all = [];
    private readonly Dictionary<(string Owner, string Node), int> _siblings = [];
    private readonly HashSet<WorkKey> _waiting = [];

    public IEnumerable<WorkKey> KeysFor(StoreEvent happened)
    {
        if (happened.Resource == ResourceType.Pod)
        {
            Count(happened);
            return _waiting.Contains(WorkKey.Of(happened)) ? [WorkKey.Of(happened)] : [];
        }

        return happened.Resource == ResourceType.Node && happened.Type != StoreEventType.Deleted
            ? [.. _waiting.OrderBy(k => k.Namespace, StringComparer.Ordinal).ThenBy(k => k.Name, StringComparer.Ordinal)]
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

        var owner = pod.ControllerOf().Text("uid") ?? "";
        var chosen = candidates
            .OrderBy(n => owner.Length == 0 ? 0 : _siblings.GetValueOrDefault((owner, n)))
            .ThenBy(n => _all.GetValueOrDefault(n))
            .ThenBy(n => n, StringComparer.Ordinal)
            .First();
        PodBinding.Bind(store, key.Namespace, key.Name, chosen);
        return null;
    }

    private void Count(StoreEvent happened)
    {
        var (pod, isThere) = (happened.Object, happened.Type != StoreEventType.Deleted);
        if (isThere && IsWaiting(pod))
        {
            _waiting.Add(WorkKey.Of(happened));
        }
        else
        {
            _waiting.Remove(WorkKey.Of(happened));
        }

        if (_placed.Remove(pod.UidOf(), out var before))
        {
            _all[before.Node]--;
            _siblings[(before.Owner, before.Node)]--;
        }

        if (isThere && pod.IsActive() && pod.NodeName() is { } node)
        {
            var owner = pod.ControllerOf().Text("uid") ?? "";
            _placed[pod.UidOf()] = (node, owner);
            _all[node] = _all.GetValueOrDefault(node) + 1;
            _siblings[(owner, node)] = _siblings.GetValueOrDefault((owner, node)) + 1;
        }
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
