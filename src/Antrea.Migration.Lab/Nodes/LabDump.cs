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
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    // A ReplicaSet's or DaemonSet's suffix, a container id, a uid, a time.
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

        foreach (var node in nodes)
        {
            Section(text, $"Files on {node.Name}", node.Files.All().Select(File));
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
        $"{OwnerName(store, pod)} on {pod.Text("spec", "nodeName")}: {pod.Text("status", "phase")}"
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

    private static IEnumerable<string> BlockLines(ObjectStore store, JsonObject json)
    {
        var block = new CalicoBlock(json.Copy());
        yield return $"{block.Cidr} of {block.Node ?? "nobody"}";
        foreach (var (_, attributes) in block.Allocations())
        {
            var secondary = attributes.Object("secondary");
            var pod = secondary.Text("pod") is { } name ? store.Peek(ResourceType.Pod, secondary.Text("namespace") ?? "", name) : null;
            yield return $"{block.Cidr} {secondary.Text("type") ?? (pod is null ? "a Pod that is gone" : OwnerName(store, pod))} on {secondary.Text("node")}";
        }
    }

    private static IEnumerable<string> KernelLines(HostState state)
    {
        foreach (var device in state.Devices)
        {
            yield return $"device {device.Name} {device.Address}/{device.PrefixLength}";
        }

        yield return $"veths {state.Veths.Count}";
        yield return $"Calico {(state.Calico is { } calico ? string.Join(' ', calico.AllPools) : "none")}";
        yield return $"Antrea {(state.Antrea is { } antrea ? string.Join(' ', antrea.PodIPSet) : "none")}";
        yield return $"kube-proxy {state.KubeProxy?.ToString() ?? "none"}";
        yield return $"OVS ports {state.Ovs?.State.Ports.Count.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "none"}";
    }

    private static string File(KeyValuePair<string, string> file)
    {
        // Which address of a range is taken, and by which sandbox, differs from run to run.
        var path = ContainerId.Replace(file.Key, "CONTAINER");
        return path.StartsWith("/var/run/antrea/cni/networks/", StringComparison.Ordinal)
            ? $"{path[..path.LastIndexOf('/')]}/ADDRESS"
            : $"{path}: {ContainerId.Replace(file.Value, "CONTAINER").ReplaceLineEndings("\\n")}";
    }

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
        return Time.Replace(ContainerId.Replace(Sorted(copy)!.ToJsonString(Indented), "CONTAINER"), "TIME");
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
