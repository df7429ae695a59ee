using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Reading;

/// <summary>What Felix is told: its configuration objects, and the environment of calico-node, which wins over them.</summary>
/// <remarks>Source: Calico <c>felix/config</c>; the environment's names are FELIX_ and the field in capitals.</remarks>
internal sealed class FelixSettings(ClusterSnapshot snapshot)
{
    private readonly ClusterObject? _node = snapshot.OfKind("apps", "DaemonSet").FirstOrDefault(d => d.Name == "calico-node");

    /// <summary>Whether calico-node itself is in the input, so that what is not set has its default.</summary>
    public bool IsNodeKnown => _node is not null;

    /// <summary>The configuration objects, that of the whole cluster (<c>default</c>) and those of Nodes.</summary>
    public IReadOnlyList<ClusterObject> Configurations { get; } = [.. CalicoPolicySet.OfCalico(snapshot, "FelixConfiguration")];

    /// <summary>A setting that holds for the whole cluster, by the name it has in FelixConfiguration; null when it is not set, or not known.</summary>
    public string? this[string field] =>
        Environment("FELIX_" + field.ToUpperInvariant()) ?? In(Configurations.FirstOrDefault(c => c.Name == "default"), field);

    /// <summary>Whether anything, be it for one Node, sets a field to a text that is not empty.</summary>
    public bool IsSetAnywhere(string field) =>
        !string.IsNullOrEmpty(this[field]) || Configurations.Any(c => !string.IsNullOrEmpty(In(c, field)));

    private static string? In(ClusterObject? configuration, string field) => configuration?.Json.At("spec", field)?.ToString();

    private string? Environment(string name) => _node?.Json.ItemsAt("spec", "template", "spec", "containers")
        .SelectMany(c => c.ItemsAt("env"))
        .FirstOrDefault(e => e.TextAt("name") == name).At("value")?.ToString();
}
