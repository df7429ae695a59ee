using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Bridge;

/// <summary>The <c>00-multus.conf</c> of one Node, written by hand from that Node's own CNI files.</summary>
/// <remarks>
/// <para>Raw <c>delegates</c>, each with its own <c>cniVersion</c>: Multus caches them without loss, needs no kubeconfig and no
/// API server, and makes no exception for system Namespaces. The first delegate is the master: it gets <c>eth0</c> and
/// the Pod's address. Capabilities stand at the top, or the runtime's port mappings and bandwidth would not be passed on.</para>
/// <para>Calico must stay first while both are wired: Felix programs <c>status.podIPs</c> on the <c>cali*</c> device.</para>
/// <para>Source: multus-cni v4.2 <c>pkg/types/conf.go</c>, <c>pkg/multus/multus.go</c>; Antrea v2.7
/// <c>pkg/agent/cniserver/server.go</c>; containernetworking/cni <c>pkg/types/types.go</c> (route keys).</para>
/// </remarks>
public static class MultusConfig
{
    /// <summary>The file's name: sorts before <c>10-antrea.conflist</c> and <c>10-calico.conflist</c>.</summary>
    public const string FileName = "00-multus.conf";

    /// <summary>The routing table that takes Antrea's default route out of the way. No rule points to it.</summary>
    public const int ParkedDefaultTable = 101;

    private const string NetworkName = "antrea-migration";

    internal static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Delegates to Calico only: new Pods are what they were before, whatever other file appears.</summary>
    /// <param name="calicoConflist">The Node's own <c>10-calico.conflist</c>.</param>
    /// <param name="node">The Node's name, which the file's <c>nodename</c> must equal.</param>
    /// <exception cref="FormatException">The file is no CNI configuration of Calico's, or is another Node's.</exception>
    public static string DelegateToCalico(string calicoConflist, string node) =>
        Render(ReadCalico(calicoConflist, node));

    /// <summary>Delegates to Calico (eth0, the Pod's address) and Antrea (net1), with replies kept symmetric.</summary>
    /// <remarks>
    /// Left alone, Antrea would add a second default route of equal metric, and the kernel would alternate between the two
    /// by the state of their neighbours; what leaves by the wrong one is dropped. Here <c>net1</c> gets a route for every
    /// other PodCIDR and the Service CIDRs, and Antrea finds a default route present in a table that no rule uses, so the
    /// main table keeps Calico's alone. Needs Antrea 2.4 or newer; older ones ignore <c>table</c>.
    /// </remarks>
    /// <param name="calicoConflist">The Node's own <c>10-calico.conflist</c>.</param>
    /// <param name="antreaConflist">The Node's own <c>10-antrea.conflist</c>.</param>
    /// <param name="node">The Node's name.</param>
    /// <param name="peerPodCidrs">The PodCIDRs of all other Nodes: routed one by one, so that no Calico address is caught by an aggregate.</param>
    /// <param name="serviceCidrs">Where ClusterIPs come from: AntreaProxy must serve them, or a Calico source would meet an Antrea endpoint.</param>
    /// <exception cref="FormatException">One of the files is not what it should be.</exception>
    public static string DelegateToBoth(
        string calicoConflist,
        string antreaConflist,
        string node,
        ImmutableArray<Cidr> peerPodCidrs,
        ImmutableArray<Cidr> serviceCidrs)
    {
        var antrea = ReadConflist(antreaConflist, "antrea", "10-antrea.conflist");
        var plugins = (JsonArray)antrea["plugins"]!;

        // The same hostPort in two portmap chains would get two targets: Calico's delegate keeps it.
        foreach (var portmap in plugins.OfType<JsonObject>().Where(p => TypeOf(p) == "portmap").ToList())
        {
            plugins.Remove(portmap);
        }

        var routes = new JsonArray();
        foreach (var anyAddress in (string[])(peerPodCidrs.Any(c => c.IsIPv6) ? ["0.0.0.0/0", "::/0"] : ["0.0.0.0/0"]))
        {
            routes.Add(new JsonObject { ["dst"] = anyAddress, ["table"] = ParkedDefaultTable });
        }

        foreach (var cidr in peerPodCidrs.Concat(serviceCidrs).Distinct().Order())
        {
            routes.Add(new JsonObject { ["dst"] = cidr.ToString() });
        }

        var plugin = plugins.OfType<JsonObject>().First(p => TypeOf(p) == "antrea");
        var ipam = plugin["ipam"] as JsonObject ?? [];
        ipam["routes"] = routes;
        plugin["ipam"] = ipam.DeepClone();
        return Render(ReadCalico(calicoConflist, node), antrea);
    }

    /// <summary>Delegates to Antrea only: new Pods are Antrea Pods, and Multus Pods still leave through the networks they came by.</summary>
    /// <remarks>Multus remembers each Pod's delegates, so as long as this file is loaded the deletion of a Multus Pod frees its
    /// Calico address and its <c>net1</c> address; without it containerd would call Antrea alone.</remarks>
    /// <param name="antreaConflist">The Node's own <c>10-antrea.conflist</c>.</param>
    /// <exception cref="FormatException">The file is no CNI configuration of Antrea's.</exception>
    public static string DelegateToAntrea(string antreaConflist) =>
        Render(ReadConflist(antreaConflist, "antrea", "10-antrea.conflist"));

    /// <summary>Which CNI types a <c>00-multus.conf</c> of ours delegates to, in order; empty for another file.</summary>
    internal static ImmutableArray<string> DelegatesOf(string text)
    {
        try
        {
            var json = JsonNode.Parse(text);
            return json?["name"]?.GetValue<string>() == NetworkName && json["delegates"] is JsonArray delegates
                ? [.. delegates.Select(d => TypeOf((JsonObject)d!["plugins"]![0]!))]
                : [];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or InvalidCastException
            or NullReferenceException or ArgumentOutOfRangeException)
        {
            return [];
        }
    }

    /// <summary>Calico's configuration, if it is this Node's own.</summary>
    /// <exception cref="FormatException">It is not.</exception>
    internal static JsonObject ReadCalico(string text, string node)
    {
        var conflist = ReadConflist(text, "calico", "10-calico.conflist");
        var calico = ((JsonArray)conflist["plugins"]!).OfType<JsonObject>().First(p => TypeOf(p) == "calico");
        var nodename = calico["nodename"]?.GetValue<string>();
        return nodename == node
            ? conflist
            : throw new FormatException(
                $"10-calico.conflist on Node {node} says nodename '{nodename}'; Pods would be booked on that Node's blocks.");
    }

    private static JsonObject ReadConflist(string text, string pluginType, string fileName)
    {
        JsonObject conflist;
        try
        {
            conflist = JsonNode.Parse(text) as JsonObject ?? throw new FormatException($"{fileName} is not a JSON object.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"{fileName} is not JSON: {e.Message}", e);
        }

        if (conflist["plugins"] is not JsonArray plugins || !plugins.OfType<JsonObject>().Any(p => TypeOf(p) == pluginType))
        {
            throw new FormatException($"{fileName} has no plugin of type '{pluginType}'.");
        }

        conflist["cniVersion"] ??= "0.3.1";
        return conflist;
    }

    private static string TypeOf(JsonObject plugin) => plugin["type"]?.GetValue<string>() ?? "";

    private static string Render(params ReadOnlySpan<JsonObject> delegates)
    {
        var list = new JsonArray();
        foreach (var conflist in delegates)
        {
            list.Add(conflist);
        }

        return new JsonObject
        {
            ["cniVersion"] = "0.3.1",
            ["name"] = NetworkName,
            ["type"] = "multus",
            ["capabilities"] = new JsonObject { ["portMappings"] = true, ["bandwidth"] = true },
            ["delegates"] = list,
        }.ToJsonString(Indented) + "\n";
    }
}
