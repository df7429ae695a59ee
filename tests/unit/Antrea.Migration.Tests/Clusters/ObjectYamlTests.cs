using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using CsCheck;

namespace Antrea.Migration.Tests.Clusters;

[TestFixture]
internal sealed class ObjectYamlTests
{
    // Texts that mean something else when they are not quoted, and characters that layout rules touch.
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.OneOf(
            "", "yes", "n", "null", "~", "1_000", "0644", "0x1f", "1e3", ".5", "2023-10-14", "<<", "=", "- a", "a: b", "a #b", "#", "&a", "*a", "!a", "%a",
            "@a", "`a`", "'", "\"", "\\", "{", "[", "]", "|", ">", "?", ":", "-", "---", "...", " a", "a ", "\ta", "a\n", "\na", "a\n\n", "a\nb", "a\nb\n",
            "a \nb\n", "a\n b\n", " a\nb\n", "a\r\nb\n", "\u0085", "\u2028", "\ufeff", "\u0000", "\u007f", "ä", "漢字", "😀", "a\tb\n", "# a\n", "--- a\n", "...\n"),
        Gen.String[Gen.OneOf(" \n\ta0:-#'\"\\|{}[],&*!%@`é".ToCharArray()), 0, 12],
        Gen.String[Gen.Char['\u0001', '\u2fff'], 0, 12]);

    private static readonly Gen<JsonNode?> Scalar = Gen.OneOf<JsonNode?>(
        Text.Select(t => (JsonNode?)JsonValue.Create(t)),
        Gen.Long.Select(n => (JsonNode?)JsonValue.Create(n)),
        Gen.Double.Where(double.IsFinite).Select(n => (JsonNode?)JsonValue.Create(n)),
        Gen.Bool.Select(b => (JsonNode?)JsonValue.Create(b)),
        Gen.Const((JsonNode?)null));

    private static readonly Gen<JsonNode?> Value = Gen.Recursive<JsonNode?>((depth, next) => depth > 3
        ? Scalar
        : Gen.Frequency(
            (3, Scalar),
            (1, next.List[0, 4].Select(items => (JsonNode?)new JsonArray([.. items.Select(i => i?.DeepClone())]))),
            (2, Gen.Dictionary(Text, next)[0, 4].Select(fields => (JsonNode?)new JsonObject(fields.Select(f => KeyValuePair.Create(f.Key, f.Value?.DeepClone())))))));

    [Test]
    public void WriteDocument_AnyValue_ReadsBackEqual() =>
        Gen.Dictionary(Text, Value)[0, 5]
            .Select(fields => new JsonObject(fields.Select(f => KeyValuePair.Create(f.Key, f.Value?.DeepClone()))))
            .Sample(
                obj => JsonNode.DeepEquals(ObjectReader.ReadValue(Write(obj), "x"), obj),
                iter: 5_000,
                print: obj => $"{obj.ToJsonString()}\n{Write(obj)}");

    [Test]
    public void WriteDocument_SeveralLines_StayReadable() =>
        Assert.That(
            Write(new JsonObject { ["data"] = new JsonObject { ["a.conf"] = "mode: iptables\nclusterCIDR: 10.10.0.0/16\n" }, ["on"] = "yes", ["n"] = 3 }),
            Is.EqualTo("---\ndata:\n  a.conf: |\n    mode: iptables\n    clusterCIDR: 10.10.0.0/16\n\"on\": \"yes\"\n\"n\": 3\n"));

    [Test]
    public void Write_TextsThatYamlMisreads_AreQuoted()
    {
        var yaml = ObjectYaml.Write(new JsonObject
        {
            ["yes"] = "no",
            ["number"] = "8080",
            ["real"] = 1.5,
            ["text"] = "a: b\nc",
            ["empty"] = new JsonObject(),
            ["none"] = null,
            ["list"] = new JsonArray("true", true),
        });
        Assert.That(yaml, Is.EqualTo(
            "\"yes\": \"no\"\nnumber: \"8080\"\nreal: 1.5\ntext: \"a: b\\nc\"\nempty: {}\nnone: null\nlist:\n- \"true\"\n- true\n"));
    }

    private static string Write(JsonNode node)
    {
        using var writer = new StringWriter();
        ObjectYaml.WriteDocument(writer, node);
        return writer.ToString();
    }
}
