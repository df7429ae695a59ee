using System.Text.Json.Nodes;
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
