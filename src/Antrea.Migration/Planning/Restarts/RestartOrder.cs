using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>A workload's place in the order of restarts.</summary>
internal enum RestartRank
{
    /// <summary>Everybody asks it for names: early, Pod by Pod, while all can still be helped.</summary>
    ClusterDns,

    /// <summary>The API server asks it, for admission or for an API of its own: it must not be in the way of what comes later.</summary>
    Webhooks,

    /// <summary>Behind a Service. Servers go before clients because a Calico client keeps its address on the way to an Antrea server, and an
    /// Antrea client on the way to a Calico server does not.</summary>
    Servers,

    /// <summary>Nobody asks it.</summary>
    Others,

    /// <summary>Waited for when all others are done.</summary>
    Jobs,
}

/// <summary>A workload to be restarted.</summary>
/// <param name="Owner">The workload.</param>
/// <param name="Pods">Those of its Pods that it is about.</param>
/// <param name="Rank">Its place in the order.</param>
internal sealed record WorkloadRestart(WorkloadOwner Owner, List<PodInfo> Pods, RestartRank Rank)
{
    /// <inheritdoc/>
    public override string ToString() => Owner.ToString();
}

/// <summary>In which order workloads are restarted, and by which rule each.</summary>
internal sealed class RestartOrder
{
    private readonly WorkloadOwners _owners;
    private readonly Dictionary<WorkloadOwner, ClusterObject> _workloads;
    private readonly ILookup<string, LabelSelector> _services;
    private readonly ILookup<string, LabelSelector> _extensions;
    private readonly ILookup<string, (LabelSelector Selector, long? Allowed)> _budgets;

    /// <summary>Looks the cluster over once.</summary>
    public RestartOrder(ClusterSnapshot snapshot)
    {
        _owners = new WorkloadOwners(snapshot);
        _workloads = snapshot.Objects.Where(o => o is { Group: "apps", Kind: "Deployment" or "StatefulSet" or "DaemonSet" })
            .DistinctBy(o => new WorkloadOwner(o.Kind, o.Namespace, o.Name))
            .ToDictionary(o => new WorkloadOwner(o.Kind, o.Namespace, o.Name));
        var services = snapshot.OfKind("", "Service")
            .Select(s => (s.Namespace, s.Name, Selector: LabelSelector.FromService(s.Json.At("spec", "selector"))))
            .Where(s => s.Selector is not null).ToList();
        var extensions = Extensions(snapshot).ToHashSet();
        _services = services.ToLookup(s => s.Namespace, s => s.Selector!);
        _extensions = services.Where(s => extensions.Contains((s.Namespace, s.Name))).ToLookup(s => s.Namespace, s => s.Selector!);
        _budgets = snapshot.OfKind("policy", "PodDisruptionBudget")
            .Select(b => (b.Namespace, Selector: SelectorOf(b), Allowed: b.Json.NumberAt("status", "disruptionsAllowed")))
            .Where(b => b.Selector is not null)
            .ToLookup(b => b.Namespace, b => (b.Selector!, b.Allowed));
    }

    /// <summary>Which Pods a disruption budget is about; null for none.</summary>
    /// <remarks>An empty selector selects every Pod in <c>policy/v1</c>, and none in <c>policy/v1beta1</c>. Source: Kubernetes
    /// <c>pkg/apis/policy/v1beta1/conversion.go</c>.</remarks>
    public static LabelSelector? SelectorOf(ClusterObject budget) =>
        LabelSelector.FromAccepted(budget.Json.At("spec", "selector")) is { } selector && !(selector.Requirements.IsEmpty && budget.ApiVersion == "policy/v1beta1")
            ? selector
            : null;

    /// <summary>The workload of a Pod.</summary>
    public WorkloadOwner OwnerOf(PodInfo pod) => _owners.Of(pod);

    /// <summary>The workloads of <paramref name="pods"/> in the order of restarts; those of <paramref name="others"/> are among them, with or without Pods.</summary>
    public IEnumerable<WorkloadRestart> Of(IEnumerable<PodInfo> pods, IEnumerable<WorkloadOwner>? others = null)
    {
        var byOwner = pods.GroupBy(_owners.Of).ToDictionary(g => g.Key, g => g.ToList());
        foreach (var other in others ?? [])
        {
            byOwner.TryAdd(other, []);
        }

        return byOwner.Select(w => new WorkloadRestart(w.Key, [.. w.Value.OrderBy(p => p.NodeName, StringComparer.Ordinal).ThenBy(p => p.Name, StringComparer.Ordinal)], RankOf(w.Key, w.Value)))
            .OrderBy(w => w.Rank)
            .ThenBy(w => w.Owner.Namespace, StringComparer.Ordinal)
            .ThenBy(w => w.Owner.Name, StringComparer.Ordinal)
            .ThenBy(w => w.Owner.Kind, StringComparer.Ordinal);
    }

    /// <summary>The workload's object; null where it has none, or none that is known here.</summary>
    public ClusterObject? ObjectOf(WorkloadOwner owner) => _workloads.GetValueOrDefault(owner);

    /// <summary>The rule for one of them, as the cluster was.</summary>
    /// <remarks>Kubelet makes no new sandbox for a Pod that does not restart always, or not for sure: such Pods fall under the rule that they have otherwise.</remarks>
    public RestartRule RuleOf(WorkloadRestart workload, RestartLimits limits) => RestartRule.Of(
        workload.Owner,
        ObjectOf(workload.Owner)?.Json,
        workload.Rank,
        BudgetOf(workload.Pods),
        limits with { InPlace = limits.InPlace && workload.Pods.TrueForAll(p => p.RestartPolicy == "Always") });

    /// <summary>How many of these Pods all their budgets let go now; null without budgets.</summary>
    public long? BudgetOf(IReadOnlyCollection<PodInfo> pods) => pods.Count == 0
        ? null
        : _budgets[pods.First().Namespace].Where(b => pods.Any(p => b.Selector.Matches(p.Labels))).Min(b => b.Allowed);

    /// <summary>Whether the Pod is behind a Service.</summary>
    public bool IsServer(PodInfo pod) => _services[pod.Namespace].Any(s => s.Matches(pod.Labels));

    private RestartRank RankOf(WorkloadOwner owner, List<PodInfo> pods) =>
        owner.Kind == "Job" ? RestartRank.Jobs
        : pods.Count == 0 ? RestartRank.Others
        : pods[0].Labels.GetValueOrDefault("k8s-app") == "kube-dns" ? RestartRank.ClusterDns
        : _extensions[pods[0].Namespace].Any(s => s.Matches(pods[0].Labels)) ? RestartRank.Webhooks
        : IsServer(pods[0]) ? RestartRank.Servers
        : RestartRank.Others;

    /// <summary>The Services that the API server itself asks.</summary>
    public static IEnumerable<(string Namespace, string Name)> Extensions(ClusterSnapshot snapshot) =>
        snapshot.Objects.Where(o => o.Group == "admissionregistration.k8s.io").SelectMany(o => o.Json.ItemsAt("webhooks"))
            .Select(w => w.At("clientConfig", "service"))
            .Concat(snapshot.OfKind("apiregistration.k8s.io", "APIService").Select(s => s.Json.At("spec", "service")))
            .Where(s => s is not null)
            .Select(s => (s.TextAt("namespace") ?? "", s.TextAt("name") ?? ""));
}
