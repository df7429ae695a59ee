using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>The objects that the first calico-node makes: the default pool and the two default settings.</summary>
/// <remarks>Source: Calico v3.26 <c>node/pkg/lifecycle/startup/startup.go</c>.</remarks>
internal static class CalicoDefaults
{
    /// <summary>Makes what is missing.</summary>
    /// <param name="store">The cluster's objects.</param>
    /// <param name="environment">The container's environment.</param>
    /// <param name="version">The image's tag.</param>
    public static void Ensure(IObjectStore store, Func<string, string?> environment, string version)
    {
        EnsurePool(store, environment);
        store.CreateMissing(CniKinds.ClusterInformation, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "default" },
            ["spec"] = new JsonObject
            {
                ["calicoVersion"] = version,
                ["clusterType"] = environment("CLUSTER_TYPE") ?? "k8s,bgp",
                ["datastoreReady"] = true,
            },
        });
        store.CreateMissing(CniKinds.FelixConfiguration, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "default" },
            ["spec"] = new JsonObject
            {
                ["floatingIPs"] = "Disabled",
                ["logSeverityScreen"] = "Info",
                ["reportingInterval"] = "0s",
            },
        });
    }

    private static void EnsurePool(IObjectStore store, Func<string, string?> environment)
    {
        if (environment("NO_DEFAULT_POOLS") == "true" || store.PeekAll(CniKinds.IPPool).Count > 0)
        {
            return;
        }

        var cidr = environment("CALICO_IPV4POOL_CIDR") ?? KubeadmPodSubnet(store) ?? "192.168.0.0/16";
        store.CreateMissing(CniKinds.IPPool, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "default-ipv4-ippool" },
            ["spec"] = new JsonObject
            {
                ["allowedUses"] = new JsonArray("Workload", "Tunnel"),
                ["blockSize"] = int.Parse(environment("CALICO_IPV4POOL_BLOCK_SIZE") ?? "26", CultureInfo.InvariantCulture),
                ["cidr"] = Cidr.Parse(cidr).ToString(),
                ["ipipMode"] = environment("CALICO_IPV4POOL_IPIP") ?? "Always",
                ["natOutgoing"] = true,
                ["nodeSelector"] = "all()",
                ["vxlanMode"] = environment("CALICO_IPV4POOL_VXLAN") ?? "Never",
            },
        });
        if (environment("FELIX_IPV6SUPPORT") != "true")
        {
            return;
        }

        store.CreateMissing(CniKinds.IPPool, new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = "default-ipv6-ippool" },
            ["spec"] = new JsonObject
            {
                ["allowedUses"] = new JsonArray("Workload", "Tunnel"),
                ["blockSize"] = int.Parse(environment("CALICO_IPV6POOL_BLOCK_SIZE") ?? "122", CultureInfo.InvariantCulture),
                ["cidr"] = Cidr.Parse(environment("CALICO_IPV6POOL_CIDR") ?? "fd80:24e2:f998:72d6::/64").ToString(),
                ["ipipMode"] = "Never",
                ["natOutgoing"] = environment("CALICO_IPV6POOL_NAT_OUTGOING") == "true",
                ["nodeSelector"] = "all()",
                ["vxlanMode"] = environment("CALICO_IPV6POOL_VXLAN") ?? "Never",
            },
        });
    }

    private static string? KubeadmPodSubnet(IObjectStore store) =>
        (store.Peek(ResourceType.ConfigMap, "kube-system", "kubeadm-config").Text("data", "ClusterConfiguration") ?? "")
            .Split('\n').Select(l => l.Trim())
            .FirstOrDefault(l => l.StartsWith("podSubnet:", StringComparison.Ordinal))?["podSubnet:".Length..].Split(',')[0].Trim();
}
