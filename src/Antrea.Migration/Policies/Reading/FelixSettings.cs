using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Reading;

/// <summary>What Felix is told: its configuration objects, and the environment of calico-node, which wins over them.</summary>
/// <remarks>Source: Calico <c>felix/config</c>; the environment's names are FELIX_ and the field in capitals.</remarks>
internal sealed class FelixSettings(ClusterSnapshot snapshot)
{
    private const string NodeName = "calico-node";

    private readonly ClusterObject? _node = snapshot.OfKind("apps", "DaemonSet").FirstOrDefault(d => d.Name == NodeName);

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

    /// <summary>What says that Calico keeps its objects in an etcd of its own, where the Kubernetes API does not show them; null when nothing does.</summary>
    public string? OwnEtcd => EtcdOf(_node?.Json.ItemsAt("spec", "template", "spec", "containers").FirstOrDefault(c => c.TextAt("name") == NodeName))
        ?? (_node is null && snapshot.OfKind("", "ConfigMap").Any(c =>
            c is { Namespace: "kube-system", Name: "calico-config" } && !string.IsNullOrEmpty(c.Json.TextAt("data", "etcd_endpoints")))
            ? "ConfigMap kube-system/calico-config names etcd_endpoints"
            : null);

    /// <summary>The same, as far as the container of calico-node tells.</summary>
    public static string? EtcdOf(JsonNode? container) => ContainerFlags.Variable(container, "DATASTORE_TYPE") switch
    {
        "kubernetes" => null,
        { } type => $"calico-node runs with DATASTORE_TYPE={type}",
        null => container.ItemsAt("env").Any(e => e.TextAt("name") == "ETCD_ENDPOINTS") ? "calico-node is given ETCD_ENDPOINTS" : null,
    };

    private static string? In(ClusterObject? configuration, string field) => configuration?.Json.At("spec", field)?.ToString();

    private string? Environment(string name) => _node?.Json.ItemsAt("spec", "template", "spec", "containers")
        .SelectMany(c => c.ItemsAt("env"))
        .FirstOrDefault(e => e.TextAt("name") == name).At("value")?.ToString();
}
