using System.Text.Json.Nodes;
using Antrea.Migration.Internal;
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

    [TestCaseSource(nameof(Manifests))]
    public void Written_fields_exist_in_the_schema(string file)
    {
        var schemas = ReadSchemas(file);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        PolicySetGen.Any.Sample(
            model =>
            {
                var unknown = model.Build(allPods: true).Convert().Objects
                    .SelectMany(o => Unknown(o, schemas[o["kind"]!.ToString()], o["kind"]!.ToString(), seen))
                    .ToList();
                return unknown.Count == 0 ? true : throw new InvalidOperationException(string.Join('\n', unknown));
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
        var schemas = ReadSchemas(file);
        var version = file.Contains("v1.14.0", StringComparison.Ordinal) ? new ReleaseVersion(1, 14) : new ReleaseVersion(2, 7);
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

    private static IEnumerable<string> Unknown(JsonNode? value, JsonObject schema, string path, HashSet<string> seen)
    {
        seen.Add(path);
        switch (value)
        {
            case JsonObject map when schema["additionalProperties"] is JsonObject any:
                return map.SelectMany(f => Unknown(f.Value, any, $"{path}.{f.Key}", seen));
            case JsonObject map when path.EndsWith(".metadata", StringComparison.Ordinal):
                return [];
            case JsonObject map:
                return map.SelectMany(f => (schema["properties"] as JsonObject)?[f.Key] is JsonObject property
                    ? Unknown(f.Value, property, $"{path}.{f.Key}", seen)
                    : f.Key is "apiVersion" or "kind" or "metadata" && !path.Contains('.', StringComparison.Ordinal) ? [] : [$"{path}.{f.Key}"]);
            case JsonArray list:
                return list.SelectMany(i => Unknown(i, schema["items"] as JsonObject ?? [], $"{path}[]", seen));
            default:
                return schema["enum"] is JsonArray allowed && !allowed.Any(a => a!.ToString() == value?.ToString()) ? [$"{path}={value}"] : [];
        }
    }

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
