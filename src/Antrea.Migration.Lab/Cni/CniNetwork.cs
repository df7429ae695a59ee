using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Cni;

/// <summary>A CNI configuration: one plugin (<c>.conf</c>, <c>.json</c>) or a chain (<c>.conflist</c>).</summary>
/// <param name="Name">The network's name; IPAM plugins file their allocations under it.</param>
/// <param name="Plugins">The chain, at least one long. Each carries <c>name</c> and <c>cniVersion</c> of the network.</param>
internal sealed record CniNetwork(string Name, ImmutableArray<JsonObject> Plugins)
{
    /// <summary>Reads a file as libcni does.</summary>
    /// <exception cref="CniException">It is broken; the message names the file.</exception>
    public static CniNetwork Parse(string path, string text)
    {
        JsonObject json;
        try
        {
            json = JsonNode.Parse(text) as JsonObject ?? throw new CniException($"error parsing configuration {path}: no JSON object");
        }
        catch (JsonException e)
        {
            throw new CniException($"error parsing configuration {path}: {e.Message}", e);
        }

        return path.EndsWith(".conflist", StringComparison.Ordinal) ? FromList(path, json) : FromPlugin(path, json);
    }

    /// <summary>Reads a Multus delegate: a chain when it has <c>plugins</c>, else one plugin.</summary>
    /// <exception cref="CniException">It is broken.</exception>
    public static CniNetwork FromDelegate(string source, JsonObject json) =>
        json["plugins"] is null ? FromPlugin(source, json) : FromList(source, json);

    private static CniNetwork FromList(string source, JsonObject json)
    {
        var name = json.Text("name");
        var plugins = json.Items("plugins").ToList();
        return string.IsNullOrEmpty(name) ? throw new CniException($"error parsing configuration list {source}: no name")
            : plugins.Count == 0 ? throw new CniException($"error parsing configuration list {source}: no plugins in list")
            : plugins.Any(p => string.IsNullOrEmpty(p.Text("type")))
                ? throw new CniException($"error parsing configuration list {source}: a plugin without type")
            : new CniNetwork(name, [.. plugins.Select(p => WithNetwork(p, name, json.Text("cniVersion")))]);
    }

    private static CniNetwork FromPlugin(string source, JsonObject json) =>
        string.IsNullOrEmpty(json.Text("type")) ? throw new CniException($"error parsing configuration {source}: no type")
            : new CniNetwork(json.Text("name") ?? "", [json]);

    private static JsonObject WithNetwork(JsonObject plugin, string name, string? version)
    {
        var copy = plugin.Copy();
        copy["name"] = name;
        if (version is not null)
        {
            copy["cniVersion"] = version;
        }

        return copy;
    }
}
