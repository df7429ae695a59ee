using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>Runs one Pod of a DaemonSet on each Node it fits: RollingUpdate within maxUnavailable or maxSurge, or OnDelete.</summary>
/// <remarks>Pods are made for a Node by node affinity and bound by the scheduler, as in a real cluster. The label
/// <c>controller-revision-hash</c> tells templates apart; there are no ControllerRevisions, so no history to undo.</remarks>
internal sealed class DaemonSetController(ObjectStore store, TimeProvider time) : IController
{
    private const string Hash = "controller-revision-hash";

    /// <summary>Whether the API has refused a Pod of the set at hand.</summary>
    private bool _refused;

    /// <summary>Troubles of a Node that a DaemonSet's Pods stay through, with the effect they tolerate.</summary>
    private static readonly (string Key, string Effect)[] Tolerated =
    [
        ("not-ready", "NoExecute"), ("unreachable", "NoExecute"), ("disk-pressure", "NoSchedule"),
        ("memory-pressure", "NoSchedule"), ("pid-pressure", "NoSchedule"), ("unschedulable", "NoSchedule"),
    ];

    public IEnumerable<WorkKey> KeysFor(StoreEvent happened)
    {
        if (happened.Resource == ResourceType.DaemonSet)
        {
            return [WorkKey.Of(happened)];
        }

        if (happened.Resource == ResourceType.Node)
        {
            return IsHeartbeat(happened)
                ? []
                : store.PeekAll(ResourceType.DaemonSet).Select(s => new WorkKey(ResourceType.DaemonSet, s.NamespaceOf(), s.NameOf()));
        }

        return happened.Resource == ResourceType.Pod && happened.Object.ControllerOf() is { } owner && owner.Text("kind") == "DaemonSet"
            ? [new WorkKey(ResourceType.DaemonSet, happened.Object.NamespaceOf(), owner.Text("name") ?? "")]
            : [];
    }

    public TimeSpan? Reconcile(WorkKey key)
    {
        if (store.Peek(key.Type, key.Namespace, key.Name) is not { } set)
        {
            return null;
        }

        _refused = false;
        var hash = PodTemplates.HashOf(set.At("spec", "template"));
        if (!set.IsTerminating())
        {
            store.Adopt(ResourceType.Pod, set);
        }

        var view = Look(set);
        if (!set.IsTerminating())
        {
            view = Place(set, view, hash) ? Look(set) : view;
            view = set.Text("spec", "updateStrategy", "type") == "RollingUpdate" && Roll(set, view, hash) ? Look(set) : view;
        }

        var again = Publish(set, view, hash);
        return _refused ? ReplicaSetController.TryAgainAfter : again;
    }

    private static bool IsHeartbeat(StoreEvent happened) =>
        happened is { Type: StoreEventType.Modified, Previous: { } before }
        && JsonNode.DeepEquals(before["spec"], happened.Object["spec"])
        && JsonNode.DeepEquals(before.At("metadata", "labels"), happened.Object.At("metadata", "labels"))
        && before.ConditionIsTrue("Ready") == happened.Object.ConditionIsTrue("Ready")
        && before.ConditionIsTrue("NetworkUnavailable") == happened.Object.ConditionIsTrue("NetworkUnavailable");

    /// <summary>The Pods' spec before it is tied to a Node: what decides which Nodes they fit.</summary>
    private static JsonObject SpecOf(JsonObject set)
    {
        var spec = set.Object("spec", "template", "spec").Copy() ?? [];
        var tolerations = spec["tolerations"] as JsonArray ?? [];
        spec["tolerations"] = new JsonArray([.. tolerations.Select(t => t?.DeepClone()), .. Tolerated
            .Concat(spec.Flag("hostNetwork") ? [("network-unavailable", "NoSchedule")] : [])
            .Select(t => (JsonNode)new JsonObject { ["key"] = "node.kubernetes.io/" + t.Item1, ["operator"] = "Exists", ["effect"] = t.Item2 })]);
        return spec;
    }

    private static JsonObject NewPod(JsonObject set, string node, string hash)
    {
        var pod = PodTemplates.NewPod(set, Hash, hash);
        pod["metadata"]!["labels"]!["pod-template-generation"] =
            (set.Number("metadata", "generation") ?? 1).ToString(CultureInfo.InvariantCulture);
        var spec = SpecOf(set);
        var affinity = spec.Ensure("affinity").Ensure("nodeAffinity").Ensure("requiredDuringSchedulingIgnoredDuringExecution");
        var terms = affinity.Items("nodeSelectorTerms").ToList();
        affinity["nodeSelectorTerms"] = new JsonArray([.. (terms.Count == 0 ? [[]] : terms).Select(term =>
        {
            var narrowed = term.Copy();
            narrowed["matchFields"] = new JsonArray(new JsonObject
            {
                ["key"] = "metadata.name",
                ["operator"] = "In",
                ["values"] = new JsonArray(node),
            });
            return (JsonNode)narrowed;
        })]);
        pod["spec"] = spec;
        return pod;
    }

    /// <summary>The Node a Pod is on or is meant for.</summary>
    private static string NodeOf(JsonObject pod) => pod.NodeName()
        ?? pod.Items("spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
            .SelectMany(term => term.Items("matchFields"))
            .SelectMany(field => field.Texts("values"))
            .FirstOrDefault() ?? "";

    private static (long Unavailable, long Surge) Limits(JsonObject set, int nodes)
    {
        var rolling = set.Object("spec", "updateStrategy", "rollingUpdate");
        var surge = IntOrPercent.Of(rolling.At("maxSurge"), nodes, roundUp: true);
        var unavailable = IntOrPercent.Of(rolling.At("maxUnavailable"), nodes, roundUp: true, missing: 1);
        return surge == 0 && unavailable == 0 ? (1, 0) : (unavailable, surge);
    }

    private View Look(JsonObject set)
    {
        var spec = SpecOf(set);
        return new View(
            spec,
            store.PodsOf(set).GroupBy(NodeOf).ToDictionary(g => g.Key, g => g.ToList()),
            [.. store.PeekAll(ResourceType.Node).Select(n => (n, n.NameOf(), NodeFit.Objection(spec, n) is null))]);
    }

    private bool IsAvailable(JsonObject set, JsonObject pod) =>
        pod.IsActive() && pod.UntilAvailable(set.Number("spec", "minReadySeconds") ?? 0, time.GetUtcNow()) == TimeSpan.Zero;

    /// <summary>Makes missing Pods and takes away those that have ended, are too many or have no business there.</summary>
    /// <returns>Whether anything was to be done.</returns>
    private bool Place(JsonObject set, View view, string hash)
    {
        var isChanged = false;
        foreach (var (node, name, mayRun) in view.Nodes)
        {
            var here = view.On(name);
            if (here.Count == 0)
            {
                if (mayRun)
                {
                    _refused |= store.Make(set, NewPod(set, name, hash)) is not null;
                    isChanged = true;
                }

                continue;
            }

            var mayStay = mayRun || (NodeFit.MatchesSelectors(view.Spec, node) && NodeFit.UntoleratedTaint(view.Spec, node, "NoExecute") is null);
            var running = here.Where(p => p.IsActive()).ToList();
            foreach (var pod in here.Where(p => p.HasEnded() || !mayStay))
            {
                Stop(pod);
            }

            // While surging, an old and a new Pod are there at once; more than one of a kind is one too many.
            foreach (var extra in running.GroupBy(p => p.Text("metadata", "labels", Hash) == hash)
                .SelectMany(g => g.OrderBy(p => p.Text("metadata", "creationTimestamp"), StringComparer.Ordinal).Skip(1)))
            {
                Stop(extra);
            }
        }

        var names = view.Nodes.Select(n => n.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var stray in view.Pods.Where(p => !names.Contains(p.Key)).SelectMany(p => p.Value))
        {
            Stop(stray); // its Node is gone
        }

        return isChanged;

        void Stop(JsonObject pod)
        {
            store.Stop(pod);
            isChanged = true;
        }
    }

    /// <returns>Whether anything was to be done.</returns>
    private bool Roll(JsonObject set, View view, string hash)
    {
        var isChanged = false;
        var nodes = view.Nodes.Where(n => n.MayRun).Select(n => n.Name).ToList();
        var (maxUnavailable, maxSurge) = Limits(set, nodes.Count);
        var (unavailable, surging) = (0L, 0L);
        var broken = new List<(JsonObject Pod, string Node)>();
        var good = new List<(JsonObject Pod, string Node)>();
        foreach (var node in nodes)
        {
            var here = view.On(node);
            var old = here.Find(p => p.IsActive() && p.Text("metadata", "labels", Hash) != hash);
            var fresh = here.Find(p => p.IsActive() && p.Text("metadata", "labels", Hash) == hash);
            var works = here.Exists(p => IsAvailable(set, p));
            unavailable += works ? 0 : 1;
            switch (old, fresh)
            {
                case ({ }, { }) when IsAvailable(set, fresh):
                    store.Stop(old);
                    isChanged = true;
                    break;
                case ({ }, { }):
                    surging++;
                    break;
                case ({ }, null) when here.Count == 1:
                    (works ? good : broken).Add((old, node));
                    break;
            }
        }

        if (maxSurge > 0)
        {
            foreach (var (_, node) in broken.Concat(good).Take((int)Math.Max(0, maxSurge - surging)))
            {
                _refused |= store.Make(set, NewPod(set, node, hash)) is not null;
                isChanged = true;
            }

            return isChanged;
        }

        foreach (var (pod, _) in broken.Concat(good.Take((int)Math.Max(0, maxUnavailable - unavailable))))
        {
            store.Stop(pod);
            isChanged = true;
        }

        return isChanged;
    }

    private TimeSpan? Publish(JsonObject set, View view, string hash)
    {
        var (desired, current, misscheduled, ready, available, updated) = (0, 0, 0, 0, 0, 0);
        TimeSpan? again = null;
        foreach (var (_, name, mayRun) in view.Nodes)
        {
            var here = view.On(name);
            var active = here.Where(p => p.IsActive()).ToList();
            if (!mayRun)
            {
                misscheduled += here.Count > 0 ? 1 : 0;
                continue;
            }

            desired++;
            current += here.Count > 0 ? 1 : 0;
            ready += active.Exists(p => p.IsReady()) ? 1 : 0;
            available += active.Exists(p => IsAvailable(set, p)) ? 1 : 0;
            updated += active.Exists(p => p.Text("metadata", "labels", Hash) == hash) ? 1 : 0;
            var waits = active.Select(p => p.UntilAvailable(set.Number("spec", "minReadySeconds") ?? 0, time.GetUtcNow())).Where(w => w > TimeSpan.Zero).Min();
            again = waits is { } wait && (again is null || wait < again) ? wait : again;
        }

        store.Mutate(ResourceType.DaemonSet, set.NamespaceOf(), set.NameOf(), now =>
        {
            var status = now.Ensure("status");
            status["observedGeneration"] = set.Number("metadata", "generation");
            status["desiredNumberScheduled"] = desired;
            status["currentNumberScheduled"] = current;
            status["numberMisscheduled"] = misscheduled;
            status["numberReady"] = ready;
            status["numberAvailable"] = available;
            status["numberUnavailable"] = desired - available;
            status["updatedNumberScheduled"] = updated;
            return true;
        });
        return again;
    }

    /// <summary>What there is at one look. What others change meanwhile brings another.</summary>
    /// <param name="Spec">What the Pods ask of a Node.</param>
    /// <param name="Pods">By the Node that they are on or meant for.</param>
    /// <param name="Nodes">All of them, with whether one may run there.</param>
    private sealed record View(JsonObject Spec, Dictionary<string, List<JsonObject>> Pods, List<(JsonObject Node, string Name, bool MayRun)> Nodes)
    {
        public List<JsonObject> On(string node) => Pods.GetValueOrDefault(node, []);
    }
}
