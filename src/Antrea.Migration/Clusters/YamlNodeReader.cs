using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Antrea.Migration.Clusters;

/// <summary>Reads YAML text into JSON values, with the place of everything that is wrong.</summary>
/// <remarks>Works on the parser's events rather than on an object graph: those know their lines, and nothing is built
/// from an alias before it is known how large it gets. A duplicate key is recorded and reading goes on; anything the
/// parser cannot get past ends the text with an <see cref="InputException"/>.</remarks>
internal sealed class YamlNodeReader(string text, string source, ReadLimits limits, ICollection<InputError> errors)
{
    private const string TagPrefix = "tag:yaml.org,2002:";

    private readonly Parser _parser = new(new StringReader(text));
    private readonly Dictionary<string, (JsonNode? Node, int Size)> _anchors = [];
    private readonly HashSet<string> _open = [];
    private readonly FieldPath _path = new();
    private Dictionary<JsonNode, TextPosition> _places = [];
    private int _document;
    private long _documentStart;
    private int _aliasNodes;
    private int _size;

    /// <summary>Reads the documents one by one.</summary>
    /// <exception cref="InputException">The text is not YAML, or goes beyond a limit. Thrown when that place is reached.</exception>
    public IEnumerable<ParsedDocument> Read()
    {
        Next();
        while (Next())
        {
            if (_parser.Current is not DocumentStart start)
            {
                continue;
            }

            _document++;
            _documentStart = start.Start.Index;
            _anchors.Clear();
            _path.Clear();
            _places = new Dictionary<JsonNode, TextPosition>(ReferenceEqualityComparer.Instance);
            _aliasNodes = 0;
            Next();
            var position = Position(_parser.Current!);
            var root = ReadNode(0);
            yield return new ParsedDocument(root, _document, position, _places);
        }
    }

    private static TextPosition Position(ParsingEvent e) => new((int)e.Start.Line, (int)e.Start.Column);

    private bool Next()
    {
        try
        {
            if (!_parser.MoveNext())
            {
                return false;
            }
        }
        catch (YamlException e)
        {
            var message = e.Message.Trim().TrimEnd('.');
            throw Fail($"this is not YAML: {char.ToLowerInvariant(message[0])}{message[1..]}", (int)e.Start.Line, (int)e.Start.Column);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The parser loses its way in some broken flow collections, and says so by its own assertions.
            throw _parser.Current is { } last ? Fail("this is not YAML: the text behind this place cannot be read", last) : Fail("this is not YAML", 1, 1);
        }

        var current = _parser.Current!;
        if (current is NodeEvent && _document > 0 && current.End.Index - _documentStart > limits.DocumentCharacters)
        {
            throw Fail($"the document is longer than {limits.DocumentCharacters} characters", current);
        }

        return true;
    }

    /// <summary>Reads the value that starts at the current event and leaves the parser on its last event.</summary>
    private JsonNode? ReadNode(int depth)
    {
        _size++;
        switch (_parser.Current)
        {
            case Scalar scalar:
                return Anchored(scalar.Anchor, scalar, () => ReadScalar(scalar));
            case MappingStart start:
                CheckCollection(start, "map", depth);
                return Anchored(start.Anchor, start, () => ReadMapping(start, depth + 1));
            case SequenceStart start:
                CheckCollection(start, "seq", depth);
                return Anchored(start.Anchor, start, () => ReadSequence(depth + 1));
            case AnchorAlias alias:
                return ReadAlias(alias);
            default:
                throw Fail($"'{_parser.Current}' is not expected here", _parser.Current!);
        }
    }

    private JsonNode? Anchored(AnchorName anchor, ParsingEvent at, Func<JsonNode?> read)
    {
        if (anchor.IsEmpty)
        {
            return read();
        }

        if (!_open.Add(anchor.Value))
        {
            throw Fail($"the anchor '{anchor.Value}' is used again within itself", at);
        }

        var before = _size;
        var node = read();
        _open.Remove(anchor.Value);
        _anchors[anchor.Value] = (node, _size - before + 1);
        return node;
    }

    private JsonNode? ReadAlias(AnchorAlias alias)
    {
        var name = alias.Value.Value;
        if (_open.Contains(name))
        {
            throw Fail($"the alias '*{name}' stands within the value it stands for", alias);
        }

        if (!_anchors.TryGetValue(name, out var anchored))
        {
            throw Fail($"the alias '*{name}' has no anchor '&{name}' before it", alias);
        }

        _aliasNodes += anchored.Size;
        _size += anchored.Size - 1;
        return _aliasNodes <= limits.AliasNodes
            ? anchored.Node?.DeepClone()
            : throw Fail($"the document's aliases stand for more than {limits.AliasNodes} values", alias);
    }

    private JsonNode? ReadScalar(Scalar scalar)
    {
        var tag = scalar.Tag.IsEmpty ? "" : scalar.Tag.Value;
        if (tag is "!" or TagPrefix + "str" || (tag.Length == 0 && scalar.Style != ScalarStyle.Plain))
        {
            return JsonValue.Create(scalar.Value);
        }

        if (tag.Length > 0 && tag is not (TagPrefix + "int" or TagPrefix + "float" or TagPrefix + "bool" or TagPrefix + "null"))
        {
            throw Fail($"the tag '{tag}' is not supported", scalar);
        }

        if (!YamlScalar.TryResolve(scalar.Value, out var value))
        {
            throw Fail($"'{scalar.Value}' has no counterpart in JSON", scalar);
        }

        var kind = value?.GetValueKind().ToString() switch
        {
            null => "null",
            "Number" => "float",
            "True" or "False" => "bool",
            _ => "str",
        };
        if (tag.Length > 0 && TagPrefix + kind != tag && !(kind == "float" && tag.EndsWith("int", StringComparison.Ordinal)))
        {
            throw Fail($"'{scalar.Value}' is not of the type its tag '{tag}' says", scalar);
        }

        return value;
    }

    private JsonObject ReadMapping(MappingStart start, int depth)
    {
        var mapping = new JsonObject();
        if (depth <= ParsedDocument.DepthOfPlaces)
        {
            _places[mapping] = Position(start);
        }

        List<JsonObject>? merged = null;
        while (Next() && _parser.Current is not MappingEnd)
        {
            if (_parser.Current is not Scalar key)
            {
                throw Fail("a key must be a text", _parser.Current!);
            }

            if (key is { Value.Length: 0, Style: ScalarStyle.Plain })
            {
                throw Fail("a key is missing before ':'", key);
            }

            _path.Push(key.Value);
            Next();
            if (key is { Value: "<<", Style: ScalarStyle.Plain })
            {
                (merged ??= []).AddRange(Merged(ReadNode(depth), key));
            }
            else
            {
                var value = ReadNode(depth);
                if (!mapping.TryAdd(key.Value, value))
                {
                    errors.Add(Error($"the key '{key.Value}' appears twice in one mapping", Position(key)));
                }
            }

            _path.Pop();
        }

        foreach (var (name, value) in merged?.SelectMany(m => m) ?? [])
        {
            mapping.TryAdd(name, value?.DeepClone());
        }

        return mapping;
    }

    private IEnumerable<JsonObject> Merged(JsonNode? value, Scalar key) => value switch
    {
        JsonObject one => [one],
        JsonArray many when many.All(m => m is JsonObject) => many.Cast<JsonObject>(),
        _ => throw Fail("'<<' takes a mapping or a list of mappings", key),
    };

    private JsonArray ReadSequence(int depth)
    {
        var sequence = new JsonArray();
        while (Next() && _parser.Current is not SequenceEnd)
        {
            _path.Push(sequence.Count);
            sequence.Add(ReadNode(depth));
            _path.Pop();
        }

        return sequence;
    }

    private void CheckCollection(NodeEvent start, string tag, int depth)
    {
        if (depth >= limits.Depth)
        {
            throw Fail($"values are nested deeper than {limits.Depth} levels", start);
        }

        if (!start.Tag.IsEmpty && start.Tag.Value != TagPrefix + tag)
        {
            throw Fail($"the tag '{start.Tag.Value}' is not supported", start);
        }
    }

    private InputException Fail(string message, ParsingEvent at) => new([Error(message, Position(at))]);

    private InputException Fail(string message, int line, int column) => new([Error(message, new TextPosition(line, column))]);

    private InputError Error(string message, TextPosition at) =>
        new(source, message, Math.Max(_document, 1), at.Line, at.Column, Field: _path.ToString());
}
