using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Kind;

/// <summary>Objects of Calico's address management, made before Calico runs.</summary>
internal static class KindBlocks
{
    /// <summary>A Node's claim to a block, and the block with nothing in it: Calico takes the Node's first addresses from there.</summary>
    public static IEnumerable<ClusterObject> Claimed(string node, Cidr block)
    {
        var name = NameOf(block);
        var size = (int)block.AddressCount;
        yield return Object("BlockAffinity", $"{node}-{name}", new JsonObject
        {
            ["cidr"] = block.ToString(),
            ["deleted"] = "false",
            ["node"] = node,
            ["state"] = "confirmed",
        });
        yield return Object("IPAMBlock", name, new JsonObject
        {
            ["affinity"] = $"host:{node}",
            ["allocations"] = new JsonArray([.. Enumerable.Repeat<JsonNode?>(null, size)]),
            ["attributes"] = new JsonArray(),
            ["cidr"] = block.ToString(),
            ["deleted"] = false,
            ["strictAffinity"] = false,
            ["unallocated"] = new JsonArray([.. Enumerable.Range(0, size).Select(i => (JsonNode)i)]),
        });
    }

    /// <summary>The name that Calico gives an object for a range of IPv4.</summary>
    public static string NameOf(Cidr block) => block.ToString().Replace('.', '-').Replace('/', '-');

    /// <summary>An object of the group in which Calico stores.</summary>
    public static ClusterObject Object(string kind, string name, JsonObject spec) => new(
        new JsonObject
        {
            ["apiVersion"] = CalicoIpamReader.RawGroup + "/v1",
            ["kind"] = kind,
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = spec,
        },
        "made for the rehearsal");
}
