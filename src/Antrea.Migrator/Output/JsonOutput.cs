using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Findings;

namespace Antrea.Migrator.Output;

/// <summary>JSON for machines: indented, characters as they are.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions Options = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Format(JsonNode node) => node.ToJsonString(Options);

    public static void WriteJson(this TextWriter output, JsonNode node) => output.WriteLine(Format(node));

    public static JsonArray Of(IEnumerable<Finding> findings) => new([.. findings.Select(f => new JsonObject
    {
        ["id"] = f.Id,
        ["severity"] = f.Severity.ToString(),
        ["subject"] = f.Subject,
        ["evidence"] = f.Evidence,
        ["remedy"] = f.Remedy,
    })]);
}
