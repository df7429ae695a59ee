using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Felix's settings for all Nodes: the environment of calico-node, which wins, over FelixConfiguration <c>default</c>.</summary>
/// <remarks>Source: Calico <c>felix/config</c>.</remarks>
internal sealed class FelixSettings(ClusterSnapshot snapshot)
{
    private readonly ClusterObject? _node = snapshot.OfKind("apps", "DaemonSet").FirstOrDefault(d => d.Name == "calico-node");

    private readonly JsonObject? _spec = CalicoPolicySet.OfCalico(snapshot, "FelixConfiguration")
        .FirstOrDefault(c => c.Name == "default")?.Json["spec"] as JsonObject;

    /// <summary>Whether calico-node itself is in the input, so that what is not set has its default.</summary>
    public bool IsNodeKnown => _node is not null;

    /// <summary>A setting by the name it has in FelixConfiguration; null when it is not set, or not known.</summary>
    public string? this[string field] => Environment("FELIX_" + field.ToUpperInvariant()) ?? _spec?[field]?.ToString();

    private string? Environment(string name)
    {
        var containers = _node?.Json["spec"]?["template"]?["spec"]?["containers"] as JsonArray ?? [];
        return containers
            .SelectMany(c => c?["env"] as JsonArray ?? [])
            .FirstOrDefault(e => e?["name"]?.ToString() == name)?["value"]?.ToString();
    }
}
