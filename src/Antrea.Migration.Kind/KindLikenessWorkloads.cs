using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Kind;

/// <summary>The policies and workloads of somebody's cluster, made small enough for a rehearsal.</summary>
internal sealed class KindLikenessWorkloads(KindLikeness likeness, KindLikenessAddresses addresses, string image)
{
    /// <summary>Two show whether a restart leaves one of them.</summary>
    private const int MostReplicas = 2;

    private const int MostPorts = 50;
    private const string PoolAnnotation = "cni.projectcalico.org/ipv4pools";

    private static readonly FrozenSet<string> SystemNamespaces = new[]
    {
        "calico-apiserver", "calico-system", "kube-node-lease", "kube-public", "kube-system", "local-path-storage", "tigera-operator",
    }.ToFrozenSet();

    private static readonly string[] Placement = ["nodeSelector", "tolerations", "terminationGracePeriodSeconds", "serviceAccountName"];

    private static readonly Dictionary<string, string[]> Fields = new()
    {
        ["DaemonSet"] = ["selector", "updateStrategy", "minReadySeconds"],
        ["Deployment"] = ["selector", "strategy", "minReadySeconds"],
        ["StatefulSet"] = ["selector", "updateStrategy", "serviceName", "podManagementPolicy"],
    };

    private readonly ClusterSnapshot _snapshot = likeness.Snapshot;

    /// <summary>The kinds of workloads that are taken over.</summary>
    public static IReadOnlyCollection<string> Kinds => Fields.Keys;

    /// <summary>Whether a Namespace is the cluster's own; a kind cluster has its own things in it.</summary>
    public static bool IsSystem(string @namespace) => SystemNamespaces.Contains(@namespace);

    /// <summary>The workloads that Pods are made of, those of the cluster's own Namespaces left out.</summary>
    public static IEnumerable<ClusterObject> Templates(ClusterSnapshot snapshot) =>
        Fields.Keys.SelectMany(kind => snapshot.OfKind("apps", kind)).Where(o => !IsSystem(o.Namespace));

    /// <summary>Whether a Namespace's label may refuse the containers that stand in.</summary>
    public static bool IsPodSecurity(string label) => label.StartsWith("pod-security.kubernetes.io/", StringComparison.Ordinal);

    /// <summary>Whether its Pods have no address of their own.</summary>
    public static bool IsHostNetwork(ClusterObject workload) => workload.Json.FlagAt("spec", "template", "spec", "hostNetwork") == true;

    /// <summary>Everything, in an order in which it can be made.</summary>
    /// <param name="kinds">The kinds of Calico's API that the cluster has.</param>
    public ImmutableArray<ClusterObject> Objects(IReadOnlySet<string> kinds)
    {
        var workloads = Templates(_snapshot).Where(o => !IsHostNetwork(o)).Select(Workload).ToList();
        List<ClusterObject> rest = [.. ServiceAccounts(), .. Policies(kinds), .. Services(), .. workloads];
        return [.. Namespaces(rest), .. rest];
    }

    /// <summary>Whether a policy cannot be taken over for want of its kind.</summary>
    public IEnumerable<ClusterObject> PoliciesWithout(IReadOnlySet<string> kinds) => CalicoPolicies().Where(o => !kinds.Contains(o.Kind));

    private IEnumerable<ClusterObject> Namespaces(List<ClusterObject> rest)
    {
        var used = rest.Select(o => o.Namespace).Where(n => n.Length > 0 && n != "default" && !IsSystem(n)).ToHashSet();
        var originals = _snapshot.OfKind("", "Namespace").ToDictionary(n => n.Name);
        foreach (var name in used.Append("default").Order(StringComparer.Ordinal))
        {
            var original = originals.GetValueOrDefault(name)?.Json;
            var metadata = new JsonObject { ["name"] = name, ["labels"] = Map(original.MapAt("metadata", "labels").Where(l => !IsPodSecurity(l.Key))) };
            if (original.TextAt("metadata", "annotations", PoolAnnotation) is { } pools)
            {
                metadata["annotations"] = new JsonObject { [PoolAnnotation] = pools };
            }

            yield return Object("v1", "Namespace", metadata);
        }
    }

    /// <summary>Policies select Pods by them.</summary>
    private IEnumerable<ClusterObject> ServiceAccounts()
    {
        var existing = _snapshot.OfKind("", "ServiceAccount").Where(o => !IsSystem(o.Namespace) && o.Name != "default")
            .ToDictionary(o => (o.Namespace, o.Name), o => o.Json);
        foreach (var missing in Templates(_snapshot).Select(o => (o.Namespace, Name: o.Json.TextAt("spec", "template", "spec", "serviceAccountName") ?? "default")))
        {
            existing.TryAdd(missing, []);
        }

        return existing.Where(e => e.Key.Name != "default").OrderBy(e => e.Key).Select(e => Object(
            "v1", "ServiceAccount", new JsonObject { ["name"] = e.Key.Name, ["namespace"] = e.Key.Namespace, ["labels"] = Map(e.Value.MapAt("metadata", "labels")) }));
    }

    private IEnumerable<ClusterObject> Policies(IReadOnlySet<string> kinds) =>
        _snapshot.OfKind("networking.k8s.io", "NetworkPolicy").Where(o => !IsSystem(o.Namespace)).Concat(CalicoPolicies().Where(o => kinds.Contains(o.Kind)))
            .Select(o => Object(o.ApiVersion, o.Kind, Identity(o), (JsonObject?)o.Json["spec"]?.DeepClone()));

    /// <summary>Tiers and sets first: policies refer to them.</summary>
    private IEnumerable<ClusterObject> CalicoPolicies() =>
        ((IEnumerable<string>)["Tier", "GlobalNetworkSet", "NetworkSet", "GlobalNetworkPolicy", "NetworkPolicy"])
            .SelectMany(kind => _snapshot.OfKind(CalicoIpamReader.RawGroup, kind)).Where(o => !IsSystem(o.Namespace));

    private IEnumerable<ClusterObject> Services() =>
        _snapshot.OfKind("", "Service")
            .Where(o => !IsSystem(o.Namespace) && (o.Namespace, o.Name) != ("default", "kubernetes") && o.Json.TextAt("spec", "type") != "ExternalName")
            .Select(o =>
            {
                var spec = Copy(o.Json["spec"], "selector", "publishNotReadyAddresses", "sessionAffinity");
                spec["ports"] = new JsonArray([.. o.Json.ItemsAt("spec", "ports").Select(p => Copy(p, "name", "protocol", "port", "targetPort"))]);
                if (o.Json.TextAt("spec", "clusterIP") is { } address && (address == "None" || IsKept(address)))
                {
                    spec["clusterIP"] = address;
                }

                return Object("v1", "Service", Identity(o), spec);
            });

    private bool IsKept(string address) =>
        likeness.KeepsServiceAddresses && Cidr.TryParse($"{address}/32", out var host) && likeness.ServiceSubnet.Contains(host);

    private ClusterObject Workload(ClusterObject original)
    {
        var spec = Copy(original.Json["spec"], Fields[original.Kind]);
        if (original.Kind != "DaemonSet")
        {
            spec["replicas"] = Math.Min(original.Json.NumberAt("spec", "replicas") ?? 1, MostReplicas);
        }

        var template = original.Json.At("spec", "template");
        var metadata = new JsonObject { ["labels"] = Map(template.MapAt("metadata", "labels")) };
        if (template.TextAt("metadata", "annotations", PoolAnnotation) is { } pools)
        {
            metadata["annotations"] = new JsonObject { [PoolAnnotation] = pools };
        }

        var pod = Copy(template.At("spec"), Placement);
        if (pod["nodeSelector"] is JsonObject selector)
        {
            pod["nodeSelector"] = Map(selector.MapAt().Select(Placed).OfType<KeyValuePair<string, string>>());
        }

        pod["automountServiceAccountToken"] = false;
        pod["containers"] = new JsonArray(Container(template.At("spec")));
        spec["template"] = new JsonObject { ["metadata"] = metadata, ["spec"] = pod };
        return Object(original.ApiVersion, original.Kind, Identity(original), spec);
    }

    /// <summary>What is left of a term by which Pods choose Nodes: null where no Node of the rehearsal has it.</summary>
    private KeyValuePair<string, string>? Placed(KeyValuePair<string, string> term) =>
        term.Key != "kubernetes.io/hostname" ? addresses.HasLabel(term.Key, term.Value) ? term : null
        : addresses.For(term.Value) is { } node ? KeyValuePair.Create(term.Key, node)
        : null;

    /// <summary>One for all of the Pod's containers: their ports, and an answer at those of TCP.</summary>
    private JsonObject Container(JsonNode? pod)
    {
        JsonObject[] ports =
        [
            .. pod.ItemsAt("containers").SelectMany(c => c.ItemsAt("ports")).Select(p => Copy(p, "name", "protocol", "containerPort"))
                .DistinctBy(p => (p.NumberAt("containerPort"), p.TextAt("protocol") ?? "TCP")).Take(MostPorts),
        ];
        HashSet<string> names = [];
        foreach (var port in ports.Where(p => p.TextAt("name") is { } name && !names.Add(name)))
        {
            port.Remove("name");
        }

        var listens = ports.Where(p => (p.TextAt("protocol") ?? "TCP") == "TCP").Select(p => p.NumberAt("containerPort")).OfType<long>()
            .Select(p => string.Create(CultureInfo.InvariantCulture, $"listen {p};"));
        return new JsonObject
        {
            ["name"] = "stand-in",
            ["image"] = image,
            ["imagePullPolicy"] = "IfNotPresent",
            ["command"] = new JsonArray(
                "sh",
                "-c",
                """
                [ $# -gt 0 ] || exec sleep 2147483647
                printf 'user root; events {} http { server { %s } }' "$*" >/tmp/stand-in.conf && exec nginx -c /tmp/stand-in.conf -g 'daemon off;'
                """,
                "stand-in"),
            ["args"] = new JsonArray([.. listens.Select(l => (JsonNode)l)]),
            ["ports"] = new JsonArray([.. ports]),
        };
    }

    private static JsonObject Identity(ClusterObject obj)
    {
        var metadata = new JsonObject { ["name"] = obj.Name, ["labels"] = Map(obj.Json.MapAt("metadata", "labels")) };
        if (obj.Namespace.Length > 0)
        {
            metadata["namespace"] = obj.Namespace;
        }

        return metadata;
    }

    private static JsonObject Copy(JsonNode? from, params ReadOnlySpan<string> fields)
    {
        var copy = new JsonObject();
        foreach (var field in fields)
        {
            if (from.At(field) is { } value)
            {
                copy[field] = value.DeepClone();
            }
        }

        return copy;
    }

    private static JsonObject Map(IEnumerable<KeyValuePair<string, string>> texts) => new(texts.Select(t => KeyValuePair.Create(t.Key, (JsonNode?)t.Value)));

    private static ClusterObject Object(string apiVersion, string kind, JsonObject metadata, JsonObject? spec = null)
    {
        var json = new JsonObject { ["apiVersion"] = apiVersion, ["kind"] = kind, ["metadata"] = metadata };
        if (spec is not null)
        {
            json["spec"] = spec;
        }

        return new ClusterObject(json, "likeness");
    }
}
