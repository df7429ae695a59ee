using System.Text.Json.Nodes;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>The cluster under check, with what several rules ask for.</summary>
internal sealed class PreflightContext
{
    private const string CalicoNodeName = "calico-node";

    private readonly Dictionary<WorkloadOwner, RestartRule> _rules;
    private readonly Dictionary<WorkloadOwner, RestartRule> _moves;
    private readonly RestartOrder _order;

    public PreflightContext(ClusterSnapshot snapshot, PreflightOptions options)
    {
        Snapshot = snapshot;
        Options = options;
        CalicoNode = snapshot.OfKind("apps", "DaemonSet")
            .FirstOrDefault(d => d.Name == CalicoNodeName || d.Json.TextAt("spec", "selector", "matchLabels", "k8s-app") == CalicoNodeName);
        CalicoContainer = CalicoNode?.Json.ItemsAt("spec", "template", "spec", "containers")
            .FirstOrDefault(c => c.TextAt("name") == CalicoNodeName);
        PodsOnPodNetwork = [.. snapshot.Pods.Where(p => !p.HostNetwork && !p.HasEnded)];
        PodsByNamespace = PodsOnPodNetwork.ToLookup(p => p.Namespace);
        PodObjects = Index("Pod");
        Services = Index("Service");
        _order = new RestartOrder(snapshot);
        Workloads = [.. _order.Of(PodsOnPodNetwork)];
        var limits = new RestartLimits(options.MaxUnavailable) { InPlace = options.Restart == RestartMode.InPlace };
        _rules = Workloads.ToDictionary(w => w.Owner, w => _order.RuleOf(w, limits));
        _moves = options.MovesAddresses ? Workloads.ToDictionary(w => w.Owner, w => _order.RuleOf(w, limits with { OneByOne = true })) : _rules;
    }

    /// <summary>The cluster.</summary>
    public ClusterSnapshot Snapshot { get; }

    /// <summary>What else there is to know.</summary>
    public PreflightOptions Options { get; }

    /// <summary>The DaemonSet calico-node; null when there is none.</summary>
    public ClusterObject? CalicoNode { get; }

    /// <summary>Its container of that name; null when there is none.</summary>
    public JsonNode? CalicoContainer { get; }

    /// <summary>The Pods that a migration restarts: neither on their Node's network nor ended.</summary>
    public IReadOnlyList<PodInfo> PodsOnPodNetwork { get; }

    /// <summary>The same, by Namespace.</summary>
    public ILookup<string, PodInfo> PodsByNamespace { get; }

    /// <summary>The workloads of <see cref="PodsOnPodNetwork"/>, in the order of restarts.</summary>
    public IReadOnlyList<WorkloadRestart> Workloads { get; }

    /// <summary>The Pods as objects.</summary>
    public IReadOnlyDictionary<(string Namespace, string Name), ClusterObject> PodObjects { get; }

    /// <summary>The Services as objects.</summary>
    public IReadOnlyDictionary<(string Namespace, string Name), ClusterObject> Services { get; }

    /// <summary>The operator's Installation; null when Calico was not installed by it.</summary>
    public ClusterObject? Installation => Snapshot.OfKind("operator.tigera.io", "Installation").OrderBy(i => i.Name == OperatorRules.OverlayName).FirstOrDefault();

    /// <summary>How the workload of a Pod on the Pod network is restarted.</summary>
    public RestartRule RuleOf(PodInfo pod) => _rules[_order.OwnerOf(pod)];

    /// <summary>Whether the Pod may be evicted, when its workload restarts or its address moves: then the API server asks disruption budgets.</summary>
    public bool IsEvicted(PodInfo pod) => RuleOf(pod).Manner == RestartManner.Evict || _moves[_order.OwnerOf(pod)].Manner == RestartManner.Evict;

    /// <summary>Whether disruption budgets are asked before the Pod restarts: by the API server, or by the migration where the Pod stays.</summary>
    public bool AsksBudgets(PodInfo pod) => IsEvicted(pod) || RuleOf(pod).Manner == RestartManner.InPlace;

    /// <summary>The workload's object; null where it has none that is known here.</summary>
    public JsonObject? ObjectOf(WorkloadRestart workload) => _order.ObjectOf(workload.Owner)?.Json;

    /// <summary>Whether the Pod is behind a Service.</summary>
    public bool IsServer(PodInfo pod) => _order.IsServer(pod);

    /// <summary>Calico's objects of a kind, each once, whichever of its two groups shows it.</summary>
    public IEnumerable<ClusterObject> CalicoObjects(string kind)
    {
        var raw = Snapshot.OfKind(CalicoIpamReader.RawGroup, kind).ToList();
        return raw.Count > 0 ? raw : Snapshot.OfKind(CalicoIpamReader.ApiGroup, kind);
    }

    /// <summary>A variable of calico-node's environment, where its value is written down.</summary>
    public string? CalicoVariable(string name) => ContainerFlags.Variable(CalicoContainer, name);

    /// <summary>How findings name a Pod.</summary>
    public static string Subject(PodInfo pod) => $"Pod/{pod}";

    /// <summary>A list of names that stays readable: the first five, then how many more.</summary>
    public static string Some(IEnumerable<string> names)
    {
        var all = names.ToList();
        return all.Count <= 5 ? string.Join(", ", all) : $"{string.Join(", ", all.Take(5))} and {all.Count - 5} more";
    }

    private Dictionary<(string Namespace, string Name), ClusterObject> Index(string kind) =>
        Snapshot.OfKind("", kind).DistinctBy(o => (o.Namespace, o.Name)).ToDictionary(o => (o.Namespace, o.Name));
}
