using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.StandIns.Multus;

/// <summary>The thin Multus Pod: copies the plugin and, when told to, generates <c>00-multus.conf</c>; then it sleeps.</summary>
/// <remarks>Source: multus-cni v4.2 <c>cmd/install_multus</c>, <c>cmd/thin_entrypoint</c>.</remarks>
internal static class MultusInstaller
{
    public static int InstallBinary()
    {
        HostFiles.InstallPlugin("multus");
        return 0;
    }

    public static int GenerateConfig(string[] arguments)
    {
        var directory = Argument(arguments, "--cni-conf-dir") ?? HostFiles.ConfigDirectory;
        var config = Argument(arguments, "--multus-conf-file") ?? "auto";
        if (config == "auto")
        {
            Generate(arguments, directory);
        }
        else
        {
            HostFiles.Write($"{directory}/{Path.GetFileName(config)}", File.ReadAllText(config));
        }

        return Idle.Run();
    }

    private static void Generate(string[] arguments, string directory)
    {
        var master = Argument(arguments, "--multus-master-cni-file-name")
            ?? Directory.GetFiles(directory).Select(Path.GetFileName).OfType<string>()
                .Where(f => Path.GetExtension(f) is ".conf" or ".conflist" && !f.StartsWith("00-multus.conf", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal).FirstOrDefault()
            ?? throw new StandInException($"failed to find the cluster master CNI plugin: no file in {directory}");
        var first = JsonNode.Parse(File.ReadAllText($"{directory}/{master}"));
        var generated = new JsonObject
        {
            ["cniVersion"] = first.Text("cniVersion") ?? "0.3.1",
            ["name"] = "multus-cni-network",
            ["type"] = "multus",
            ["capabilities"] = new JsonObject { ["portMappings"] = true },
            ["delegates"] = new JsonArray(first),
        };
        HostFiles.Write($"{directory}/00-multus.conf", generated.ToJsonString());
    }

    private static string? Argument(string[] arguments, string name) =>
        arguments.FirstOrDefault(a => a.StartsWith(name + "=", StringComparison.Ordinal))?[(name.Length + 1)..];
}
