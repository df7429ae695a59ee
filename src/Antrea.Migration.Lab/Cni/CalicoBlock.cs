using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Cni;

/// <summary>One IPAMBlock object, with the changes Calico makes to it. Wraps the JSON; nothing is kept beside it.</summary>
/// <remarks>Source: Calico v3.26 <c>libcalico-go/lib/ipam/ipam_block.go</c>.</remarks>
internal sealed class CalicoBlock(JsonObject json)
{
    private JsonObject Spec => json.Ensure("spec");

    public JsonObject Json => json;

    public Cidr Cidr => Cidr.Parse(Spec.Text("cidr") ?? throw new FormatException($"IPAMBlock/{json.NameOf()} has no spec.cidr."));

    /// <summary>The Node of affinity <c>host:NODE</c>, or null.</summary>
    public string? Node =>
        Spec.Text("affinity") is { } affinity && affinity.StartsWith("host:", StringComparison.Ordinal) ? affinity[5..] : null;

    public bool HasFreeAddress => Spec["unallocated"] is JsonArray { Count: > 0 };

    public bool IsEmpty => (Spec["allocations"] as JsonArray ?? []).All(a => a is null);

    /// <summary>The name Calico gives an object for a range.</summary>
    public static string NameOf(Cidr cidr) =>
        cidr.ToString().Replace('.', '-').Replace(':', '-').Replace('/', '-');

    public static CalicoBlock Create(Cidr cidr, string node)
    {
        var size = (int)cidr.AddressCount;
        return new CalicoBlock(new JsonObject
        {
            ["apiVersion"] = CniKinds.IpamBlock.ApiVersion,
            ["kind"] = CniKinds.IpamBlock.Kind,
            ["metadata"] = new JsonObject { ["name"] = NameOf(cidr) },
            ["spec"] = new JsonObject
            {
                ["affinity"] = $"host:{node}",
                ["allocations"] = new JsonArray([.. Enumerable.Repeat<JsonNode?>(null, size)]),
                ["attributes"] = new JsonArray(),
                ["cidr"] = cidr.ToString(),
                ["deleted"] = false,
                ["sequenceNumber"] = 0,
                ["sequenceNumberForAllocation"] = new JsonObject(),
                ["strictAffinity"] = false,
                ["unallocated"] = new JsonArray([.. Enumerable.Range(0, size).Select(i => (JsonNode)i)]),
            },
        });
    }

    /// <summary>Takes the address at the head of the free list; null when the block is full.</summary>
    public IPAddress? Assign(string handle, JsonObject attributes)
    {
        if (Spec["unallocated"] is not JsonArray { Count: > 0 } free)
        {
            return null;
        }

        var ordinal = (int)free[0].Number()!;
        free.RemoveAt(0);
        ((JsonArray)Spec["allocations"]!)[ordinal] = AttributeIndex(handle, attributes);
        var sequence = (Spec.Number("sequenceNumber") ?? 0) + 1;
        Spec["sequenceNumber"] = sequence;
        Spec.Ensure("sequenceNumberForAllocation")[ordinal.ToString(CultureInfo.InvariantCulture)] = sequence;
        return Cidr.AddressAt((UInt128)ordinal);
    }

    /// <summary>Frees every address of a handle, each to the end of the free list; returns how many there were.</summary>
    public int Release(string handle)
    {
        if (Spec["allocations"] is not JsonArray allocations || Spec["attributes"] is not JsonArray attributes)
        {
            return 0;
        }

        var gone = attributes.Index().Where(a => a.Item.Text("handle_id") == handle).Select(a => (long)a.Index).ToHashSet();
        var freed = 0;
        for (var ordinal = 0; ordinal < allocations.Count; ordinal++)
        {
            if (allocations[ordinal].Number() is { } index && gone.Contains(index))
            {
                allocations[ordinal] = null;
                ((JsonArray)Spec["unallocated"]!).Add((JsonNode)ordinal);
                Spec.Ensure("sequenceNumberForAllocation").Remove(ordinal.ToString(CultureInfo.InvariantCulture));
                freed++;
            }
        }

        if (freed > 0)
        {
            Spec["sequenceNumber"] = (Spec.Number("sequenceNumber") ?? 0) + 1;
            DropAttributes(allocations, attributes, gone);
        }

        return freed;
    }

    /// <summary>The addresses in use with their attributes, in address order.</summary>
    public IEnumerable<(IPAddress Address, JsonObject Attributes)> Allocations()
    {
        var attributes = Spec["attributes"] as JsonArray ?? [];
        foreach (var (ordinal, index) in (Spec["allocations"] as JsonArray ?? []).Index())
        {
            if (index.Number() is { } i && i >= 0 && i < attributes.Count && attributes[(int)i] is JsonObject found)
            {
                yield return (Cidr.AddressAt((UInt128)ordinal), found);
            }
        }
    }

    private static void DropAttributes(JsonArray allocations, JsonArray attributes, HashSet<long> gone)
    {
        var kept = Enumerable.Range(0, attributes.Count).Where(i => !gone.Contains(i)).ToList();
        for (var ordinal = 0; ordinal < allocations.Count; ordinal++)
        {
            if (allocations[ordinal].Number() is { } index)
            {
                allocations[ordinal] = kept.IndexOf((int)index);
            }
        }

        for (var i = attributes.Count - 1; i >= 0; i--)
        {
            if (gone.Contains(i))
            {
                attributes.RemoveAt(i);
            }
        }
    }

    private int AttributeIndex(string handle, JsonObject secondary)
    {
        var attributes = (JsonArray)Spec["attributes"]!;
        attributes.Add((JsonNode)new JsonObject { ["handle_id"] = handle, ["secondary"] = secondary.DeepClone() });
        return attributes.Count - 1;
    }
}
