using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.StandIns;

/// <summary>One call of a CNI plugin: what the runtime puts into environment and standard input.</summary>
internal sealed record CniCall(string Command, string ContainerId, string Netns, string IfName, string Args, JsonObject Config)
{
    public string PodName => Argument("K8S_POD_NAME");

    public string PodNamespace => Argument("K8S_POD_NAMESPACE");

    /// <summary>The namespace's name below /run/netns, which ip(8) takes.</summary>
    public string NetnsName => Path.GetFileName(Netns);

    public string CniVersion => Config.Text("cniVersion") ?? "0.3.1";

    /// <summary>Reads the call this process is.</summary>
    public static CniCall FromProcess() => new(
        Variable("CNI_COMMAND"),
        Variable("CNI_CONTAINERID"),
        Variable("CNI_NETNS"),
        Variable("CNI_IFNAME"),
        Variable("CNI_ARGS"),
        JsonNode.Parse(Console.In.ReadToEnd()) as JsonObject ?? []);

    /// <summary>The environment for a plugin that this one calls.</summary>
    public Dictionary<string, string> ToEnvironment(string ifName) => new()
    {
        ["CNI_COMMAND"] = Command,
        ["CNI_CONTAINERID"] = ContainerId,
        ["CNI_NETNS"] = Netns,
        ["CNI_IFNAME"] = ifName,
        ["CNI_ARGS"] = Args,
        ["CNI_PATH"] = "/opt/cni/bin",
    };

    private static string Variable(string name) => Environment.GetEnvironmentVariable(name) ?? "";

    private string Argument(string name) =>
        Args.Split(';').Select(a => a.Split('=', 2)).FirstOrDefault(a => a.Length == 2 && a[0] == name)?[1] ?? "";
}

/// <summary>A CNI plugin. What it cannot do is a <see cref="StandInException"/>.</summary>
internal interface ICniPlugin
{
    /// <summary>Wires the interface; the CNI result.</summary>
    JsonObject Add(CniCall call);

    /// <summary>Takes it away; success when there is nothing.</summary>
    void Delete(CniCall call);
}

/// <summary>The process around a plugin: CNI's protocol.</summary>
internal static class CniPlugin
{
    public static int Run(ICniPlugin plugin)
    {
        var call = CniCall.FromProcess();
        try
        {
            switch (call.Command)
            {
                case "ADD":
                    Console.Out.WriteLine(plugin.Add(call).ToJsonString());
                    break;
                case "DEL":
                    plugin.Delete(call);
                    break;
                case "VERSION":
                    Console.Out.WriteLine("""{"cniVersion":"0.4.0","supportedVersions":["0.3.0","0.3.1","0.4.0"]}""");
                    break;
            }

            return 0;
        }
        catch (Exception e) when (e is StandInException or StoreConflictException or Lab.Cni.CniException)
        {
            Console.Out.WriteLine(new JsonObject { ["cniVersion"] = call.CniVersion, ["code"] = 999, ["msg"] = e.Message }.ToJsonString());
            return 1;
        }
    }

    /// <summary>A result with one address on one interface.</summary>
    public static JsonObject Result(CniCall call, string hostInterface, string address, string? gateway, JsonArray routes)
    {
        var ip = new JsonObject { ["version"] = "4", ["address"] = address, ["interface"] = 1 };
        if (gateway is not null)
        {
            ip["gateway"] = gateway;
        }

        return new JsonObject
        {
            ["cniVersion"] = call.CniVersion,
            ["interfaces"] = new JsonArray(
                new JsonObject { ["name"] = hostInterface },
                new JsonObject { ["name"] = call.IfName, ["sandbox"] = call.Netns }),
            ["ips"] = new JsonArray(ip),
            ["routes"] = routes,
            ["dns"] = new JsonObject(),
        };
    }
}
