using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.StandIns.Kernel;

namespace Antrea.Migration.StandIns.Multus;

/// <summary>Multus with raw delegates on a real Node: calls the delegates' plugins as libcni does.</summary>
/// <remarks>The rules are the lab's (<see cref="MultusPlugin"/>): all or nothing, and DEL goes by what ADD remembered.</remarks>
internal sealed class MultusCni : ICniPlugin
{
    private const string DefaultDirectory = "/var/lib/cni/multus";

    public JsonObject Add(CniCall call)
    {
        var delegates = call.Config.Items("delegates").ToList();
        if (delegates.Count == 0)
        {
            throw new StandInException("must specify at least one delegate");
        }

        Directory.CreateDirectory(DirectoryOf(call));
        File.WriteAllText(Scratch(call), new JsonArray([.. delegates.Select(d => d.DeepClone())]).ToJsonString());
        List<JsonObject> results = [];
        try
        {
            foreach (var one in delegates)
            {
                results.Add(AddChain(call, one, IfName(call, results.Count)));
            }
        }
        catch (StandInException e)
        {
            DeleteAll(call with { Command = "DEL" }, delegates[..(results.Count + 1)], []);
            File.Delete(Scratch(call));
            throw new StandInException($"Multus: [{call.PodNamespace}/{call.PodName}]: error adding container to network: {e.Message}", e);
        }

        return results[0];
    }

    public void Delete(CniCall call)
    {
        if (!File.Exists(Scratch(call)))
        {
            return;
        }

        List<string> errors = [];
        DeleteAll(call, [.. (JsonNode.Parse(File.ReadAllText(Scratch(call))) as JsonArray ?? []).OfType<JsonObject>()], errors);
        File.Delete(Scratch(call));
        if (errors.Count > 0)
        {
            throw new StandInException($"Multus: [{call.PodNamespace}/{call.PodName}]: error deleting networks: {string.Join("; ", errors)}");
        }
    }

    private static string IfName(CniCall call, int index) => index == 0 ? call.IfName : $"net{index}";

    private static string DirectoryOf(CniCall call) => call.Config.Text("cniDir") ?? DefaultDirectory;

    private static string Scratch(CniCall call) => $"{DirectoryOf(call)}/{call.ContainerId}";

    private static JsonObject AddChain(CniCall call, JsonObject config, string ifName)
    {
        JsonObject? result = null;
        foreach (var plugin in CniNetwork.FromDelegate("delegate", config).Plugins)
        {
            result = JsonNode.Parse(Call(call, plugin, ifName, result)) as JsonObject ?? throw new StandInException($"{plugin.Text("type")} gave no result");
        }

        return result!;
    }

    private static void DeleteAll(CniCall call, List<JsonObject> delegates, List<string> errors)
    {
        for (var i = delegates.Count - 1; i >= 0; i--)
        {
            foreach (var plugin in CniNetwork.FromDelegate("delegate", delegates[i]).Plugins.Reverse())
            {
                try
                {
                    Call(call, plugin, IfName(call, i), null);
                }
                catch (StandInException e)
                {
                    errors.Add(e.Message);
                }
            }
        }
    }

    private static string Call(CniCall call, JsonObject plugin, string ifName, JsonObject? previous)
    {
        var config = plugin.Copy();
        var wanted = call.Config.Object("runtimeConfig");
        var given = new JsonObject();
        foreach (var (capability, _) in config.Object("capabilities") ?? [])
        {
            if (wanted?[capability] is { } value)
            {
                given[capability] = value.DeepClone();
            }
        }

        config.Remove("capabilities");
        if (given.Count > 0)
        {
            config["runtimeConfig"] = given;
        }

        if (previous is not null)
        {
            config["prevResult"] = previous.DeepClone();
        }

        return Shell.Run([$"/opt/cni/bin/{plugin.Text("type")}"], config.ToJsonString(), call.ToEnvironment(ifName));
    }
}
