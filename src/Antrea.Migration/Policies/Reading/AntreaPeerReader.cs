using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Policies.Reading;

/// <summary>Reads the entries of <c>appliedTo</c>, <c>from</c> and <c>to</c> of one policy.</summary>
/// <remarks>Of an entry with several kinds of peers Antrea obeys one and forgets the others; here that is an error.
/// Source: Antrea v1.14 to v2.7, <c>pkg/controller/networkpolicy/crd_utils.go</c>.</remarks>
internal sealed class AntreaPeerReader(bool isCluster, ReleaseVersion version, ICollection<PolicyFinding> findings)
{
    private const int MaxLabelValue = 63;

    /// <summary>Whether the policy is a ClusterNetworkPolicy.</summary>
    public bool IsCluster => isCluster;

    /// <summary>The entries of a list; none when absent.</summary>
    public ImmutableArray<AntreaPeer> ReadAll(FieldReader owner, string field, AntreaPlace place) =>
        [.. owner.Objects(field).Select(entry => Read(entry, place))];

    /// <summary>The Services of <c>toServices</c>; none when absent.</summary>
    public ImmutableArray<AntreaServiceReference> ReadToServices(FieldReader rule)
    {
        var services = ImmutableArray.CreateBuilder<AntreaServiceReference>();
        foreach (var service in rule.Objects("toServices"))
        {
            AntreaSchema.Check(service, AntreaPlace.ToService, version, findings);
            var scope = service.Text("scope");
            if (isCluster && scope is not (null or "Cluster" or "ClusterSet"))
            {
                service.Malformed("scope", "Cluster or ClusterSet");
            }

            services.Add(new AntreaServiceReference(
                (isCluster ? Needed(service, "namespace") : service.Text("namespace")) ?? "", Needed(service, "name") ?? ""));
        }

        if (services.Count == 0 && rule.Has("toServices"))
        {
            rule.Malformed("toServices", "absent, or name a Service; an empty list matches nothing");
        }

        return services.ToImmutable();
    }

    /// <summary>A network; null, and a finding, when it is none.</summary>
    public static Cidr? ReadNet(FieldReader block, ICollection<PolicyFinding> findings)
    {
        var text = block.Text("cidr");
        if (Cidr.TryParseMasked(text, out var net, out var error))
        {
            return net;
        }

        findings.Add(PolicyCode.MalformedField.At(block.At("cidr"), $"must be a network; {error}"));
        return null;
    }

    /// <summary>The networks left out of a network.</summary>
    public static ImmutableArray<Cidr> ReadExcept(FieldReader block, Cidr? net, ICollection<PolicyFinding> findings)
    {
        var except = ImmutableArray.CreateBuilder<Cidr>();
        foreach (var (text, path) in block.Texts("except"))
        {
            if (!Cidr.TryParseMasked(text, out var without, out var error))
            {
                findings.Add(PolicyCode.MalformedField.At(path, $"must be a network; {error}"));
            }
            else if (net is { } whole && (!whole.Contains(without) || whole == without))
            {
                findings.Add(PolicyCode.MalformedField.At(path, $"must be a smaller network within {whole}"));
            }
            else
            {
                except.Add(without);
            }
        }

        return except.ToImmutable();
    }

    /// <summary>A name and Namespace, both needed; null when absent or incomplete.</summary>
    public AntreaServiceReference? ReadReference(FieldReader owner, string field, AntreaPlace place)
    {
        if (owner.Object(field) is not { } reference)
        {
            return null;
        }

        AntreaSchema.Check(reference, place, version, findings);
        var (name, ns) = (Needed(reference, "name"), Needed(reference, "namespace"));
        return name is null || ns is null ? null : new AntreaServiceReference(ns, name);
    }

    private AntreaPeer Read(FieldReader entry, AntreaPlace place)
    {
        AntreaSchema.Check(entry, place, version, findings);
        var block = entry.Object("ipBlock");
        Cidr? net = null;
        ImmutableArray<Cidr> except = [];
        if (block is not null)
        {
            AntreaSchema.Check(block, AntreaPlace.IPBlock, version, findings);
            net = ReadNet(block, findings);
            except = ReadExcept(block, net, findings);
        }

        var peer = new AntreaPeer(
            net,
            LabelSelectorReader.Read(entry, "podSelector", findings),
            LabelSelectorReader.Read(entry, "namespaceSelector", findings))
        {
            Except = except,
            ServiceAccount = ReadReference(entry, "serviceAccount", AntreaPlace.ServiceAccount),
            Group = ReadName(entry, "group"),
            NodeSelector = LabelSelectorReader.Read(entry, "nodeSelector", findings),
            Fqdn = ReadName(entry, "fqdn"),
            Namespaces = ReadNamespaces(entry),
            Service = ReadReference(entry, "service", AntreaPlace.Service),
            ExternalEntitySelector = LabelSelectorReader.Read(entry, "externalEntitySelector", findings),
            IsClusterSet = ReadScope(entry),
        };
        CheckCombination(entry, peer);
        return peer;
    }

    private void CheckCombination(FieldReader entry, AntreaPeer peer)
    {
        var kinds = new[]
        {
            (Field: "ipBlock", Has: entry.Has("ipBlock")),
            (Field: "group", Has: peer.Group is not null),
            (Field: "fqdn", Has: peer.Fqdn is not null),
            (Field: "serviceAccount", Has: entry.Has("serviceAccount")),
            (Field: "service", Has: entry.Has("service")),
            (Field: "nodeSelector", Has: peer.NodeSelector is not null),
            (Field: "externalEntitySelector", Has: peer.ExternalEntitySelector is not null),
            (Field: "podSelector", Has: peer.PodSelector is not null || (peer.Namespaces is not null && peer.ExternalEntitySelector is null)),
        }.Where(k => k.Has).Select(k => k.Field).ToList();
        var isAlone = kinds is ["externalEntitySelector" or "podSelector"] || kinds.Count == 0
            || (kinds.Count == 1 && peer.NamespaceSelector is null && !entry.Has("scope"));
        if (!isAlone)
        {
            findings.Add(PolicyCode.MalformedField.At(
                entry.Path, $"has more beside '{kinds[0]}': Antrea obeys one kind of peer in an entry and ignores or refuses the others; make it several entries"));
        }

        if (peer.ServiceAccount is { Name.Length: > MaxLabelValue })
        {
            findings.Add(PolicyCode.MalformedField.At(
                entry.At("serviceAccount.name"), $"is longer than {MaxLabelValue} characters: Antrea selects the whole Namespace then"));
        }
    }

    private AntreaPeerNamespaces? ReadNamespaces(FieldReader entry)
    {
        if (entry.Object("namespaces") is not { } namespaces)
        {
            return null;
        }

        AntreaSchema.Check(namespaces, AntreaPlace.Namespaces, version, findings);
        var match = namespaces.Text("match");
        var labels = namespaces.Texts("sameLabels").ToList();
        foreach (var (label, path) in labels.Where(l => !LabelSyntax.IsKey(l.Text)))
        {
            findings.Add(PolicyCode.MalformedField.At(path, $"'{label}' cannot be a label's key"));
        }

        if (match is not (null or "Self"))
        {
            namespaces.Malformed("match", "Self");
        }
        else if ((match is not null) == namespaces.Has("sameLabels"))
        {
            findings.Add(PolicyCode.MalformedField.At(namespaces.Path, "must hold exactly one of match and sameLabels"));
        }
        else if (match is null && labels.Count == 0)
        {
            namespaces.Malformed("sameLabels", "absent, or name a label; with an empty list the rule matches every address");
        }

        return new AntreaPeerNamespaces([.. labels.Select(l => l.Text)]);
    }

    private static string? ReadName(FieldReader entry, string field)
    {
        var text = entry.Text(field);
        if (text is { Length: 0 })
        {
            entry.Malformed(field, "absent, or not empty");
        }

        return text is { Length: > 0 } ? text : null;
    }

    private static bool ReadScope(FieldReader entry)
    {
        var scope = entry.Text("scope");
        if (scope is not (null or "Cluster" or "ClusterSet"))
        {
            entry.Malformed("scope", "Cluster or ClusterSet");
        }

        return scope == "ClusterSet";
    }

    private static string? Needed(FieldReader owner, string field)
    {
        if (owner.Text(field) is { Length: > 0 } text)
        {
            return text;
        }

        owner.Malformed(field, "given");
        return null;
    }
}
