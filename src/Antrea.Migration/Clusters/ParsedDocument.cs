using System.Text.Json.Nodes;

namespace Antrea.Migration.Clusters;

/// <summary>A place in a text, both counted from 1.</summary>
internal readonly record struct TextPosition(int Line, int Column);

/// <summary>One document of a YAML or JSON text, with the places of its mappings.</summary>
/// <param name="Root">The value; null for an empty document.</param>
/// <param name="Number">Which document of the text, counted from 1.</param>
/// <param name="Start">Where it starts.</param>
/// <param name="Places">Where mappings near the root start: those that can be objects or items of a list.</param>
internal sealed record ParsedDocument(
    JsonNode? Root, int Number, TextPosition Start, IReadOnlyDictionary<JsonNode, TextPosition> Places)
{
    /// <summary>How deep a mapping may lie to have its place kept: a list of lists' items are at 5.</summary>
    public const int DepthOfPlaces = 5;
}

/// <summary>The path to the value being read, as people write it: <c>spec.podCIDRs[0]</c>.</summary>
internal sealed class FieldPath
{
    private readonly List<string> _steps = [];

    /// <summary>How deep the path is.</summary>
    public int Depth => _steps.Count;

    /// <summary>Goes into the field of a mapping.</summary>
    public void Push(string key) => _steps.Add(_steps.Count == 0 ? key : "." + key);

    /// <summary>Goes into the element of a sequence, counted from 0.</summary>
    public void Push(int index) => _steps.Add($"[{index}]");

    /// <summary>Goes back out.</summary>
    public void Pop() => _steps.RemoveAt(_steps.Count - 1);

    /// <summary>Forgets everything; for the next document.</summary>
    public void Clear() => _steps.Clear();

    /// <inheritdoc/>
    public override string ToString() => string.Concat(_steps);
}
