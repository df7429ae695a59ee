using System.Text.Json;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Antrea.Migration.Clusters;

/// <summary>Writes JSON values as YAML in block style that every reader, of version 1.1 or 1.2, reads back as the same values.</summary>
/// <remarks>Fields keep their order, so equal objects give equal bytes. Texts are quoted unless every YAML reader takes them for texts
/// without; texts of several lines are written as such where nothing is lost by it.</remarks>
public static class ObjectYaml
{
    /// <summary>The object as one YAML document that ends in a line feed.</summary>
    public static string Write(JsonObject json)
    {
        ArgumentNullException.ThrowIfNull(json);
        using var writer = new StringWriter();
        Write(writer, json, isImplicit: true);
        return writer.ToString();
    }

    /// <summary>Writes one document, ended by a line break, with <c>---</c> in front of it.</summary>
    internal static void WriteDocument(TextWriter writer, JsonNode? node) => Write(writer, node, isImplicit: false);

    private static void Write(TextWriter writer, JsonNode? node, bool isImplicit)
    {
        var settings = new EmitterSettings().WithBestWidth(int.MaxValue).WithMaxSimpleKeyLength(1024).WithNewLine("\n");
        var emitter = new Emitter(writer, settings);
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit));
        Write(emitter, node);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
    }

    private static void Write(Emitter emitter, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject obj:
                var mapping = obj.Count == 0 ? MappingStyle.Flow : MappingStyle.Block;
                emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, mapping));
                foreach (var (key, value) in obj)
                {
                    emitter.Emit(Text(key, isKey: true));
                    Write(emitter, value);
                }

                emitter.Emit(new MappingEnd());
                break;
            case JsonArray array:
                var sequence = array.Count == 0 ? SequenceStyle.Flow : SequenceStyle.Block;
                emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true, sequence));
                foreach (var item in array)
                {
                    Write(emitter, item);
                }

                emitter.Emit(new SequenceEnd());
                break;
            case JsonValue value when value.GetValueKind() == JsonValueKind.String:
                emitter.Emit(Text(value.GetValue<string>(), isKey: false));
                break;
            default:
                emitter.Emit(Plain(node?.ToJsonString() ?? "null"));
                break;
        }
    }

    private static Scalar Plain(string text) =>
        new(AnchorName.Empty, TagName.Empty, text, ScalarStyle.Plain, isPlainImplicit: true, isQuotedImplicit: false);

    private static Scalar Text(string text, bool isKey)
    {
        if (YamlScalar.IsPlainText(text))
        {
            return Plain(text);
        }

        var style = !isKey && IsBlockText(text) ? ScalarStyle.Literal : ScalarStyle.DoubleQuoted;
        return new Scalar(AnchorName.Empty, TagName.Empty, text, style, isPlainImplicit: false, isQuotedImplicit: true);
    }

    // A block scalar keeps its text only if no line of it starts or ends with something that layout rules would eat.
    private static bool IsBlockText(string text)
    {
        if (text.Length < 2 || !text.EndsWith('\n') || text.EndsWith("\n\n", StringComparison.Ordinal) || text[0] is ' ' or '\n')
        {
            return false;
        }

        for (var i = 0; i < text.Length; i++)
        {
            var isBreak = text[i] == '\n';
            if ((!isBreak && text[i] is < ' ' or > '~') || (isBreak && i > 0 && text[i - 1] == ' '))
            {
                return false;
            }
        }

        return true;
    }
}
