using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Answers get and list. A list in pages shows the moment of its first page throughout.</summary>
internal sealed class ReadHandler
{
    private const int KeptSnapshots = 64;
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Snapshot> _snapshots = [];
    private readonly Queue<string> _order = [];
    private long _nextSnapshot;

    /// <summary>GET of one object.</summary>
    public Task GetAsync(ApiCall call)
    {
        var found = call.Store.Peek(call.Type, call.Namespace, call.Name)
            ?? throw ApiException.NotFound(call.Type.Plural, call.Name, call.Type.Group);
        var shown = call.Present(found);
        return TableRequest.Of(call) is { } table
            ? call.AnswerAsync(table.Render([shown], found.Text("metadata", "resourceVersion") ?? ""))
            : call.AnswerAsync(shown);
    }

    /// <summary>GET of a collection.</summary>
    public Task ListAsync(ApiCall call)
    {
        var limit = call.Query("limit") is not { Length: > 0 } wanted
            ? 0
            : int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out var asked)
                ? asked
                : throw ApiException.BadRequest($"limit: \"{wanted}\" is no number");
        var (items, version, start, id) = call.Query("continue") is { Length: > 0 } token ? Continue(call, token) : Begin(call);
        var selection = new ObjectSelection(call);
        var page = new List<JsonObject>();
        var next = start;
        for (; next < items.Count && (limit == 0 || page.Count < limit); next++)
        {
            if (selection.Includes(items[next]))
            {
                page.Add(items[next]);
            }
        }

        var rest = items.Skip(next).Count(selection.Includes);
        var metadata = new JsonObject { ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture) };
        if (rest > 0)
        {
            metadata["continue"] = Token(id ?? Keep(call.Type, items, version), next);
            if (!selection.HasSelectors)
            {
                metadata["remainingItemCount"] = rest;
            }
        }

        if (TableRequest.Of(call) is { } table)
        {
            return call.AnswerAsync(table.Render([.. page.Select(call.Present)], metadata));
        }

        return ApiCall.AnswerAsync(
            call.Http,
            writer =>
            {
                writer.WriteStartObject();
                writer.WriteString("kind", call.Resource.ListKind);
                writer.WriteString("apiVersion", call.Resource.ApiVersion);
                writer.WritePropertyName("metadata");
                metadata.WriteTo(writer);
                writer.WriteStartArray("items");
                foreach (var item in page)
                {
                    WriteItem(writer, call.Present(item), call.Resource.IsCustom);
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
            },
            HttpStatusCode.OK,
            call.Aborted);
    }

    /// <summary>Items of built-in kinds leave out what their list says once; custom ones are written as they are.</summary>
    private static void WriteItem(Utf8JsonWriter writer, JsonObject item, bool isCustom)
    {
        if (isCustom)
        {
            item.WriteTo(writer);
            return;
        }

        writer.WriteStartObject();
        foreach (var (field, value) in item.Where(f => f.Key is not ("kind" or "apiVersion")))
        {
            writer.WritePropertyName(field);
            if (value is null)
            {
                writer.WriteNullValue();
            }
            else
            {
                value.WriteTo(writer);
            }
        }

        writer.WriteEndObject();
    }

    private static (List<JsonObject> Items, long Version, int Start, string? Id) Begin(ApiCall call)
    {
        var (items, version) = call.Store.PeekWithVersion(call.Type, call.Namespace.Length > 0 ? call.Namespace : null);
        if (call.Query("resourceVersion") is { Length: > 0 } asked)
        {
            var wanted = WatchHandler.ParseVersion(asked);
            CheckReached(wanted, version);
            if (call.Query("resourceVersionMatch") == "Exact" && wanted != version)
            {
                throw ApiException.Expired($"The resourceVersion for the provided list is too old: only the newest ({version}) can be listed exactly.");
            }
        }

        return (items, version, 0, null);
    }

    /// <summary>A version from the future can only come from another cluster.</summary>
    /// <exception cref="ApiException">504.</exception>
    public static void CheckReached(long wanted, long version)
    {
        if (wanted > version)
        {
            throw new ApiException(HttpStatusCode.GatewayTimeout, "Timeout", $"Too large resource version: {wanted}, current: {version}")
            {
                RetryAfterSeconds = 1,
            };
        }
    }

    private static string Token(string snapshot, int next) =>
        Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(new JsonArray(snapshot, next)));

    private (List<JsonObject> Items, long Version, int Start, string? Id) Continue(ApiCall call, string token)
    {
        var bytes = new byte[token.Length];
        if (!Convert.TryFromBase64String(token, bytes, out var length)
            || ParseToken(Encoding.UTF8.GetString(bytes, 0, length)) is not var (id, start))
        {
            throw ApiException.BadRequest("continue key is not valid: it was not made by this server");
        }

        lock (_gate)
        {
            return _snapshots.TryGetValue(id, out var snapshot) && snapshot.Type == call.Type
                ? (snapshot.Items, snapshot.Version, start, id)
                : throw ApiException.Expired(
                    "The provided continue parameter is too old to display a consistent list result. You must start a new list without the continue parameter.");
        }
    }

    private static (string Id, int Start)? ParseToken(string text)
    {
        try
        {
            return JsonNode.Parse(text) is JsonArray { Count: 2 } parts && parts[0].Text() is { } id && parts[1].Number() is { } start
                ? (id, (int)start)
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string Keep(ResourceType type, List<JsonObject> items, long version)
    {
        lock (_gate)
        {
            var id = (++_nextSnapshot).ToString(CultureInfo.InvariantCulture);
            _snapshots[id] = new Snapshot(type, items, version);
            _order.Enqueue(id);
            if (_order.Count > KeptSnapshots)
            {
                _snapshots.Remove(_order.Dequeue());
            }

            return id;
        }
    }

    private sealed record Snapshot(ResourceType Type, List<JsonObject> Items, long Version);
}
