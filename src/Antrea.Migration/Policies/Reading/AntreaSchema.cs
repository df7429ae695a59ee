using System.Collections.Frozen;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Policies.Reading;

/// <summary>A place in an Antrea object that has fields of its own.</summary>
internal enum AntreaPlace
{
    PolicySpec,
    IngressRule,
    EgressRule,
    ClusterAppliedTo,
    ClusterIngressAppliedTo,
    ClusterEgressAppliedTo,
    AppliedTo,
    RuleAppliedTo,
    ClusterFrom,
    ClusterTo,
    From,
    To,
    IPBlock,
    Namespaces,
    ServiceAccount,
    Service,
    ToService,
    Port,
    Protocol,
    Icmp,
    Igmp,
    Layer7,
    Http,
    Tls,
    Selector,
    SelectorExpression,
    ClusterGroupSpec,
    GroupSpec,
    ServiceReference,
    TierSpec,
}

/// <summary>The fields that the schemas of <c>crd.antrea.io/v1beta1</c> have, place by place. The API server drops every other one
/// and takes the rest, which as a rule selects more than was meant.</summary>
/// <remarks>Source: Antrea v1.14.0 to v2.7.0, <c>build/charts/antrea/crds</c>; a test holds the table to both manifests.</remarks>
internal static class AntreaSchema
{
    /// <summary>The oldest release whose fields are known.</summary>
    public static readonly ReleaseVersion Oldest = new(1, 14);

    /// <summary>The newest release whose fields are known.</summary>
    public static readonly ReleaseVersion Newest = new(2, 7);

    private static readonly string[] Rule =
        ["action", "name", "enableLogging", "logLabel", "ports", "protocols", "l7Protocols", "appliedTo"];

    private static readonly string[] Group =
        ["podSelector", "namespaceSelector", "externalEntitySelector", "ipBlocks", "serviceReference", "childGroups"];

    private static readonly FrozenDictionary<AntreaPlace, string[]> Fields = new Dictionary<AntreaPlace, string[]>
    {
        [AntreaPlace.PolicySpec] = ["tier", "priority", "appliedTo", "ingress", "egress"],
        [AntreaPlace.IngressRule] = [.. Rule, "from"],
        [AntreaPlace.EgressRule] = [.. Rule, "to", "toServices"],
        [AntreaPlace.ClusterAppliedTo] = ["podSelector", "namespaceSelector", "group", "serviceAccount", "service", "nodeSelector"],
        [AntreaPlace.ClusterIngressAppliedTo] = ["podSelector", "namespaceSelector", "group", "serviceAccount", "service"],
        [AntreaPlace.ClusterEgressAppliedTo] = ["podSelector", "namespaceSelector", "group", "serviceAccount"],
        [AntreaPlace.AppliedTo] = ["podSelector", "group", "externalEntitySelector"],
        [AntreaPlace.RuleAppliedTo] = ["podSelector", "group"],
        [AntreaPlace.ClusterFrom] =
            ["podSelector", "namespaceSelector", "namespaces", "ipBlock", "group", "serviceAccount", "nodeSelector", "scope"],
        [AntreaPlace.ClusterTo] =
            ["podSelector", "namespaceSelector", "namespaces", "ipBlock", "group", "serviceAccount", "nodeSelector", "fqdn"],
        [AntreaPlace.From] = ["podSelector", "namespaceSelector", "externalEntitySelector", "ipBlock", "group", "nodeSelector", "scope"],
        [AntreaPlace.To] = ["podSelector", "namespaceSelector", "externalEntitySelector", "ipBlock", "group", "nodeSelector", "fqdn"],
        [AntreaPlace.IPBlock] = ["cidr", "except"],
        [AntreaPlace.Namespaces] = ["match", "sameLabels"],
        [AntreaPlace.ServiceAccount] = ["name", "namespace"],
        [AntreaPlace.Service] = ["name", "namespace"],
        [AntreaPlace.ToService] = ["name", "namespace", "scope"],
        [AntreaPlace.Port] = ["protocol", "port", "endPort", "sourcePort", "sourceEndPort"],
        [AntreaPlace.Protocol] = ["icmp", "igmp"],
        [AntreaPlace.Icmp] = ["icmpType", "icmpCode"],
        [AntreaPlace.Igmp] = ["igmpType", "groupAddress"],
        [AntreaPlace.Layer7] = ["http", "tls"],
        [AntreaPlace.Http] = ["host", "method", "path"],
        [AntreaPlace.Tls] = ["sni"],
        [AntreaPlace.Selector] = ["matchLabels", "matchExpressions"],
        [AntreaPlace.SelectorExpression] = ["key", "operator", "values"],
        [AntreaPlace.ClusterGroupSpec] = [.. Group, "nodeSelector"],
        [AntreaPlace.GroupSpec] = Group,
        [AntreaPlace.ServiceReference] = ["name", "namespace"],
        [AntreaPlace.TierSpec] = ["priority", "description"],
    }.ToFrozenDictionary();

    /// <summary>Fields that came after the oldest release.</summary>
    private static readonly FrozenDictionary<(AntreaPlace Place, string Field), ReleaseVersion> Since =
        new Dictionary<(AntreaPlace Place, string Field), ReleaseVersion>
        {
            [(AntreaPlace.ClusterAppliedTo, "nodeSelector")] = new(1, 15),
            [(AntreaPlace.Namespaces, "sameLabels")] = new(2, 0),
            [(AntreaPlace.IPBlock, "except")] = new(2, 2),
            [(AntreaPlace.ClusterGroupSpec, "nodeSelector")] = new(2, 6),
        }.ToFrozenDictionary();

    /// <summary>The fields of a place in one release.</summary>
    public static IEnumerable<string> FieldsOf(AntreaPlace place, ReleaseVersion version) => Fields[place].Where(f => Has(place, f, version));

    /// <summary>Whether a place has a field in one release.</summary>
    public static bool Has(AntreaPlace place, string field, ReleaseVersion version) =>
        Fields[place].Contains(field) && version >= Since.GetValueOrDefault((place, field), Oldest);

    /// <summary>Reports each field of an object that its place does not have.</summary>
    public static void Check(FieldReader obj, AntreaPlace place, ReleaseVersion version, ICollection<PolicyFinding> findings)
    {
        foreach (var field in obj.Names.Where(f => !Has(place, f, version) && obj.Has(f)))
        {
            var why = Since.TryGetValue((place, field), out var since)
                ? $"Antrea has the field '{field}' here since {since}, not in {version}"
                : $"Antrea has no field '{field}' here";
            findings.Add(PolicyCode.UnknownField.At(obj.At(field), $"{why}: the API server drops it, and what is left means something else"));
        }
    }
}
