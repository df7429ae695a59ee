using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Kind;

/// <summary>The addresses of somebody's cluster for a rehearsal's Nodes: PodCIDRs, Calico's pools, and blocks with nothing in them.</summary>
/// <remarks>Calico takes a Node's first addresses from the blocks that are affine to it, whoever made them, and creates no pool where there is one.</remarks>
internal sealed class KindLikenessAddresses(KindLikeness likeness, string cluster)
{
    private static readonly string[] NodesOwn = ["kubernetes.io/", "beta.kubernetes.io/", "node.kubernetes.io/", "node-role.kubernetes.io/"];

    /// <summary>The rehearsal's Nodes, each with what it stands for.</summary>
    public ImmutableArray<(string Node, KindCounterpart Of)> Nodes { get; } = [.. likeness.NodesOf(cluster)];

    /// <summary>The taints that each Node gets, as <c>kubectl taint</c> takes them: a patch would take away those that it has.</summary>
    public IEnumerable<(string Node, string Taint)> Taints() => Nodes.SelectMany(n => TaintsOf(n.Of).Select(t => (n.Node, $"{t.TextAt("key")}={t.TextAt("value")}:{t.TextAt("effect")}")));

    /// <summary>The keys of all these taints.</summary>
    public IEnumerable<string> TaintKeys() => Nodes.SelectMany(n => TaintsOf(n.Of).Select(t => t.TextAt("key")!)).Distinct(StringComparer.Ordinal);

    /// <summary>Whether some Node has a label, its own name left out.</summary>
    public bool HasLabel(string key, string value) => Nodes.Any(n => LabelsOf(n.Of).Any(l => l.Key == key && l.Value == value));

    /// <summary>What each Node gets once it is there: PodCIDR and labels, as a merge patch.</summary>
    public IEnumerable<(string Node, JsonObject Patch)> Patches() => Nodes.Select(n =>
    {
        var spec = new JsonObject();
        if (n.Of.PodCidr is { } podCidr)
        {
            spec["podCIDR"] = podCidr.ToString();
            spec["podCIDRs"] = new JsonArray(podCidr.ToString());
        }

        return (n.Node, new JsonObject
        {
            ["metadata"] = new JsonObject { ["labels"] = new JsonObject(LabelsOf(n.Of).Select(l => KeyValuePair.Create(l.Key, (JsonNode?)l.Value))) },
            ["spec"] = spec,
        });
    });

    /// <summary>Pools, IPAM's configuration, affinities and blocks.</summary>
    public IEnumerable<ClusterObject> Objects() =>
    [
        .. likeness.Snapshot.CalicoIpam.Pools.Where(p => !p.Cidr.IsIPv6).Select(Pool),
        .. Configuration(),
        .. Nodes.SelectMany(n => n.Of.Blocks.SelectMany(b => KindBlocks.Claimed(n.Node, b.Cidr))),
    ];

    /// <summary>A text in which Nodes are named, as selectors do, for the rehearsal's Nodes.</summary>
    public string Renamed(string selector) => Nodes.Where(n => n.Of.Name is not null).Aggregate(
        selector,
        (text, n) => text.Replace($"'{n.Of.Name}'", $"'{n.Node}'", StringComparison.Ordinal).Replace($"\"{n.Of.Name}\"", $"\"{n.Node}\"", StringComparison.Ordinal));

    /// <summary>The name of the Node that stands for another; null where none does.</summary>
    public string? For(string node) => Nodes.FirstOrDefault(n => n.Of.Name == node).Node;

    private IEnumerable<KeyValuePair<string, string>> LabelsOf(KindCounterpart node) => Original(node).MapAt("metadata", "labels").Where(l => !IsNodesOwn(l.Key));

    private IEnumerable<JsonNode?> TaintsOf(KindCounterpart node) =>
        Original(node).ItemsAt("spec", "taints").Where(t => t.TextAt("key") is { } key && t.TextAt("effect") is not null && !IsNodesOwn(key));

    private JsonObject? Original(KindCounterpart node) => likeness.Snapshot.OfKind("", "Node").FirstOrDefault(o => o.Name == node.Name)?.Json;

    private static bool IsNodesOwn(string key) => NodesOwn.Any(p => key.StartsWith(p, StringComparison.Ordinal));

    private ClusterObject Pool(IPPool pool) => KindBlocks.Object("IPPool", pool.Name, new JsonObject
    {
        ["cidr"] = pool.Cidr.ToString(),
        ["blockSize"] = pool.BlockSize,
        ["ipipMode"] = $"{pool.IpipMode}",
        ["vxlanMode"] = $"{pool.VxlanMode}",
        ["natOutgoing"] = pool.NatOutgoing,
        ["disabled"] = pool.Disabled,
        ["nodeSelector"] = Renamed(pool.NodeSelector),
    });

    private IEnumerable<ClusterObject> Configuration()
    {
        var ipam = likeness.Snapshot.CalicoIpam;
        return ipam is { StrictAffinity: false, MaxBlocksPerHost: CalicoIpam.DefaultMaxBlocksPerHost }
            ? []
            :
            [
                KindBlocks.Object("IPAMConfig", "default", new JsonObject
                {
                    ["strictAffinity"] = ipam.StrictAffinity,
                    ["autoAllocateBlocks"] = true,
                    ["maxBlocksPerHost"] = ipam.MaxBlocksPerHost,
                }),
            ];
    }
}
