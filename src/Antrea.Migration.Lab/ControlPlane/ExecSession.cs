using System.Globalization;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>A command to run in a container, and which of its streams the caller wants.</summary>
internal sealed record ExecRequest(
    JsonObject Pod, string Container, IReadOnlyList<string> Arguments, bool Input, bool Output, bool Error, bool Terminal);

/// <summary>A command's streams over a WebSocket: <c>v5.channel.k8s.io</c>, <c>v4.channel.k8s.io</c>, and
/// <c>channel.k8s.io</c>, which is also what a client without a protocol gets.</summary>
/// <remarks>A message is a channel's number and data: 0 standard input, 1 output, 2 error, 3 the final Status with the exit
/// code (before v4 only a message, and only for failures), 4 terminal size (ignored); in v5, 255 and a channel's number
/// closes that channel.</remarks>
internal static class ExecSession
{
    private const byte Input = 0;
    private const byte Output = 1;
    private const byte Error = 2;
    private const byte Result = 3;
    private const byte Close = 255;
    private const string OldProtocol = "channel.k8s.io";
    private static readonly string[] Protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io", OldProtocol];

    /// <summary>Takes over a connection and runs the command on it.</summary>
    /// <exception cref="ApiException">400: the client does not ask for a WebSocket of a known protocol.</exception>
    public static async Task RunAsync(HttpContext http, IPodExecutor executor, ExecRequest request, CancellationToken aborted)
    {
        var sockets = http.WebSockets;
        var protocol = Protocols.FirstOrDefault(sockets.WebSocketRequestedProtocols.Contains);
        if (!sockets.IsWebSocketRequest || (protocol is null && sockets.WebSocketRequestedProtocols.Count > 0))
        {
            var asked = sockets.IsWebSocketRequest
                ? string.Join(", ", sockets.WebSocketRequestedProtocols)
                : http.Request.Headers.Upgrade is [var upgrade, ..] ? upgrade : "no upgrade";
            throw ApiException.BadRequest(
                $"exec in the lab needs a WebSocket of {string.Join(" or ", Protocols)}, but the client asked for {asked}; "
                + "kubectl uses WebSockets from 1.31 on, and 1.29 and 1.30 with KUBECTL_REMOTE_COMMAND_WEBSOCKETS=true");
        }

        using var socket = await sockets.AcceptWebSocketAsync(protocol).ConfigureAwait(false);
        await RunAsync(socket, executor, request, protocol is null or OldProtocol, aborted).ConfigureAwait(false);
    }

    private static async Task RunAsync(
        WebSocket socket, IPodExecutor executor, ExecRequest request, bool old, CancellationToken aborted)
    {
        using var left = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        using var sending = new SemaphoreSlim(1, 1);
        var input = new Pipe();
        var receiving = ReceiveAsync(socket, input.Writer, left);

        Stream ChannelTo(byte channel, bool wanted) =>
            wanted ? new ChannelStream(socket, channel, sending) : Stream.Null;

        var stdout = ChannelTo(Output, request.Output);
        var stderr = request.Terminal ? stdout : ChannelTo(Error, request.Error);
        JsonObject status;
        try
        {
            var code = await executor.ExecAsync(
                request.Pod, request.Container, request.Arguments, request.Input ? input.Reader.AsStream() : null, stdout, stderr, left.Token).ConfigureAwait(false);
            status = StatusOf(code);
        }
        catch (Exception e) when (e is not OperationCanceledException && !left.IsCancellationRequested)
        {
            // The executor's own failure is an answer to the caller, not the end of the server.
            status = ApiException.Status(System.Net.HttpStatusCode.InternalServerError, "InternalError", e.Message);
        }

        await using var result = new ChannelStream(socket, Result, sending);
        if (!old || status.Text("message") is not null)
        {
            var text = old ? status.Text("message")! : status.ToJsonString();
            await result.WriteAsync(Encoding.UTF8.GetBytes(text), left.Token).ConfigureAwait(false);
        }

        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, left.Token).ConfigureAwait(false);
        await receiving.ConfigureAwait(false);
    }

    /// <summary>Success, or a failure whose cause names the exit code, as kubelets report it.</summary>
    private static JsonObject StatusOf(int code)
    {
        if (code == 0)
        {
            return new JsonObject { ["metadata"] = new JsonObject(), ["status"] = "Success" };
        }

        var text = code.ToString(CultureInfo.InvariantCulture);
        return new JsonObject
        {
            ["metadata"] = new JsonObject(),
            ["status"] = "Failure",
            ["message"] = $"command terminated with non-zero exit code: exit status {text}",
            ["reason"] = "NonZeroExitCode",
            ["details"] = new JsonObject
            {
                ["causes"] = new JsonArray(new JsonObject { ["reason"] = "ExitCode", ["message"] = text }),
            },
        };
    }

    /// <summary>Feeds standard input until the caller closes; a caller who leaves early ends the command.</summary>
    private static async Task ReceiveAsync(WebSocket socket, PipeWriter input, CancellationTokenSource left)
    {
        var buffer = new byte[32 * 1024];
        byte? channel = null;
        try
        {
            while (true)
            {
                var message = await socket.ReceiveAsync(buffer.AsMemory(), left.Token).ConfigureAwait(false);
                if (message.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                var data = buffer.AsMemory(0, message.Count);
                if (channel is null && data.Length > 0)
                {
                    (channel, data) = (data.Span[0], data[1..]);
                }

                if (channel == Input && data.Length > 0)
                {
                    await input.WriteAsync(data, left.Token).ConfigureAwait(false);
                }
                else if (channel == Close && data is { Length: > 0, Span: [Input, ..] })
                {
                    await input.CompleteAsync().ConfigureAwait(false);
                }

                channel = message.EndOfMessage ? null : channel;
            }
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException)
        {
            // The caller is gone without a goodbye, or the server stops: either way nobody waits for the command any more.
        }

        await input.CompleteAsync().ConfigureAwait(false);
        await left.CancelAsync().ConfigureAwait(false);
    }

    /// <summary>What is written goes out as messages of one channel.</summary>
    private sealed class ChannelStream(WebSocket socket, byte channel, SemaphoreSlim sending) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var message = new byte[buffer.Length + 1];
            message[0] = channel;
            buffer.CopyTo(message.AsMemory(1));
            await sending.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await socket.SendAsync(message, WebSocketMessageType.Binary, true, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                sending.Release();
            }
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Write(byte[] buffer, int offset, int count) =>
            WriteAsync(buffer.AsMemory(offset, count)).AsTask().GetAwaiter().GetResult();

        public override void Flush()
        {
            // Every write is sent at once.
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
