using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>A hollow Node's object: how it registers, and its condition Ready, which follows the container runtime's network.</summary>
internal static class NodeRegistration
{
    public static void Create(ObjectStore store, LabNode node, KubeletOptions kubelet)
    {
        var isControlPlane = node.Name.EndsWith("-control-plane", StringComparison.Ordinal);
        var labels = new JsonObject
        {
            ["kubernetes.io/hostname"] = node.Name,
            ["kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = "amd64",
        };
        var spec = new JsonObject();
        if (node.PodCidrs is [var first, ..])
        {
            spec["podCIDR"] = first.ToString();
            spec["podCIDRs"] = new JsonArray([.. node.PodCidrs.Select(podCidr => (JsonNode)podCidr.ToString())]);
        }

        if (isControlPlane)
        {
            labels["node-role.kubernetes.io/control-plane"] = "";
            spec["taints"] = new JsonArray(new JsonObject { ["key"] = "node-role.kubernetes.io/control-plane", ["effect"] = "NoSchedule" });
        }

        var quantities = new JsonObject { ["cpu"] = "8", ["memory"] = "16Gi", ["pods"] = "110" };
        var status = new JsonObject
        {
            ["addresses"] = new JsonArray(
            [
                .. node.Addresses.Select(address => (JsonNode)new JsonObject { ["type"] = "InternalIP", ["address"] = address.ToString() }),
                new JsonObject { ["type"] = "Hostname", ["address"] = node.Name },
            ]),
            ["capacity"] = quantities,
            ["allocatable"] = quantities.DeepClone(),
            ["nodeInfo"] = new JsonObject
            {
                ["architecture"] = "amd64",
                ["containerRuntimeVersion"] = "containerd://1.7.1",
                ["kernelVersion"] = "6.1.0-lab",
                ["kubeProxyVersion"] = kubelet.KubernetesVersion,
                ["kubeletVersion"] = kubelet.KubernetesVersion,
                ["machineID"] = "",
                ["operatingSystem"] = "linux",
                ["osImage"] = "Antrea.Migration lab",
                ["systemUUID"] = "",
                ["bootID"] = "",
            },
        };
        if (kubelet.Port is { } port)
        {
            status["addresses"]!.AsArray().Add(new JsonObject { ["type"] = "InternalDNS", ["address"] = "localhost" });
            status["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { ["Port"] = port } };
        }

        SetConditions(store, status, node);
        store.Create(ResourceType.Node, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = node.Name, ["labels"] = labels, ["annotations"] = new JsonObject() },
            ["spec"] = spec,
            ["status"] = status,
        });
    }

    /// <summary>Sets condition Ready from what the runtime has loaded.</summary>
    public static void ReportNetwork(ObjectStore store, LabNode node) => store.Mutate(ResourceType.Node, "", node.Name, json =>
    {
        if (node.IsLost)
        {
            return false;
        }

        SetNetwork(store, json.Ensure("status"), node);
        return true;
    });

    /// <summary>As a kubelet that is back after a while.</summary>
    public static void ReportBack(ObjectStore store, LabNode node) => store.Mutate(ResourceType.Node, "", node.Name, json =>
    {
        SetConditions(store, json.Ensure("status"), node);
        return true;
    });

    /// <summary>What the node lifecycle controller writes of a Node whose kubelet reports no more, and of its Pods.</summary>
    /// <remarks>A real one waits 40 seconds for that, and after five minutes evicts Pods. The lab's does it at once, and evicts nothing.
    /// Source: Kubernetes <c>pkg/controller/nodelifecycle</c>.</remarks>
    public static void ReportLost(ObjectStore store, LabNode node)
    {
        store.Mutate(ResourceType.Node, "", node.Name, json =>
        {
            foreach (var type in json.Items("status", "conditions").Select(c => c.Text("type")!).Where(t => t != "NetworkUnavailable").ToList())
            {
                json.Ensure("status").SetCondition(type, null, "NodeStatusUnknown", "Kubelet stopped posting node status.", store.Now);
            }

            return true;
        });
        foreach (var pod in store.PeekAll(ResourceType.Pod).Where(p => p.Text("spec", "nodeName") == node.Name))
        {
            store.Mutate(ResourceType.Pod, pod.NamespaceOf(), pod.NameOf(), json =>
            {
                json.Ensure("status").SetCondition("Ready", false, null, null, store.Now);
                return true;
            });
        }
    }

    private static void SetConditions(ObjectStore store, JsonObject status, LabNode node)
    {
        foreach (var pressure in (string[])["MemoryPressure", "DiskPressure", "PIDPressure"])
        {
            status.SetCondition(pressure, false, "KubeletHasNo" + pressure, null, store.Now);
        }

        SetNetwork(store, status, node);
    }

    private static void SetNetwork(ObjectStore store, JsonObject status, LabNode node)
    {
        var error = node.Cni.Error;
        status.SetCondition(
            "Ready",
            error is null,
            error is null ? "KubeletReady" : "KubeletNotReady",
            error is null
                ? "kubelet is posting ready status"
                : $"container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: {error}",
            store.Now);
    }
}
