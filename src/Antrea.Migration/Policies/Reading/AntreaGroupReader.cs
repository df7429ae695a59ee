using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Policies.Reading;

/// <summary>Reads ClusterGroups, Groups and Tiers of <c>crd.antrea.io/v1beta1</c>.</summary>
internal static class AntreaGroupReader
{
    /// <summary>The group as far as it can be read; what is wrong with it goes to <paramref name="findings"/>.</summary>
    public static AntreaGroup ReadGroup(ClusterObject obj, ReleaseVersion version, ICollection<PolicyFinding> findings)
    {
        var isCluster = obj.Kind == "ClusterGroup";
        var spec = AntreaPolicyReader.SpecOf(obj, findings);
        AntreaSchema.Check(spec, isCluster ? AntreaPlace.ClusterGroupSpec : AntreaPlace.GroupSpec, version, findings);
        var peers = new AntreaPeerReader(isCluster, version, findings);
        var group = new AntreaGroup
        {
            Namespace = isCluster ? "" : obj.Namespace,
            Name = obj.Name,
            PodSelector = LabelSelectorReader.Read(spec, "podSelector", findings),
            NamespaceSelector = LabelSelectorReader.Read(spec, "namespaceSelector", findings),
            ExternalEntitySelector = LabelSelectorReader.Read(spec, "externalEntitySelector", findings),
            Nets = [.. spec.Objects("ipBlocks").Select(b => ReadBlock(b, version, findings)).OfType<(Cidr, ImmutableArray<Cidr>)>()],
            Service = peers.ReadReference(spec, "serviceReference", AntreaPlace.ServiceReference),
            ChildGroups = [.. spec.Texts("childGroups").Select(c => c.Text)],
            NodeSelector = LabelSelectorReader.Read(spec, "nodeSelector", findings),
        };
        var kinds = new[]
        {
            group.PodSelector is not null,
            group.ExternalEntitySelector is not null,
            spec.Has("ipBlocks"),
            spec.Has("serviceReference"),
            spec.Has("childGroups"),
            group.NodeSelector is not null,
        }.Count(k => k);
        if (kinds > 1 || (kinds == 1 && group is { NamespaceSelector: not null, PodSelector: null, ExternalEntitySelector: null }))
        {
            findings.Add(PolicyCode.MalformedField.At("spec", "may hold one way to name members; only namespaceSelector goes with podSelector or externalEntitySelector"));
        }

        return group;
    }

    /// <summary>The tier as far as it can be read; what is wrong with it goes to <paramref name="findings"/>.</summary>
    public static AntreaTier ReadTier(ClusterObject obj, ICollection<PolicyFinding> findings)
    {
        var spec = AntreaPolicyReader.SpecOf(obj, findings);
        AntreaSchema.Check(spec, AntreaPlace.TierSpec, AntreaSchema.Newest, findings);
        spec.Text("description");
        var priority = spec.Number("priority");
        if (priority is not (>= 0 and <= 255) || priority.Value != Math.Truncate(priority.Value))
        {
            spec.Malformed("priority", "a whole number from 0 to 255");
            return new AntreaTier(obj.Name, 0);
        }

        return new AntreaTier(obj.Name, (int)priority.Value);
    }

    private static (Cidr Net, ImmutableArray<Cidr> Except)? ReadBlock(
        FieldReader block, ReleaseVersion version, ICollection<PolicyFinding> findings)
    {
        AntreaSchema.Check(block, AntreaPlace.IPBlock, version, findings);
        return AntreaPeerReader.ReadNet(block, findings) is { } net
            ? (net, AntreaPeerReader.ReadExcept(block, net, findings))
            : null;
    }
}
