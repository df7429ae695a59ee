using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>The thin Multus Pod: drops the plugin's binary and kubeconfig and, when told to, generates <c>00-multus.conf</c>.</summary>
/// <remarks>With <c>--multus-conf-file=auto</c> the master is the file named by <c>--multus-master-cni-file-name</c>, else the
/// first other one, which next to Antrea is not Calico's. Everything stays when the Pod ends; a new Pod generates again.
/// Source: multus-cni v4 <c>cmd/thin_entrypoint/main.go</c>.</remarks>
internal sealed class MultusProgram(ContainerContext context) : NodeProgram(context)
{
    private const string ConfigFile = CniRuntime.ConfigDirectory + "/00-multus.conf";
    private const string Kubeconfig = CniRuntime.ConfigDirectory + "/multus.d/multus.kubeconfig";

    public override void Start()
    {
        if (Context.Tag.EndsWith("-thick", StringComparison.Ordinal))
        {
            throw new CniException("the lab has the thin Multus only, not the thick one");
        }

        Node.Files.Write($"{CniPlugins.BinDirectory}/multus", "");
        Node.Files.Write(Kubeconfig, "# a kubeconfig with a token of the multus service account\n");
        if (Context.Argument("--multus-conf-file") == "auto")
        {
            Generate();
        }
    }

    private void Generate()
    {
        var master = Context.Argument("--multus-master-cni-file-name") ?? Node.Files.Files(CniRuntime.ConfigDirectory)
            .FirstOrDefault(f => (f.EndsWith(".conf", StringComparison.Ordinal) || f.EndsWith(".conflist", StringComparison.Ordinal))
                && !f.StartsWith("00-multus.conf", StringComparison.Ordinal));
        if (master is null || !Node.Files.TryRead($"{CniRuntime.ConfigDirectory}/{master}", out var text))
        {
            throw new CniException($"failed to find the cluster master CNI plugin: {master ?? "no file"} in {CniRuntime.ConfigDirectory}");
        }

        JsonObject config;
        try
        {
            config = JsonNode.Parse(text) as JsonObject ?? throw new CniException($"{master} is no JSON object");
        }
        catch (JsonException e)
        {
            throw new CniException($"failed to read the master CNI configuration {master}: {e.Message}", e);
        }

        var generated = new JsonObject
        {
            ["cniVersion"] = config.Text("cniVersion") ?? "0.3.1",
            ["name"] = "multus-cni-network",
            ["type"] = "multus",
            ["capabilities"] = new JsonObject { ["portMappings"] = true },
            ["kubeconfig"] = Kubeconfig,
            ["delegates"] = new JsonArray(config),
        };
        Node.Files.Write(ConfigFile + ".new", generated.ToJsonString());
        Node.Files.Move(ConfigFile + ".new", ConfigFile);
    }
}
