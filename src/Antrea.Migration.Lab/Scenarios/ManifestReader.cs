using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Antrea.Migration.Lab.Scenarios;

/// <summary>Reads the lab's manifests: YAML documents as JSON objects, plain scalars typed by the JSON schema of YAML 1.2.</summary>
internal static class ManifestReader
{
    /// <summary>The objects of all documents in order; empty documents are left out, a <c>List</c> is taken apart.</summary>
    /// <exception cref="FormatException">The text is no YAML, or a document is no mapping.</exception>
    public static IEnumerable<JsonObject> Read(string yaml)
    {
        var stream = new YamlStream();
        try
        {
            stream.Load(new StringReader(yaml));
        }
        catch (YamlException e)
        {
            throw new FormatException($"line {e.Start.Line}: {e.Message}", e);
        }

        foreach (var document in stream.Documents)
        {
            var node = Convert(document.RootNode);
            if (node is null)
            {
                continue;
            }

            var obj = node as JsonObject ?? throw new FormatException($"line {document.RootNode.Start.Line}: a document that is no object");
            if (obj["kind"]?.ToString() == "List" && obj["items"] is JsonArray items)
            {
                foreach (var item in items.OfType<JsonObject>().ToList())
                {
                    yield return (JsonObject)item.DeepClone();
                }
            }
            else
            {
                yield return obj;
            }
        }
    }

    private static JsonNode? Convert(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(
            c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value ?? "", Convert(c.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(Convert)]),
        YamlScalarNode scalar => Scalar(scalar),
        _ => throw new FormatException($"line {node.Start.Line}: aliases are not read"),
    };

    private static JsonNode? Scalar(YamlScalarNode scalar)
    {
        var text = scalar.Value ?? "";
        if (scalar.Style != ScalarStyle.Plain)
        {
            return text;
        }

        return text switch
        {
            "" or "~" or "null" => null,
            "true" => true,
            "false" => false,
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) => whole,
            _ when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) => number,
            _ => text,
        };
    }
}
