using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Answers watches: one JSON object a line, until the time is up, the caller leaves or the server stops.</summary>
internal static class WatchHandler
{
    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan DefaultTimeout = TimeSpan.FromMinutes(30);

    /// <summary>GET with <c>watch=true</c>.</summary>
    public static async Task WatchAsync(ApiCall call)
    {
        var stream = new EventStream(call, new ObjectSelection(call), TableRequest.Of(call));
        var since = ParseVersion(call.Query("resourceVersion"));
        ReadHandler.CheckReached(since, call.Store.Version);
        var initial = call.Query("sendInitialEvents") switch
        {
            "true" when call.Query("resourceVersionMatch") != "NotOlderThan" => throw ApiException.BadRequest(
                "sendInitialEvents needs resourceVersionMatch=NotOlderThan"),
            "true" => true,
            "false" => false,
            _ => since == 0,
        };

        var timeout = long.TryParse(call.Query("timeoutSeconds"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds > 0
            ? TimeSpan.FromSeconds(seconds)
            : DefaultTimeout;
        using var timer = new CancellationTokenSource(timeout, call.Services.Time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, call.Aborted);

        call.Http.Response.ContentType = "application/json";
        await call.Http.Response.StartAsync(call.Aborted).ConfigureAwait(false);
        try
        {
            await RunAsync(call, stream, since, initial, ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (timer.IsCancellationRequested && !call.Aborted.IsCancellationRequested)
        {
            // The caller asked for a watch of this length; ending the answer is how it learns that the time is up.
        }
        catch (WatchDroppedException)
        {
            call.Http.Abort();
        }
    }

    /// <summary>A resource version out of a query; 0 for none.</summary>
    /// <exception cref="ApiException">400: not a number.</exception>
    public static long ParseVersion(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return 0;
        }

        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var version)
            ? version
            : throw ApiException.BadRequest($"Invalid value: \"{text}\": resourceVersion must be a number");
    }

    private static async Task RunAsync(ApiCall call, EventStream stream, long since, bool initial, CancellationToken ended)
    {
        var (items, version) = call.Store.PeekWithVersion(call.Type, call.Namespace.Length > 0 ? call.Namespace : null);
        if (since == 0 || initial)
        {
            since = version;
        }

        var events = Channel.CreateUnbounded<StoreEvent>(new UnboundedChannelOptions { SingleReader = true });
        IDisposable subscription;
        try
        {
            CheckKept(call, since);
            subscription = call.Store.Subscribe(
                happened =>
                {
                    if (happened.Resource == call.Type)
                    {
                        events.Writer.TryWrite(happened);
                    }
                },
                since);
        }
        catch (StoreConflictException refusal)
        {
            await stream.WriteAsync("ERROR", ApiException.From(refusal).ToStatus()).ConfigureAwait(false);
            return;
        }

        using (subscription)
        {
            stream.Begin();
            if (initial)
            {
                foreach (var item in items)
                {
                    await stream.AddInitialAsync(item).ConfigureAwait(false);
                }

                if (call.Query("sendInitialEvents") == "true")
                {
                    await stream.BookmarkAsync(version, endsInitial: true).ConfigureAwait(false);
                }
            }

            await stream.FlushAsync().ConfigureAwait(false);
            while (true)
            {
                while (events.Reader.TryRead(out var happened))
                {
                    await stream.AddAsync(happened).ConfigureAwait(false);
                }

                await stream.FlushAsync().ConfigureAwait(false);
                await WaitAsync(call, stream, events.Reader, ended).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A custom kind is watched from its definition's last change on: the server then begins anew with it.</summary>
    /// <exception cref="StoreConflictException">Expired.</exception>
    private static void CheckKept(ApiCall call, long since)
    {
        if (call.Resource.IsCustom
            && call.Store.Peek(ResourceType.CustomResourceDefinition, "", call.Type.QualifiedPlural) is { } definition
            && ParseVersion(definition.Text("metadata", "resourceVersion")) is var first && since < first)
        {
            throw new StoreConflictException("Expired", $"too old resource version: {since} ({first})");
        }
    }

    /// <summary>Returns when there is an event; sends bookmarks meanwhile if the caller takes them.</summary>
    private static async Task WaitAsync(ApiCall call, EventStream stream, ChannelReader<StoreEvent> events, CancellationToken ended)
    {
        while (call.QueryFlag("allowWatchBookmarks"))
        {
            using var bookmarkDue = new CancellationTokenSource(BookmarkInterval, call.Services.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(ended, bookmarkDue.Token);
            try
            {
                await events.WaitToReadAsync(either.Token).ConfigureAwait(false);
                return;
            }
            catch (OperationCanceledException) when (!ended.IsCancellationRequested)
            {
                // Every change up to this version is in the queue already, so an empty queue means it was sent.
                var version = call.Store.Version;
                if (!events.TryPeek(out _))
                {
                    await stream.BookmarkAsync(version, endsInitial: false).ConfigureAwait(false);
                    await stream.FlushAsync().ConfigureAwait(false);
                }
            }
        }

        await events.WaitToReadAsync(ended).ConfigureAwait(false);
    }

    /// <summary>The connection is to be broken because a test asked for it.</summary>
    private sealed class WatchDroppedException : Exception;

    /// <summary>Writes the events of one watch, as JSON lines.</summary>
    /// <remarks>Writes are not cancelled when the time is up: Kestrel breaks the connection of a cancelled write.</remarks>
    private sealed class EventStream(ApiCall call, ObjectSelection selection, TableRequest? table)
    {
        private readonly int? _dropAfter = call.Http.Items[typeof(LabApiFault.EndWatch)] as int?;
        private int _sent;

        public void Begin() => DropWhenDue();

        public async Task AddInitialAsync(JsonObject item)
        {
            if (selection.Includes(item))
            {
                await WriteAsync("ADDED", Show(item)).ConfigureAwait(false);
            }
        }

        /// <summary>An object that enters the selection is ADDED for this watcher, one that leaves it DELETED.</summary>
        public async Task AddAsync(StoreEvent happened)
        {
            var before = happened.Previous is { } previous && selection.Includes(previous);
            var after = happened.Type != StoreEventType.Deleted && selection.Includes(happened.Object);
            var type = (before, after) switch
            {
                (false, true) => "ADDED",
                (true, true) => "MODIFIED",
                (true, false) => "DELETED",
                _ => null,
            };
            if (type is not null)
            {
                await WriteAsync(type, Show(happened.Object)).ConfigureAwait(false);
            }
        }

        public Task BookmarkAsync(long version, bool endsInitial)
        {
            var metadata = new JsonObject { ["resourceVersion"] = version.ToString(CultureInfo.InvariantCulture), ["creationTimestamp"] = null };
            if (endsInitial)
            {
                metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
            }

            var mark = new JsonObject
            {
                ["kind"] = call.Type.Kind,
                ["apiVersion"] = call.Resource.ApiVersion,
                ["metadata"] = metadata,
            };
            return WriteAsync("BOOKMARK", table is null ? mark : table.Render([], metadata.Copy()), counts: false);
        }

        public async Task WriteAsync(string type, JsonObject obj, bool counts = true)
        {
            using var line = new MemoryStream();
            using (var writer = new Utf8JsonWriter(line, ApiCall.JsonStyle))
            {
                writer.WriteStartObject();
                writer.WriteString("type", type);
                writer.WritePropertyName("object");
                obj.WriteTo(writer);
                writer.WriteEndObject();
            }

            line.WriteByte((byte)'\n');
            await call.Http.Response.Body.WriteAsync(line.GetBuffer().AsMemory(0, (int)line.Length), call.Aborted).ConfigureAwait(false);
            if (counts)
            {
                _sent++;
                await FlushAsync().ConfigureAwait(false);
                DropWhenDue();
            }
        }

        public Task FlushAsync() => call.Http.Response.Body.FlushAsync(call.Aborted);

        private void DropWhenDue()
        {
            if (_dropAfter <= _sent)
            {
                throw new WatchDroppedException();
            }
        }

        private JsonObject Show(JsonObject obj)
        {
            var shown = call.Present(obj);
            return table is null ? shown : table.Render([shown], shown.Text("metadata", "resourceVersion") ?? "");
        }
    }
}
