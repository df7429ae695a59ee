using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Cni;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What Antrea's install-cni container leaves on a Node, before the agent runs.</summary>
/// <remarks>Source: Antrea <c>build/images/scripts/install_cni</c> and <c>antrea-cni.conflist</c>.</remarks>
internal static class AntreaInstall
{
    public const string NetworkName = "antrea";

    private const string ConfigFile = CniRuntime.ConfigDirectory + "/10-antrea.conflist";

    public static void WriteFiles(LabNode node)
    {
        foreach (var binary in (string[])["antrea", "bandwidth", "loopback", "portmap"])
        {
            node.Files.Write($"{CniPlugins.BinDirectory}/{binary}", "");
        }

        node.Files.Write(ConfigFile, Config().ToJsonString());
    }

    private static JsonObject Config() => new()
    {
        ["cniVersion"] = "0.3.0",
        ["name"] = NetworkName,
        ["plugins"] = new JsonArray(
            new JsonObject { ["type"] = "antrea", ["ipam"] = new JsonObject { ["type"] = "host-local" } },
            new JsonObject { ["type"] = "portmap", ["capabilities"] = new JsonObject { ["portMappings"] = true } },
            new JsonObject { ["type"] = "bandwidth", ["capabilities"] = new JsonObject { ["bandwidth"] = true } }),
    };
}
