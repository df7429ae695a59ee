using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Cni;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What Calico's install-cni container leaves on a Node.</summary>
/// <remarks>Source: Calico v3.26 <c>manifests/calico.yaml</c> and <c>cni-plugin/pkg/install/install.go</c>.</remarks>
internal static class CalicoInstall
{
    private const string ConfigFile = CniRuntime.ConfigDirectory + "/10-calico.conflist";
    private const string Kubeconfig = CniRuntime.ConfigDirectory + "/calico-kubeconfig";

    public static void WriteFiles(LabNode node, bool hasIPv4, bool hasIPv6)
    {
        foreach (var binary in (string[])["bandwidth", "calico", "calico-ipam", "flannel", "host-local", "loopback", "portmap", "tuning"])
        {
            node.Files.Write($"{CniPlugins.BinDirectory}/{binary}", "");
        }

        node.Files.Write(Kubeconfig, "# a kubeconfig with a token of the calico-cni-plugin service account\n");
        node.Files.Write("/var/lib/calico/nodename", node.Name);
        node.Files.Write("/var/lib/calico/mtu", "1480");
        node.Files.Write(CniRuntime.ConfigDirectory + "/calico.conf.tmp", Config(node.Name, hasIPv4, hasIPv6).ToJsonString());
        node.Files.Move(CniRuntime.ConfigDirectory + "/calico.conf.tmp", ConfigFile);
    }

    private static JsonObject Config(string node, bool hasIPv4, bool hasIPv6) => new()
    {
        ["name"] = "k8s-pod-network",
        ["cniVersion"] = "0.3.1",
        ["plugins"] = new JsonArray(
            new JsonObject
            {
                ["type"] = "calico",
                ["log_level"] = "info",
                ["log_file_path"] = "/var/log/calico/cni/cni.log",
                ["datastore_type"] = "kubernetes",
                ["nodename"] = node,
                ["mtu"] = 1480,
                ["ipam"] = hasIPv6
                    ? new JsonObject { ["type"] = "calico-ipam", ["assign_ipv4"] = hasIPv4 ? "true" : "false", ["assign_ipv6"] = "true" }
                    : new JsonObject { ["type"] = "calico-ipam" },
                ["policy"] = new JsonObject { ["type"] = "k8s" },
                ["kubernetes"] = new JsonObject { ["kubeconfig"] = Kubeconfig },
            },
            new JsonObject
            {
                ["type"] = "portmap",
                ["snat"] = true,
                ["capabilities"] = new JsonObject { ["portMappings"] = true },
            },
            new JsonObject { ["type"] = "bandwidth", ["capabilities"] = new JsonObject { ["bandwidth"] = true } }),
    };
}
