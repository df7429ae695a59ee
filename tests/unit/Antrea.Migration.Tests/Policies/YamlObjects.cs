using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Reads test objects from YAML text; bare numbers and true/false keep their types.</summary>
internal static class YamlObjects
{
    public static IEnumerable<ClusterObject> Read(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        foreach (var document in stream.Documents)
        {
            var json = (JsonObject)ToJson(document.RootNode)!;
            yield return new ClusterObject(json, "test");
        }
    }

    private static JsonNode? ToJson(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(
            map.Children.Select(c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value!, ToJson(c.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Select(ToJson)]),
        YamlScalarNode { Style: not ScalarStyle.Plain } text => text.Value,
        YamlScalarNode { Value: "true" } => true,
        YamlScalarNode { Value: "false" } => false,
        YamlScalarNode { Value: "" or "null" } => null,
        YamlScalarNode scalar when long.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) =>
            whole,
        YamlScalarNode scalar when double.TryParse(scalar.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        YamlScalarNode scalar => scalar.Value,
        _ => throw new FormatException($"line {node.Start.Line}: not read here"),
    };
}
