using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>A cluster as canonical text: equal text for clusters that differ only in times, ids, random names and the order in which addresses were given.</summary>
internal static class LabDump
{
    private const string HostLocalFiles = "/var/run/antrea/cni/networks/";
    private const string MultusCaches = "/var/lib/cni/multus/";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly Regex ContainerId = new("[0-9a-f]{64}", RegexOptions.CultureInvariant);
    private static readonly Regex Time = new("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z", RegexOptions.CultureInvariant);

    private static readonly string[] VolatileMetadata =
        ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields", "deletionTimestamp"];

    private static readonly string[] VolatileFields =
    [
        "lastTransitionTime", "lastUpdateTime", "lastHeartbeatTime", "lastProbeTime", "startTime", "startedAt", "observedGeneration",
        "renewTime", "acquireTime", "localPodNum",
    ];

    private static readonly ResourceType[] LeftOut =
    [
        ResourceType.Pod, ResourceType.ReplicaSet, ResourceType.Endpoints, ResourceType.EndpointSlice, ResourceType.Event,
        CniKinds.IpamBlock, CniKinds.IpamHandle,
    ];

    public static string Write(ObjectStore store, IEnumerable<LabNode> nodes)
    {
        var text = new StringBuilder();
        Section(text, "Pods", store.PeekAll(ResourceType.Pod).Select(p => PodLine(store, p)));
        Section(text, "Endpoints", store.PeekAll(ResourceType.Endpoints).Select(e =>
            $"{e.NamespaceOf()}/{e.NameOf()}: {e.Items("subsets").Sum(s => s.Items("addresses").Count())} ready"));
        Section(text, "Calico addresses", store.PeekAll(CniKinds.IpamBlock).SelectMany(b => BlockLines(store, b)));
        foreach (var type in store.Types().Where(t => !LeftOut.Contains(t)).OrderBy(t => t.ApiVersion + t.Kind, StringComparer.Ordinal))
        {
            Section(text, $"{type.ApiVersion} {type.Kind}", store.PeekAll(type).Select(Object));
        }

        var all = nodes.ToList();
        Section(text, "Sandboxes of all Nodes", SandboxLines(all));
        foreach (var node in all)
        {
            Section(text, $"Files on {node.Name}", node.Files.All().Where(f => !IsOfSandbox(f.Key)).Select(File));
            Section(text, $"Routes on {node.Name}", node.Host.State.Routing.Routes
                .Where(r => r.Device?.StartsWith("cali", StringComparison.Ordinal) != true)
                .Select(r => NodeVerbs.RoutesJson([r])[0]!.ToJsonString()));
            Section(text, $"Kernel of {node.Name}", KernelLines(node.Host.State));
        }

        return text.ToString();
    }

    private static void Section(StringBuilder text, string title, IEnumerable<string> lines)
    {
        text.Append("# ").Append(title).Append('\n');
        foreach (var line in lines.Order(StringComparer.Ordinal))
        {
            text.Append(line).Append('\n');
        }
    }

    private static string PodLine(ObjectStore store, JsonObject pod) =>
        $"{OwnerName(store, pod)}{PlaceOf(pod)}: {pod.Text("status", "phase")}"
        + $"{(pod.ConditionIsTrue("Ready") ? " ready" : "")}{(pod.IsTerminating() ? " terminating" : "")}"
        + $" {string.Join(',', pod.Items("spec", "containers").Select(c => c.Text("image")))}"
        + $"{(pod.Flag("spec", "hostNetwork") ? " on the host network" : "")}";

    /// <summary>The Pod's name without what is random about it: the name of the workload that owns it.</summary>
    private static string OwnerName(ObjectStore store, JsonObject pod)
    {
        if (pod.ControllerOf() is not { } owner)
        {
            return $"{pod.NamespaceOf()}/{pod.NameOf()}";
        }

        var name = owner.Text("name") ?? "";
        return $"{pod.NamespaceOf()}/"
            + (store.Peek(ResourceType.ReplicaSet, pod.NamespaceOf(), name)?.ControllerOf().Text("name") ?? name);
    }

    /// <summary>The Node, where it is no matter of the scheduler's mood: not for Deployments and StatefulSets.</summary>
    private static string PlaceOf(JsonObject pod) =>
        pod.ControllerOf() is { } owner && owner.Text("kind") != ResourceType.DaemonSet.Kind ? "" : $" on {pod.Text("spec", "nodeName")}";

    private static IEnumerable<string> BlockLines(ObjectStore store, JsonObject json)
    {
        var block = new CalicoBlock(json.Copy());
        yield return $"{block.Cidr} of {block.Node ?? "nobody"}";
        foreach (var (address, attributes) in block.Allocations())
        {
            var secondary = attributes.Object("secondary");
            var pod = secondary.Text("pod") is { } name ? store.Peek(ResourceType.Pod, secondary.Text("namespace") ?? "", name) : null;
            pod = pod.Text("status", "podIP") is { } has && has != address.ToString() ? null : pod; // It has another sandbox by now.
            yield return pod is not null ? $"an address of {OwnerName(store, pod)}{PlaceOf(pod)}"
                : secondary.Text("type") is { } type ? $"{block.Cidr} {type} on {secondary.Text("node")}"
                : "an address of a Pod that is gone";
        }
    }

    /// <summary>What there is per sandbox, counted over all Nodes, as where a Deployment's Pods run is left out.</summary>
    private static IEnumerable<string> SandboxLines(IReadOnlyCollection<LabNode> nodes)
    {
        yield return $"veths {nodes.Sum(n => n.Host.State.Veths.Count)}";
        foreach (var hostPort in nodes.SelectMany(n => n.Host.State.HostPorts).GroupBy(r => $"hostPorts {r.Port}/{r.Protocol} of {r.Network}"))
        {
            yield return $"{hostPort.Key} {hostPort.Count()}";
        }

        yield return $"OVS ports {nodes.Sum(n => n.Host.State.Ovs?.State.Ports.Values.DistinctBy(p => p.Name).Count() ?? 0)}";
        yield return $"Multus caches {nodes.Sum(n => n.Files.Files(MultusCaches.TrimEnd('/')).Count)}";
        yield return $"host-local addresses {nodes.Sum(n => n.Files.Files(HostLocalFiles + "antrea").Count(f => f != "last_reserved_ip.0"))}";
    }

    private static bool IsOfSandbox(string path) =>
        path.StartsWith(HostLocalFiles, StringComparison.Ordinal) || path.StartsWith(MultusCaches, StringComparison.Ordinal);

    private static IEnumerable<string> KernelLines(HostState state)
    {
        foreach (var device in state.Devices)
        {
            yield return $"device {device.Name} {string.Join(' ', device.Addresses.Select(a => $"{a.Address}/{a.PrefixLength}"))}";
        }

        foreach (var rule in state.Routing.Rules)
        {
            yield return $"rule {rule.Priority}: from {rule.From?.ToString() ?? "all"} to {rule.To?.ToString() ?? "all"} lookup {rule.Table}";
        }

        foreach (var label in state.AddressLabels)
        {
            yield return $"address label {label.Label}: {label.Prefix}";
        }

        yield return $"Calico {(state.Calico is { } calico ? string.Join(' ', calico.AllPools) : "none")}";
        yield return $"Antrea {(state.Antrea is { } antrea ? string.Join(' ', antrea.PodIPSet) : "none")}";
        yield return $"kube-proxy {(state.KubeProxy is { } proxy ? $"{proxy.DropsInvalid} {proxy.ClusterCidrOf(false)} {proxy.ClusterCidrOf(true)} {proxy.MasqueradeAll}" : "none")}";
        yield return $"OVS {(state.Ovs is { } ovs ? string.Join(' ', ovs.State.Peers.Select(p => p.PodCidr).Order()) : "none")}";
    }

    private static string File(KeyValuePair<string, string> file) => $"{file.Key}: {file.Value.ReplaceLineEndings("\\n")}";

    private static string Object(JsonObject obj)
    {
        var copy = obj.Copy();
        foreach (var field in VolatileMetadata)
        {
            copy.Ensure("metadata").Remove(field);
        }

        if (obj.Text("kind") is "AntreaAgentInfo" or "AntreaControllerInfo")
        {
            copy.Remove("podRef");
        }

        Scrub(copy);
        // By name first: two that differ in what the caller overlooks still come in the same order.
        return $"{obj.NamespaceOf()}/{obj.NameOf()}: " + Time.Replace(ContainerId.Replace(Sorted(copy)!.ToJsonString(Indented), "CONTAINER"), "TIME");
    }

    private static void Scrub(JsonNode? node)
    {
        if (node is JsonObject obj)
        {
            foreach (var field in VolatileFields)
            {
                obj.Remove(field);
            }

            foreach (var (_, value) in obj)
            {
                Scrub(value);
            }
        }
        else if (node is JsonArray array)
        {
            foreach (var item in array)
            {
                Scrub(item);
            }
        }
    }

    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject obj => new JsonObject(obj.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => KeyValuePair.Create(f.Key, Sorted(f.Value)))),
        JsonArray array => new JsonArray([.. array.Select(Sorted)]),
        _ => node?.DeepClone(),
    };
}
