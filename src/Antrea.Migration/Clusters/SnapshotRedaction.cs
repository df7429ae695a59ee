using System.Text.Json.Nodes;

namespace Antrea.Migration.Clusters;

/// <summary>Leaves out of an object what no analysis looks at and nobody should find in a saved snapshot.</summary>
/// <remarks>
/// <para><b>Everything:</b> managedFields, selfLink and <c>kubectl.kubernetes.io/last-applied-configuration</c>.</para>
/// <para><b>Pods and whatever makes Pods:</b> only the fields listed here are kept. Environment values, commands,
/// arguments, probes, container states and most annotations are dropped; of the control plane's flags and of calico-node's
/// variables those that describe the network stay.</para>
/// <para><b>ConfigMaps:</b> only those that describe the network, and of those only the keys that do. <b>Webhooks and
/// APIServices:</b> without their CA bundles. <b>ServiceAccounts:</b> without the names of their Secrets. <b>Volumes:</b> only
/// whether they are bound to a Node. <b>Nodes:</b> without their list of images.</para>
/// </remarks>
internal static class SnapshotRedaction
{
    private const string LastApplied = "kubectl.kubernetes.io/last-applied-configuration";

    private static readonly string[] PodAnnotationPrefixes =
        ["cni.projectcalico.org/", "k8s.v1.cni.cncf.io/", "v1.multus-cni.io/", "kubernetes.io/config.", "kubectl.kubernetes.io/restartedAt"];

    private static readonly string[] PodSpecFields =
    [
        "nodeName", "hostNetwork", "restartPolicy", "serviceAccountName", "terminationGracePeriodSeconds", "priorityClassName",
        "nodeSelector", "tolerations",
    ];

    private static readonly string[] PodStatusFields = ["phase", "podIP", "podIPs", "hostIP", "conditions"];

    private static readonly string[] NetworkFlags =
        ["--service-cluster-ip-range", "--cluster-cidr", "--allocate-node-cidrs", "--node-cidr-mask-size", "--proxy-mode"];

    private static readonly string[] NetworkVariables =
    [
        "IP", "IP6", "IP_AUTODETECTION_METHOD", "IP6_AUTODETECTION_METHOD", "DATASTORE_TYPE", "ETCD_ENDPOINTS", "CLUSTER_TYPE",
        "CALICO_NETWORKING_BACKEND", "CALICO_IPV4POOL_CIDR", "CALICO_IPV4POOL_BLOCK_SIZE", "CALICO_IPV4POOL_IPIP", "CALICO_IPV4POOL_VXLAN",
        "FELIX_BPFENABLED", "FELIX_IPV6SUPPORT", "FELIX_DEFAULTENDPOINTTOHOSTACTION", "FELIX_VXLANPORT", "FELIX_WIREGUARDENABLED",
    ];

    private static readonly Dictionary<string, string[]> ConfigMapKeys = new(StringComparer.Ordinal)
    {
        ["kubeadm-config"] = ["ClusterConfiguration"],
        ["kube-proxy"] = ["config.conf"],
        ["calico-config"] = ["calico_backend", "veth_mtu", "typha_service_name", "cni_network_config"],
    };

    private static readonly string[] AntreaConfigKeys = ["antrea-agent.conf", "antrea-controller.conf", "antrea-cni.conflist"];

    /// <summary>A copy of the object as it is saved, apiVersion, kind and metadata first; null for one that is not saved at all.</summary>
    public static JsonObject? Redact(ClusterObject obj)
    {
        if (obj is { Group: "", Kind: "Secret" } || (obj is { Group: "", Kind: "ConfigMap" } && !WantedKind.IsWantedConfigMap(obj.Name)))
        {
            return null;
        }

        var copy = new JsonObject
        {
            ["apiVersion"] = obj.ApiVersion,
            ["kind"] = obj.Kind,
            ["metadata"] = Metadata(obj.Json["metadata"] as JsonObject ?? []),
        };
        foreach (var (key, value) in obj.Json)
        {
            if (!copy.ContainsKey(key))
            {
                copy[key] = value?.DeepClone();
            }
        }

        RedactKind(obj, copy);
        return copy;
    }

    private static void RedactKind(ClusterObject obj, JsonObject copy)
    {
        switch (obj.Group, obj.Kind)
        {
            case ("", "Pod"):
                RedactPod(copy);
                Keep(copy, "apiVersion", "kind", "metadata", "spec", "status");
                Keep(copy["status"], PodStatusFields);
                break;
            case ("apps" or "batch", _) or ("", "ReplicationController"):
                KeepPodAnnotations(copy);
                foreach (var template in new[] { copy.At("spec", "template"), copy.At("spec", "jobTemplate", "spec", "template") })
                {
                    if (template is JsonObject pod)
                    {
                        RedactPod(pod);
                    }
                }

                Remove(copy, "spec", "volumeClaimTemplates");
                break;
            case ("", "ConfigMap"):
                Keep(copy["data"], ConfigMapKeys.GetValueOrDefault(obj.Name, AntreaConfigKeys));
                copy.Remove("binaryData");
                break;
            case ("", "ServiceAccount"):
                copy.Remove("secrets");
                copy.Remove("imagePullSecrets");
                break;
            case ("", "PersistentVolume"):
                Keep(copy["spec"], "local", "hostPath", "claimRef", "storageClassName", "nodeAffinity");
                break;
            case ("", "Node"):
                Remove(copy, "status", "images");
                break;
            case ("admissionregistration.k8s.io", _):
                foreach (var webhook in copy.ItemsAt("webhooks"))
                {
                    Remove(webhook, "clientConfig", "caBundle");
                }

                break;
            case ("apiregistration.k8s.io", _):
                Remove(copy, "spec", "caBundle");
                break;
        }
    }

    private static JsonObject Metadata(JsonObject metadata)
    {
        var copy = (JsonObject)metadata.DeepClone();
        copy.Remove("managedFields");
        copy.Remove("selfLink");
        if (copy["annotations"] is JsonObject annotations)
        {
            annotations.Remove(LastApplied);
            if (annotations.Count == 0)
            {
                copy.Remove("annotations");
            }
        }

        return copy;
    }

    /// <summary>Redacts a Pod or a Pod template.</summary>
    private static void RedactPod(JsonObject pod)
    {
        KeepPodAnnotations(pod);
        if (pod["spec"] is not JsonObject spec)
        {
            return;
        }

        foreach (var list in new[] { "initContainers", "containers" })
        {
            foreach (var container in spec.ItemsAt(list).OfType<JsonObject>())
            {
                RedactContainer(container);
            }
        }

        foreach (var volume in spec.ItemsAt("volumes").OfType<JsonObject>())
        {
            Keep(volume, "name", "hostPath", "persistentVolumeClaim", "emptyDir");
        }

        Keep(spec, [.. PodSpecFields, "initContainers", "containers", "volumes"]);
    }

    private static void RedactContainer(JsonObject container)
    {
        var flags = NetworkFlags
            .SelectMany(f => ContainerFlags.ValuesOf(container, f).Select(v => JsonValue.Create($"{f}={v}")))
            .ToArray<JsonNode?>();
        var variables = container.ItemsAt("env")
            .Where(e => NetworkVariables.Contains(e.TextAt("name")))
            .Select(e => e!.DeepClone())
            .ToArray();
        Keep(container, "name", "image", "ports");
        if (flags.Length > 0)
        {
            container["command"] = new JsonArray(flags);
        }

        if (variables.Length > 0 && container.TextAt("name") == "calico-node")
        {
            container["env"] = new JsonArray(variables);
        }
    }

    private static void KeepPodAnnotations(JsonObject obj)
    {
        if (obj.At("metadata", "annotations") is JsonObject annotations)
        {
            Keep(annotations, [.. annotations.Select(a => a.Key).Where(k => PodAnnotationPrefixes.Any(p => k.StartsWith(p, StringComparison.Ordinal)))]);
        }
    }

    private static void Keep(JsonNode? node, params IReadOnlyCollection<string> fields)
    {
        if (node is JsonObject obj)
        {
            foreach (var key in obj.Select(p => p.Key).Where(k => !fields.Contains(k)).ToList())
            {
                obj.Remove(key);
            }
        }
    }

    private static void Remove(JsonNode? node, string parent, string field) => (node.At(parent) as JsonObject)?.Remove(field);
}
