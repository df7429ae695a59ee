using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.CalicoApi;

/// <summary>Reads Calico's IPAM objects, in the raw group <c>crd.projectcalico.org</c> and the API server's <c>projectcalico.org</c>.</summary>
/// <remarks>
/// Both groups show the same objects; where both were read, the raw one counts and the other adds only what is missing
/// there. Source: Calico v3.26 <c>libcalico-go/lib/apis/v3</c> and <c>lib/clientv3/ippool.go</c> for the defaults that
/// raw objects leave out; v3.32 <c>api/pkg/apis/projectcalico/v3</c> where a type has changed since (BlockAffinity's
/// <c>deleted</c> was the text "true").
/// </remarks>
internal static class CalicoIpamReader
{
    /// <summary>The group of Calico's own custom resources.</summary>
    public const string RawGroup = "crd.projectcalico.org";

    /// <summary>The group that Calico's API server, and newer releases natively, serve.</summary>
    public const string ApiGroup = "projectcalico.org";

    private const string HostAffinity = "host:";

    /// <summary>Reads pools, blocks, affinities and the configuration.</summary>
    public static CalicoIpam Read(
        IReadOnlyList<ClusterObject> objects, ICollection<BadValue> bad, ICollection<Finding> findings)
    {
        var config = OfKind(objects, "IPAMConfig", bad)
            .Concat(OfKind(objects, "IPAMConfiguration", bad))
            .FirstOrDefault(o => o.Object.Name == "default");
        return new CalicoIpam(
            [.. OfKind(objects, "IPPool", bad).Select(ReadPool).OfType<IPPool>().OrderBy(p => p.Name, StringComparer.Ordinal)],
            [.. OfKind(objects, "IPAMBlock", bad).Select(o => ReadBlock(o, findings)).OfType<IpamBlock>().OrderBy(b => b.Cidr).ThenBy(b => b.Name, StringComparer.Ordinal)],
            [
                .. OfKind(objects, "BlockAffinity", bad).Select(ReadAffinity).OfType<BlockAffinity>()
                    .DistinctBy(a => (a.Node, a.Cidr))
                    .OrderBy(a => a.Cidr)
                    .ThenBy(a => a.Node, StringComparer.Ordinal),
            ],
            config?.Flag("spec.strictAffinity", Severity.Warning) ?? false,
            config?.Number("spec.maxBlocksPerHost", 0, int.MaxValue, Severity.Warning) is int blocks and > 0
                ? blocks
                : CalicoIpam.DefaultMaxBlocksPerHost);
    }

    private static List<ObjectFields> OfKind(IReadOnlyList<ClusterObject> objects, string kind, ICollection<BadValue> bad)
    {
        var raw = objects.Where(o => o.Kind == kind && o.Group == RawGroup).ToList();
        var names = raw.Select(o => o.Name).ToHashSet(StringComparer.Ordinal);
        var more = objects.Where(o => o.Kind == kind && o.Group == ApiGroup && !names.Contains(o.Name));
        return [.. raw.Concat(more).Select(o => new ObjectFields(o, bad))];
    }

    private static IPPool? ReadPool(ObjectFields fields)
    {
        if (fields.RequiredCidr("spec.cidr") is not { } cidr)
        {
            return null;
        }

        var (least, most, usual) = cidr.IsIPv6 ? (116, 128, 122) : (20, 32, 26);
        var blockSize = fields.Number("spec.blockSize", least, most) ?? usual;
        if (blockSize < cidr.PrefixLength)
        {
            fields.Bad("spec.blockSize", $"a /{blockSize} block does not fit into {cidr}");
        }

        return new IPPool
        {
            Name = fields.Object.Name,
            Cidr = cidr,
            BlockSize = blockSize,
            IpipMode = ReadMode(fields, "spec.ipipMode"),
            VxlanMode = ReadMode(fields, "spec.vxlanMode"),
            NatOutgoing = fields.Flag("spec.natOutgoing"),
            Disabled = fields.Flag("spec.disabled"),
            DisableBgpExport = fields.Flag("spec.disableBGPExport", Severity.Warning),
            NodeSelector = fields.Text("spec.nodeSelector") ?? "all()",
        };
    }

    private static EncapsulationMode ReadMode(ObjectFields fields, string field)
    {
        switch (fields.Text(field))
        {
            case null or "Never":
                return EncapsulationMode.Never;
            case "Always":
                return EncapsulationMode.Always;
            case "CrossSubnet":
                return EncapsulationMode.CrossSubnet;
            case var other:
                fields.Bad(field, $"'{other}' is not Never, Always or CrossSubnet");
                return EncapsulationMode.Never;
        }
    }

    private static BlockAffinity? ReadAffinity(ObjectFields fields)
    {
        if (fields.Flag("spec.deleted") || fields.RequiredCidr("spec.cidr") is not { } cidr)
        {
            return null;
        }

        if (fields.Text("spec.node") is not { } node)
        {
            fields.Bad("spec.node", "is missing");
            return null;
        }

        return new BlockAffinity(node, cidr, fields.Text("spec.state", Severity.Warning) ?? "");
    }

    private static IpamBlock? ReadBlock(ObjectFields fields, ICollection<Finding> findings)
    {
        if (fields.Flag("spec.deleted") || fields.RequiredCidr("spec.cidr") is not { } cidr)
        {
            return null;
        }

        return new IpamBlock
        {
            Name = fields.Object.Name,
            Cidr = cidr,
            Node = ReadAffineNode(fields),
            Allocations = ReadAllocations(fields, cidr, findings),
        };
    }

    private static string? ReadAffineNode(ObjectFields fields)
    {
        var affinity = fields.Text("spec.affinity");
        if (affinity is null || affinity.StartsWith("virtual:", StringComparison.Ordinal))
        {
            return null;
        }

        if (affinity.StartsWith(HostAffinity, StringComparison.Ordinal) && affinity.Length > HostAffinity.Length)
        {
            return affinity[HostAffinity.Length..];
        }

        fields.Bad("spec.affinity", $"'{affinity}' is neither host:NODE nor virtual:NAME");
        return null;
    }

    private static ImmutableArray<IpamAllocation> ReadAllocations(
        ObjectFields fields, Cidr cidr, ICollection<Finding> findings)
    {
        var value = fields.At("spec.allocations");
        if (value is not JsonArray allocations)
        {
            if (value is not null)
            {
                fields.Bad("spec.allocations", $"{ObjectFields.Shown(value)} is not a list");
            }

            return [];
        }

        var attributes = fields.At("spec.attributes") as JsonArray ?? [];
        var found = ImmutableArray.CreateBuilder<IpamAllocation>();
        for (var ordinal = 0; ordinal < allocations.Count; ordinal++)
        {
            var field = $"spec.allocations[{ordinal}]";
            if (allocations[ordinal] is not { } entry)
            {
                continue;
            }

            if ((UInt128)ordinal >= cidr.AddressCount)
            {
                fields.Bad(field, $"{cidr} has only {cidr.AddressCount} addresses");
                break;
            }

            if (entry.NumberAt() is not { } index)
            {
                fields.Bad(field, $"{ObjectFields.Shown(entry)} is neither null nor an index into spec.attributes");
                continue;
            }

            var address = cidr.AddressAt((UInt128)ordinal);
            if (index < 0 || index >= attributes.Count)
            {
                // The address is in use all the same: it must not be taken for a free one.
                findings.Add(new Finding(
                    ReadFindingIds.AllocationWithoutOwner,
                    Severity.Warning,
                    fields.Object.ToString(),
                    $"{address} is allocated, but its attribute {index} does not exist (there are {attributes.Count}).",
                    "Run 'calicoctl ipam check'; the address is treated as in use by nobody known."));
                found.Add(new IpamAllocation(address, "", null, null, null, null));
                continue;
            }

            var attribute = attributes[(int)index];
            var details = attribute.At("secondary");
            found.Add(new IpamAllocation(
                address,
                attribute.TextAt("handle_id") ?? "",
                details.TextAt("node"),
                details.TextAt("namespace"),
                details.TextAt("pod"),
                details.TextAt("type")));
        }

        return found.ToImmutable();
    }
}
