using System.Text.Json;
using System.Text.Json.Serialization;
using Antrea.Migration.Addressing;
using Antrea.Migration.Internal;

namespace Antrea.Migration.Planning;

/// <summary>The saved form of a plan: one JSON object, readable by people, read back by <see cref="Parse"/>.</summary>
public static class PlanJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(), new CidrConverter() },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>The plan as indented JSON with its schema version, ending in a line feed.</summary>
    public static string Format(MigrationPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return JsonSerializer.Serialize(new Document(MigrationPlan.CurrentSchemaVersion, plan), Options) + "\n";
    }

    /// <summary>Reads what <see cref="Format"/> wrote.</summary>
    /// <param name="text">The JSON.</param>
    /// <param name="source">Where it came from, for messages.</param>
    /// <exception cref="FormatException">It is not a plan, or one of another schema version; the message says where.</exception>
    public static MigrationPlan Parse(string text, string source)
    {
        try
        {
            var document = JsonSerializer.Deserialize<Document>(text, Options);
            return document is { SchemaVersion: MigrationPlan.CurrentSchemaVersion, Plan: not null }
                ? document.Plan
                : throw new FormatException($"{source}: plan schema version {document?.SchemaVersion}; this program reads {MigrationPlan.CurrentSchemaVersion}.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"{source}: not a migration plan: {e.Message}", e);
        }
    }

    /// <summary>The plan in little room, for a journal's first entry.</summary>
    internal static string Pack(MigrationPlan plan) => PackedText.Pack(Format(plan));

    /// <summary>Reads what <see cref="Pack"/> wrote.</summary>
    /// <exception cref="FormatException">It is no packed plan.</exception>
    internal static MigrationPlan Unpack(string text, string source) => Parse(PackedText.Unpack(text, source), source);

    private sealed record Document(int SchemaVersion, MigrationPlan Plan);

    private sealed class CidrConverter : JsonConverter<Cidr>
    {
        public override Cidr Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Cidr.TryParse(reader.GetString(), out var cidr, out var error) ? cidr : throw new JsonException(error);

        public override void Write(Utf8JsonWriter writer, Cidr value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.ToString());
    }
}
