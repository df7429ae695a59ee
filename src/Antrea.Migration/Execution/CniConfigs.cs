using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Bridge;

namespace Antrea.Migration.Execution;

/// <summary>The CNI configurations of one Node, as <see cref="NodeCommands.ReadCniConfigs"/> prints them.</summary>
/// <param name="Texts">By file name; only what a container runtime would look at.</param>
internal sealed record CniConfigs(SortedDictionary<string, string> Texts)
{
    /// <summary>Reads a line a file: Base64, a space, the name.</summary>
    /// <exception cref="FormatException">A line is not so.</exception>
    public static CniConfigs Parse(string output)
    {
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var end = line.IndexOf(' ');
            texts[line[(end + 1)..]] = end >= 0
                ? Encoding.UTF8.GetString(Convert.FromBase64String(line[..end]))
                : throw new FormatException($"A Node's CNI configurations cannot be read: '{line}' is not Base64, a space and a name.");
        }

        return new CniConfigs(texts);
    }

    /// <summary>A file's text; null when there is none of that name.</summary>
    public string? this[string name] => Texts.GetValueOrDefault(name);

    /// <summary>The name of Calico's network by its own file or our copy of it; <see cref="NodeCommands.CalicoNetwork"/> where neither says a usable one.</summary>
    public string CalicoNetwork => NameIn("10-calico.conflist") ?? NameIn(HeldConfig.FileName) ?? NodeCommands.CalicoNetwork;

    /// <summary>The file the container runtime would load: the first by name, were <paramref name="except"/> not there.</summary>
    public string? First(string? except = null) => Texts.Keys.FirstOrDefault(f => f != except);

    private string? NameIn(string file)
    {
        try
        {
            return this[file] is { } text && JsonNode.Parse(text) is JsonObject json && json["name"] is JsonValue value && value.TryGetValue<string>(out var name) && NodeCommands.IsNetworkName(name) ? name : null;
        }
        catch (JsonException)
        {
            return null; // Whoever needs the file says what is wrong with it.
        }
    }
}
