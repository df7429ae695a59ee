using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Clusters;

/// <summary>Reads Kubernetes objects from YAML or JSON text, as kubectl prints and takes it.</summary>
/// <remarks>
/// <para><b>Shape.</b> Several documents; a <c>List</c> and the typed lists (<c>PodList</c>…), whose items may leave
/// out apiVersion and kind; YAML or JSON decided by the content, not by the file's name. Empty documents are skipped.
/// Scalars mean what they mean to kubectl: quoted ones are text, <c>yes</c> is true, <c>0644</c> is octal.</para>
/// <para><b>Bounds.</b> A document has at most 64 Mi characters and 100 levels; aliases stand for at most 100,000
/// values; a duplicate key is an error.</para>
/// </remarks>
public static class ObjectReader
{
    /// <summary>Reads all objects of <paramref name="text"/>, in its order.</summary>
    /// <param name="text">YAML or JSON.</param>
    /// <param name="source">What the text is called in messages, for example the file's path.</param>
    /// <exception cref="InputException">Something is wrong with the text; everything that could be found is named.</exception>
    public static ImmutableArray<ClusterObject> Read(string text, string source)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(source);
        var objects = new List<ClusterObject>();
        var errors = new List<InputError>();
        Read(text, source, ReadLimits.Default, objects, errors);
        return errors.Count == 0 ? [.. objects] : throw new InputException(errors);
    }

    /// <summary>Adds the objects of <paramref name="text"/> to <paramref name="objects"/> and what is wrong with it to <paramref name="errors"/>.</summary>
    internal static void Read(
        string text, string source, ReadLimits limits, ICollection<ClusterObject> objects, ICollection<InputError> errors)
    {
        try
        {
            foreach (var document in Parse(text, source, limits, errors))
            {
                if (document.Root is not null)
                {
                    new DocumentObjects(source, document, objects, errors).Add(document.Root, "", null, null);
                }
            }
        }
        catch (InputException e)
        {
            foreach (var error in e.Errors)
            {
                errors.Add(error);
            }
        }
    }

    /// <summary>Reads one YAML or JSON value, for example a configuration kept in a ConfigMap.</summary>
    /// <exception cref="InputException">The text is neither, or holds more than one document.</exception>
    internal static JsonNode? ReadValue(string text, string source)
    {
        var errors = new List<InputError>();
        var documents = Parse(text, source, ReadLimits.Default, errors).ToList();
        if (documents.Count > 1)
        {
            errors.Add(new InputError(source, $"one document is expected, but there are {documents.Count}"));
        }

        return errors.Count == 0 ? documents.SingleOrDefault()?.Root : throw new InputException(errors);
    }

    private static IEnumerable<ParsedDocument> Parse(
        string text, string source, ReadLimits limits, ICollection<InputError> errors)
    {
        text = text.TrimStart('\uFEFF');
        if (text.IndexOf('\0', StringComparison.Ordinal) is >= 0 and var nul)
        {
            // YAML readers take it for the end of the text: what stands behind it would be lost without a word.
            var before = text.AsSpan(0, nul);
            errors.Add(new InputError(
                source,
                "there is a NUL character here, which neither YAML nor JSON allows; is this the file you meant?",
                Line: before.Count('\n') + 1,
                Column: nul - before.LastIndexOf('\n')));
            return [];
        }

        if (!LooksLikeJson(text.AsSpan().TrimStart()))
        {
            return new YamlNodeReader(text, source, limits, errors).Read();
        }

        // Looks like JSON, but may be YAML in its flow style: that is tried when JSON fails, and JSON's own error is
        // the one to report when neither will do.
        var jsonErrors = new List<InputError>();
        try
        {
            var documents = new JsonNodeReader(text, source, limits, jsonErrors).Read();
            foreach (var error in jsonErrors)
            {
                errors.Add(error);
            }

            return documents;
        }
        catch (InputException)
        {
            var yamlErrors = new List<InputError>();
            try
            {
                var documents = new YamlNodeReader(text, source, limits, yamlErrors).Read().ToList();
                foreach (var error in yamlErrors)
                {
                    errors.Add(error);
                }

                return documents;
            }
            catch (InputException)
            {
                // Neither: the error of the form that the text looks like is the helpful one.
            }

            throw;
        }
    }

    /// <summary>A list or a mapping in flow style whose first key, if it has one, stands in double quotes.</summary>
    private static bool LooksLikeJson(ReadOnlySpan<char> content) => content switch
    {
        ['[', ..] => true,
        ['{', .. var rest] => rest.TrimStart() is [] or ['"' or '}', ..],
        _ => false,
    };

    /// <summary>Takes the objects out of one document.</summary>
    private sealed class DocumentObjects(
        string source, ParsedDocument document, ICollection<ClusterObject> objects, ICollection<InputError> errors)
    {
        private const int DeepestList = 3;
        private TextPosition _place = document.Start;
        private int _depth;

        public void Add(JsonNode? node, string field, string? inheritedApiVersion, string? inheritedKind)
        {
            if (node is not JsonObject obj)
            {
                Fail($"a Kubernetes object is expected here, not {ObjectFields.Shown(node)}", field);
                return;
            }

            var outer = _place;
            _place = document.Places.GetValueOrDefault(obj, _place);
            if (obj["items"] is JsonArray items && IsList(obj))
            {
                AddItems(obj, items, field);
            }
            else
            {
                AddObject(obj, field, inheritedApiVersion, inheritedKind);
            }

            _place = outer;
        }

        private static bool IsList(JsonObject obj) =>
            obj.TextAt("kind") is { } kind && kind.EndsWith("List", StringComparison.Ordinal) && obj.TextAt("metadata", "name") is null;

        private void AddItems(JsonObject list, JsonArray items, string field)
        {
            if (++_depth > DeepestList)
            {
                Fail($"lists are nested deeper than {DeepestList} levels", field);
                return;
            }

            var kind = list.TextAt("kind")!;
            var typed = kind != "List";
            for (var i = 0; i < items.Count; i++)
            {
                var item = items[i];
                Add(
                    item,
                    string.Create(CultureInfo.InvariantCulture, $"{field}{(field.Length > 0 ? "." : "")}items[{i}]"),
                    typed ? list.TextAt("apiVersion") : null,
                    typed ? kind[..^"List".Length] : null);
            }

            _depth--;
        }

        private void AddObject(JsonObject obj, string field, string? inheritedApiVersion, string? inheritedKind)
        {
            if (inheritedKind is not null && obj["kind"] is null)
            {
                // First in the object, as kubectl prints them.
                obj.Insert(0, "kind", inheritedKind);
            }

            if (inheritedApiVersion is not null && obj["apiVersion"] is null)
            {
                obj.Insert(0, "apiVersion", inheritedApiVersion);
            }

            var bad = false;
            bad |= Missing(obj, field, obj["apiVersion"], "apiVersion");
            bad |= Missing(obj, field, obj["kind"], "kind");
            bad |= Missing(obj, field, obj.At("metadata", "name"), "metadata.name");
            if (!bad)
            {
                objects.Add(new ClusterObject(obj, $"{source}:{_place.Line}") { Document = document.Number });
            }
        }

        private bool Missing(JsonObject obj, string field, JsonNode? value, string name)
        {
            if (value is JsonValue scalar && scalar.TryGetValue<string>(out var text) && text.Length > 0)
            {
                return false;
            }

            var message = value is null
                ? "is missing; every Kubernetes object has apiVersion, kind and metadata.name"
                : $"must be a text, not {ObjectFields.Shown(value)}";
            Fail(message, field.Length > 0 ? $"{field}.{name}" : name, Subject(obj));
            return true;
        }

        private static string Subject(JsonObject obj) => (obj.TextAt("kind"), obj.TextAt("metadata", "name")) switch
        {
            (null, null) => "",
            var (kind, name) => $"{kind ?? "?"}/{name ?? "?"}",
        };

        private void Fail(string message, string field, string subject = "") =>
            errors.Add(new InputError(source, message, document.Number, _place.Line, _place.Column, subject, field));
    }
}
