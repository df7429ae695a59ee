using System.Text.Json.Nodes;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using CsCheck;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Holds the written objects to Antrea's own schemas: a field that a schema lacks is dropped by the server, which widens the policy.</summary>
public sealed class AntreaSchemaTests
{
    private static IEnumerable<TestCaseData> Manifests() => new[] { "antrea-v1.14.0", "antrea-v2.7.0" }.Select(version =>
    {
        var relative = Path.Combine("shared", "upstream", version, "antrea-crds.yml");
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, relative)))
        {
            directory = directory.Parent;
        }

        var data = new TestCaseData(Path.Combine(directory?.FullName ?? "", relative)).SetArgDisplayNames(version);
        return directory is null ? data.Ignore($"no {relative} in any directory above the tests") : data;
    });

    /// <summary>Every field of every record, once; those that came after v1.14 are marked.</summary>
    private static readonly string[] EveryField =
    [
        "{kind: Tier, metadata: {name: t}, spec: {priority: 60, description: Made from o.}}",
        "{kind: ClusterGroup, metadata: {name: a}, spec: {podSelector: {matchLabels: {a: b}}, namespaceSelector: {matchExpressions: [{key: a, operator: In, values: [b, c]}, {key: a, operator: Exists}]}}}",
        "{kind: ClusterGroup, metadata: {name: b}, spec: {ipBlocks: [{cidr: 10.0.0.0/8}]}}",
        "{kind: ClusterGroup, metadata: {name: c}, spec: {ipBlocks: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}]}} # 2.2",
        "{kind: ClusterGroup, metadata: {name: d}, spec: {serviceReference: {name: a, namespace: b}}}",
        "{kind: ClusterGroup, metadata: {name: e}, spec: {childGroups: [a, b]}}",
        "{kind: ClusterGroup, metadata: {name: f}, spec: {nodeSelector: {}}} # 2.6",
        "{kind: Group, metadata: {name: g, namespace: n}, spec: {externalEntitySelector: {}}}",
        """
        {kind: ClusterNetworkPolicy, metadata: {name: p}, spec: {tier: t, priority: 1.5,
          appliedTo: [{podSelector: {}}, {namespaceSelector: {matchLabels: {a: b}}}, {group: a}, {serviceAccount: {name: a, namespace: b}}],
          ingress: [{name: i, action: Pass, from: [{ipBlock: {cidr: 10.0.0.0/8}}, {podSelector: {}, namespaces: {match: Self}}, {group: a}, {podSelector: {}, scope: ClusterSet},
            {serviceAccount: {name: a, namespace: b}}, {nodeSelector: {matchExpressions: [{key: a, operator: DoesNotExist}]}}],
            ports: [{protocol: TCP, port: 1, endPort: 2, sourcePort: 3, sourceEndPort: 4}, {protocol: UDP, port: dns}], protocols: [{icmp: {icmpType: 8, icmpCode: 0}}, {icmp: {}}, {igmp: {igmpType: 17, groupAddress: 224.0.0.22}}]}],
          egress: [{name: e, action: Drop, to: [{fqdn: '*.example.com'}]}, {name: f, action: Allow, toServices: [{name: a, namespace: b}]}]}}
        """,
        "{kind: ClusterNetworkPolicy, metadata: {name: q}, spec: {tier: t, priority: 2, ingress: [{name: i, action: Reject, appliedTo: [{service: {name: a, namespace: b}}], from: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}}",
        "{kind: ClusterNetworkPolicy, metadata: {name: r}, spec: {tier: t, priority: 3, appliedTo: [{nodeSelector: {}}], ingress: [{name: i, action: Drop}]}} # 1.15",
        "{kind: ClusterNetworkPolicy, metadata: {name: s}, spec: {tier: t, priority: 4, appliedTo: [{podSelector: {}}], ingress: [{name: i, action: Drop, from: [{namespaces: {sameLabels: [a, b]}}]}]}} # 2.0",
        "{kind: ClusterNetworkPolicy, metadata: {name: u}, spec: {tier: t, priority: 5, appliedTo: [{podSelector: {}}], egress: [{name: i, action: Drop, to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]}} # 2.2",
        """
        {kind: NetworkPolicy, metadata: {name: p, namespace: n}, spec: {tier: application, priority: 10000, appliedTo: [{podSelector: {}}, {externalEntitySelector: {}}],
          ingress: [{name: i, action: Allow, from: [{podSelector: {}, namespaceSelector: {}}, {externalEntitySelector: {}}, {nodeSelector: {}}, {ipBlock: {cidr: 'fd00::/8'}}, {group: g}]}],
          egress: [{name: e, action: Reject, to: [{fqdn: a.b}, {namespaceSelector: {matchExpressions: [{key: a, operator: NotIn, values: [b]}]}}], ports: [{protocol: SCTP}]}]}}
        """,
    ];

    private static IEnumerable<JsonObject> Samples(ReleaseVersion version) => EveryField
        .Where(s => s.Split('#') is not [_, var since] || (ReleaseVersion.TryParse(since.Trim(), out var first) && first <= version))
        .SelectMany(s => YamlObjects.Read("{apiVersion: crd.antrea.io/v1beta1, " + s.TrimStart()[1..]))
        .Select(o => o.Json);

    [TestCase("v1.14.0")]
    [TestCase("v2.7.0")]
    public void EveryField_ReadAndWritten_IsTheSame(string text)
    {
        var version = Version(text);
        using (Assert.EnterMultipleScope())
        {
            foreach (var sample in Samples(version))
            {
                var written = Rewrite(sample, version);
                Assert.That(written["metadata"]!["annotations"]!["antrea-migration/origin"]!.ToString(), Is.EqualTo("o"));
                Assert.That(JsonNode.DeepEquals(written["spec"], sample["spec"]), Is.True, () => $"{sample["spec"]!.ToJsonString()}\n{written["spec"]!.ToJsonString()}");
            }
        }
    }

    [TestCaseSource(nameof(Manifests))]
    public void EveryField_Written_HasAPlaceInTheSchema(string file)
    {
        var (schemas, version) = (ReadSchemas(file), VersionOf(file));
        var seen = new HashSet<string>(StringComparer.Ordinal);
        Assert.That(
            Samples(version).Select(s => Rewrite(s, version)).SelectMany(o => CrdSchema.Violations(o, schemas[o["kind"]!.ToString()], o["kind"]!.ToString(), seen)),
            Is.Empty);
        Assert.That(seen, Is.SupersetOf(new[]
        {
            "ClusterNetworkPolicy.spec.ingress[].from[].nodeSelector.matchExpressions[].operator",
            "ClusterNetworkPolicy.spec.ingress[].protocols[].igmp.groupAddress",
            "ClusterNetworkPolicy.spec.egress[].toServices[].namespace",
            "ClusterGroup.spec.serviceReference.name",
            "Tier.spec.description",
        }));
    }

    [TestCaseSource(nameof(Manifests))]
    public void Converted_objects_keep_to_the_schema(string file)
    {
        var schemas = ReadSchemas(file);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        PolicySetGen.Any.Sample(
            model =>
            {
                var violations = Convert(model, VersionOf(file))
                    .SelectMany(o => CrdSchema.Violations(o, schemas[o["kind"]!.ToString()], o["kind"]!.ToString(), seen))
                    .ToList();
                return violations.Count == 0 ? true : throw new InvalidOperationException(string.Join('\n', violations));
            },
            iter: 200,
            threads: 1);
        Assert.That(seen, Is.SupersetOf(new[]
        {
            "ClusterNetworkPolicy.spec.ingress[].from[].namespaceSelector.matchExpressions[].operator",
            "NetworkPolicy.spec.egress[].to[].ipBlock.cidr",
            "NetworkPolicy.spec.egress[].ports[].sourceEndPort",
            "Tier.spec.description",
        }));
    }

    /// <summary>The same without upstream's manifests: by the built-in table, the misreadings and admission's rules.</summary>
    [TestCase("v1.14.0")]
    [TestCase("v2.7.0")]
    public void Converted_objects_are_taken_as_they_are(string text) => PolicySetGen.Any.Sample(
        model =>
        {
            var objects = Convert(model, Version(text)).Select(o => new ClusterObject(o, "conversion")).ToList();
            var refusals = AntreaAdmission.Check(objects, AntreaPolicySet.Read(objects, Version(text))).ToList();
            return refusals.Count == 0 ? true : throw new InvalidOperationException(string.Join('\n', refusals));
        },
        iter: 200,
        threads: 1);

    private static IEnumerable<JsonObject> Convert(PolicySetGen.Model model, ReleaseVersion version)
    {
        var cluster = model.Build(allPods: true);
        return PolicyConverter.Convert(cluster.Snapshot, cluster.Options with { AntreaVersion = version.ToString() }).Objects;
    }

    private static JsonObject Rewrite(JsonObject json, ReleaseVersion version)
    {
        var set = AntreaPolicySet.Read([new ClusterObject(json, "test")], version);
        return set.Tiers.Select(t => AntreaPolicyJson.Write(t, "o"))
            .Concat(set.Groups.Select(g => AntreaPolicyJson.Write(g, "o")))
            .Concat(set.Policies.Select(p => AntreaPolicyJson.Write(p, "o")))
            .Single();
    }

    private static ReleaseVersion Version(string text) => ReleaseVersion.TryParse(text, out var version) ? version : throw new ArgumentException(text);

    private static ReleaseVersion VersionOf(string file) => Version(file.Contains("v1.14.0", StringComparison.Ordinal) ? "v1.14.0" : "v2.7.0");

    /// <summary>The places of the built-in table, each with the paths where upstream's schema has it.</summary>
    private static readonly (AntreaPlace Place, string Kind, string[] Paths)[] Places =
    [
        (AntreaPlace.PolicySpec, "ClusterNetworkPolicy", ["spec"]),
        (AntreaPlace.PolicySpec, "NetworkPolicy", ["spec"]),
        (AntreaPlace.IngressRule, "ClusterNetworkPolicy", ["spec.ingress[]"]),
        (AntreaPlace.IngressRule, "NetworkPolicy", ["spec.ingress[]"]),
        (AntreaPlace.EgressRule, "ClusterNetworkPolicy", ["spec.egress[]"]),
        (AntreaPlace.EgressRule, "NetworkPolicy", ["spec.egress[]"]),
        (AntreaPlace.ClusterAppliedTo, "ClusterNetworkPolicy", ["spec.appliedTo[]"]),
        (AntreaPlace.ClusterIngressAppliedTo, "ClusterNetworkPolicy", ["spec.ingress[].appliedTo[]"]),
        (AntreaPlace.ClusterEgressAppliedTo, "ClusterNetworkPolicy", ["spec.egress[].appliedTo[]"]),
        (AntreaPlace.AppliedTo, "NetworkPolicy", ["spec.appliedTo[]"]),
        (AntreaPlace.RuleAppliedTo, "NetworkPolicy", ["spec.ingress[].appliedTo[]", "spec.egress[].appliedTo[]"]),
        (AntreaPlace.ClusterFrom, "ClusterNetworkPolicy", ["spec.ingress[].from[]"]),
        (AntreaPlace.ClusterTo, "ClusterNetworkPolicy", ["spec.egress[].to[]"]),
        (AntreaPlace.From, "NetworkPolicy", ["spec.ingress[].from[]"]),
        (AntreaPlace.To, "NetworkPolicy", ["spec.egress[].to[]"]),
        (AntreaPlace.IPBlock, "ClusterNetworkPolicy", ["spec.ingress[].from[].ipBlock", "spec.egress[].to[].ipBlock"]),
        (AntreaPlace.IPBlock, "NetworkPolicy", ["spec.ingress[].from[].ipBlock", "spec.egress[].to[].ipBlock"]),
        (AntreaPlace.IPBlock, "ClusterGroup", ["spec.ipBlocks[]"]),
        (AntreaPlace.IPBlock, "Group", ["spec.ipBlocks[]"]),
        (AntreaPlace.Namespaces, "ClusterNetworkPolicy", ["spec.ingress[].from[].namespaces", "spec.egress[].to[].namespaces"]),
        (AntreaPlace.ServiceAccount, "ClusterNetworkPolicy", ["spec.appliedTo[].serviceAccount", "spec.ingress[].from[].serviceAccount"]),
        (AntreaPlace.Service, "ClusterNetworkPolicy", ["spec.appliedTo[].service"]),
        (AntreaPlace.ToService, "ClusterNetworkPolicy", ["spec.egress[].toServices[]"]),
        (AntreaPlace.ToService, "NetworkPolicy", ["spec.egress[].toServices[]"]),
        (AntreaPlace.Port, "ClusterNetworkPolicy", ["spec.ingress[].ports[]", "spec.egress[].ports[]"]),
        (AntreaPlace.Port, "NetworkPolicy", ["spec.ingress[].ports[]", "spec.egress[].ports[]"]),
        (AntreaPlace.Protocol, "NetworkPolicy", ["spec.ingress[].protocols[]", "spec.egress[].protocols[]"]),
        (AntreaPlace.Icmp, "NetworkPolicy", ["spec.ingress[].protocols[].icmp", "spec.egress[].protocols[].icmp"]),
        (AntreaPlace.Igmp, "NetworkPolicy", ["spec.ingress[].protocols[].igmp", "spec.egress[].protocols[].igmp"]),
        (AntreaPlace.Layer7, "NetworkPolicy", ["spec.ingress[].l7Protocols[]", "spec.egress[].l7Protocols[]"]),
        (AntreaPlace.Http, "NetworkPolicy", ["spec.ingress[].l7Protocols[].http", "spec.egress[].l7Protocols[].http"]),
        (AntreaPlace.Tls, "NetworkPolicy", ["spec.ingress[].l7Protocols[].tls", "spec.egress[].l7Protocols[].tls"]),
        (AntreaPlace.Selector, "ClusterNetworkPolicy", ["spec.appliedTo[].podSelector", "spec.ingress[].from[].namespaceSelector", "spec.egress[].to[].nodeSelector"]),
        (AntreaPlace.SelectorExpression, "ClusterNetworkPolicy", ["spec.appliedTo[].podSelector.matchExpressions[]"]),
        (AntreaPlace.ClusterGroupSpec, "ClusterGroup", ["spec"]),
        (AntreaPlace.GroupSpec, "Group", ["spec"]),
        (AntreaPlace.ServiceReference, "ClusterGroup", ["spec.serviceReference"]),
        (AntreaPlace.ServiceReference, "Group", ["spec.serviceReference"]),
        (AntreaPlace.TierSpec, "Tier", ["spec"]),
    ];

    [TestCaseSource(nameof(Manifests))]
    public void BuiltInTable_IsTheSchemas(string file)
    {
        var (schemas, version) = (ReadSchemas(file), VersionOf(file));
        using (Assert.EnterMultipleScope())
        {
            foreach (var (place, kind, paths) in Places)
            {
                foreach (var path in paths)
                {
                    Assert.That(
                        AntreaSchema.FieldsOf(place, version),
                        Is.EquivalentTo(SchemaAt(schemas[kind], path)["properties"]!.AsObject().Select(p => p.Key)),
                        $"{place}: {kind}.{path}");
                }
            }
        }

        Assert.That(Places.Select(p => p.Place).Distinct(), Is.EquivalentTo(Enum.GetValues<AntreaPlace>()));
    }

    private static JsonObject SchemaAt(JsonObject schema, string path) => path.Split('.').Aggregate(schema, (s, step) =>
    {
        var field = s["properties"]![step.Replace("[]", "", StringComparison.Ordinal)]!;
        return (step.EndsWith("[]", StringComparison.Ordinal) ? field["items"]! : field).AsObject();
    });

    /// <summary>The v1beta1 schemas by kind, from an upstream manifest that lies beside a checkout on some machines.</summary>
    private static Dictionary<string, JsonObject> ReadSchemas(string file) =>
        YamlObjects.Read(File.ReadAllText(file))
            .Where(o => o.Json["spec"]!["group"]!.ToString() == "crd.antrea.io")
            .Select(o => (
                Kind: o.Json["spec"]!["names"]!["kind"]!.ToString(),
                Version: o.Json["spec"]!["versions"]!.AsArray().FirstOrDefault(v => v!["name"]!.ToString() == "v1beta1")))
            .Where(o => o.Version is not null)
            .ToDictionary(o => o.Kind, o => o.Version!["schema"]!["openAPIV3Schema"]!.AsObject());
}
