using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Clusters;

/// <summary>Reads JSON text, one value or several behind each other, with the place of everything that is wrong.</summary>
internal sealed class JsonNodeReader(string text, string source, ReadLimits limits, ICollection<InputError> errors)
{
    private const int Words = 1024;
    private const int LongestWord = 64;

    private readonly byte[] _bytes = Encoding.UTF8.GetBytes(text);
    private readonly FieldPath _path = new();
    private readonly string?[] _words = new string?[Words];
    private Dictionary<JsonNode, TextPosition> _places = [];
    private int _document;
    private long _lineStart;
    private int _line = 1;
    private long _scanned;

    /// <summary>Reads all values.</summary>
    /// <exception cref="InputException">The text is not JSON, or goes beyond a limit; the field it reached is named.</exception>
    public List<ParsedDocument> Read()
    {
        var documents = new List<ParsedDocument>();
        var reader = new Utf8JsonReader(
            _bytes, new JsonReaderOptions { AllowMultipleValues = true, MaxDepth = limits.Depth });
        try
        {
            while (reader.Read())
            {
                _document++;
                _path.Clear();
                _places = new Dictionary<JsonNode, TextPosition>(ReferenceEqualityComparer.Instance);
                var start = reader.TokenStartIndex;
                var position = Position(start);
                var root = ReadNode(ref reader, 0);
                if (reader.BytesConsumed - start > limits.DocumentCharacters)
                {
                    throw new InputException([Error($"the document is longer than {limits.DocumentCharacters} characters", position)]);
                }

                documents.Add(new ParsedDocument(root, _document, position, _places));
            }
        }
        catch (JsonException e)
        {
            // The place is in the exception's properties; its message repeats it, counted from 0.
            var message = e.Message.Split(" LineNumber:")[0].Split(" Path:")[0].TrimEnd('.');
            throw new InputException(
                [Error($"this is not JSON: {message}", new TextPosition((int)(e.LineNumber ?? 0) + 1, (int)(e.BytePositionInLine ?? 0) + 1))]);
        }

        return documents;
    }

    private JsonNode? ReadNode(ref Utf8JsonReader reader, int depth)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadObject(ref reader, depth + 1);
            case JsonTokenType.StartArray:
                var array = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    _path.Push(array.Count);
                    array.Add(ReadNode(ref reader, depth + 1));
                    _path.Pop();
                }

                return array;
            case JsonTokenType.String:
                return JsonValue.Create(Text(ref reader));
            case JsonTokenType.True:
            case JsonTokenType.False:
                return JsonValue.Create(reader.GetBoolean());
            case JsonTokenType.Null:
                return null;
            default:
                return JsonNode.Parse(reader.ValueSpan);
        }
    }

    private JsonObject ReadObject(ref Utf8JsonReader reader, int depth)
    {
        var obj = new JsonObject();
        if (depth <= ParsedDocument.DepthOfPlaces)
        {
            _places[obj] = Position(reader.TokenStartIndex);
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var key = Text(ref reader);
            var at = reader.TokenStartIndex;
            _path.Push(key);
            reader.Read();
            var value = ReadNode(ref reader, depth);
            if (!obj.TryAdd(key, value))
            {
                errors.Add(Error($"the key '{key}' appears twice in one object", Position(at)));
            }

            _path.Pop();
        }

        return obj;
    }

    private string Text(ref Utf8JsonReader reader)
    {
        // Most keys and many values are the same few words, so each is kept once.
        ref var word = ref _words[reader.ValueSpan.Length <= LongestWord ? PlaceOf(reader.ValueSpan) : 0];
        try
        {
            return word is not null && reader.ValueTextEquals(word) ? word : word = reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair behind \u: no text at all, and nothing that can be written back.
            throw new InputException([Error("a string holds half of a surrogate pair", Position(reader.TokenStartIndex))]);
        }
    }

    private static int PlaceOf(ReadOnlySpan<byte> word)
    {
        var hash = (uint)word.Length;
        foreach (var letter in word)
        {
            hash = (hash ^ letter) * 16777619;
        }

        return (int)((hash ^ (hash >> 15)) % Words);
    }

    // Places are asked for in nearly rising order, so lines are counted once over the text and not once for each place.
    private TextPosition Position(long index)
    {
        if (index < _lineStart)
        {
            (_line, _lineStart, _scanned) = (1, 0, 0);
        }

        for (; _scanned < index; _scanned++)
        {
            if (_bytes[_scanned] == (byte)'\n')
            {
                _line++;
                _lineStart = _scanned + 1;
            }
        }

        return new TextPosition(_line, Encoding.UTF8.GetCharCount(_bytes.AsSpan((int)_lineStart, (int)(index - _lineStart))) + 1);
    }

    private InputError Error(string message, TextPosition at) =>
        new(source, message, Math.Max(_document, 1), at.Line, at.Column, Field: _path.ToString());
}
