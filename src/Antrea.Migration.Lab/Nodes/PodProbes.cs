using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>The probe commands in a lab Pod: the same lines as busybox's programs print, over the simulated network.</summary>
/// <param name="connect">Opens a connection as a program in a Pod does.</param>
/// <param name="isThere">Whether a Pod still has its network; a command ends with it.</param>
/// <param name="time">The lab's clock.</param>
internal sealed class PodProbes(
    Func<string, string, int, CancellationToken, ValueTask<Stream>> connect, Func<string, bool> isThere, TimeProvider time)
{
    private const int Killed = 137;
    private const int TimedOut = 143;

    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(50);

    /// <summary>Runs a command of the given verb; null when it is none of these.</summary>
    public Task<int>? Run(string pod, string verb, IReadOnlyList<string> arguments, Stream output, CancellationToken cancellationToken) => verb switch
    {
        "probe-connect" => ConnectAsync(pod, arguments, output, cancellationToken),
        "probe-watch" => WatchAsync(pod, arguments, output, cancellationToken),
        _ => null,
    };

    private async Task<int> ConnectAsync(string pod, IReadOnlyList<string> arguments, Stream output, CancellationToken cancellationToken)
    {
        var timeout = TimeSpan.FromSeconds(double.Parse(arguments[0], CultureInfo.InvariantCulture));
        await Task.WhenAll(arguments.Skip(1).Chunk(2).Select(async (target, i) =>
        {
            var (code, message) = await TryAsync(
                async token => await (await connect(pod, target[0], int.Parse(target[1], CultureInfo.InvariantCulture), token).ConfigureAwait(false))
                    .DisposeAsync().ConfigureAwait(false),
                "nc",
                timeout,
                cancellationToken).ConfigureAwait(false);
            await WriteAsync(output, $"{i} {code} {message}", cancellationToken).ConfigureAwait(false);
        })).ConfigureAwait(false);
        return 0;
    }

    private async Task<int> WatchAsync(string pod, IReadOnlyList<string> arguments, Stream output, CancellationToken cancellationToken)
    {
        var interval = TimeSpan.FromSeconds(double.Parse(arguments[0], CultureInfo.InvariantCulture));
        var timeout = TimeSpan.FromSeconds(double.Parse(arguments[1], CultureInfo.InvariantCulture));
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = EndWithPodAsync(pod, gone);
        List<Task> underWay = [];
        try
        {
            for (var n = 1; n <= int.Parse(arguments[2], CultureInfo.InvariantCulture); n++)
            {
                await WriteAsync(output, $"s {n} {Uptime()}", gone.Token).ConfigureAwait(false);
                underWay.RemoveAll(t => t.IsCompleted);
                underWay.Add(RequestAsync(n));
                await Task.Delay(interval, time, gone.Token).ConfigureAwait(false);
            }

            await Task.WhenAll(underWay).ConfigureAwait(false);
            return 0;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Killed;
        }
        finally
        {
            await gone.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll([.. underWay, watching]).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task RequestAsync(int number)
        {
            var (code, message) = arguments[3] == "tcp"
                ? await TryAsync(
                    async token => await (await connect(pod, arguments[4], int.Parse(arguments[5], CultureInfo.InvariantCulture), token).ConfigureAwait(false))
                        .DisposeAsync().ConfigureAwait(false),
                    "nc",
                    timeout,
                    gone.Token).ConfigureAwait(false)
                : await TryAsync(token => GetAsync(pod, new Uri(arguments[4]), token), "wget", timeout, gone.Token).ConfigureAwait(false);
            if (isThere(pod))
            {
                await WriteAsync(output, $"r {number} {Uptime()} {code} {message}", gone.Token).ConfigureAwait(false);
            }
        }
    }

    /// <summary>A container ends with its Pod, and with it what was started in it.</summary>
    private async Task EndWithPodAsync(string pod, CancellationTokenSource gone)
    {
        while (isThere(pod))
        {
            await Task.Delay(Glance, time, gone.Token).ConfigureAwait(false);
        }

        await gone.CancelAsync().ConfigureAwait(false);
    }

    private async Task GetAsync(string pod, Uri target, CancellationToken cancellationToken)
    {
        using var transport = new HttpProbeTransport((end, token) => connect(pod, end.Host, end.Port, token));
        var response = await transport.SendAsync(target, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode != 200)
        {
            throw new IOException($"server returned error: HTTP/1.1 {response.StatusCode}");
        }
    }

    private async Task<(int Code, string Message)> TryAsync(
        Func<CancellationToken, Task> request, string program, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await request(linked.Token).ConfigureAwait(false);
            return (0, "");
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            for (var inner = e; inner is not null; inner = inner.InnerException)
            {
                if (inner is SocketException socket && !limit.IsCancellationRequested)
                {
                    return (1, $"{program}: {Words(socket.SocketErrorCode)}");
                }
            }

            return limit.IsCancellationRequested ? (TimedOut, "") : (1, $"{program}: {e.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static string Words(SocketError error) => error switch
    {
        SocketError.HostNotFound or SocketError.TryAgain => "bad address",
        SocketError.ConnectionRefused => "can't connect to remote host: Connection refused",
        SocketError.HostUnreachable => "can't connect to remote host: No route to host",
        SocketError.NetworkUnreachable => "can't connect to remote host: Network is unreachable",
        SocketError.TimedOut => "can't connect to remote host: Connection timed out",
        _ => "Connection reset by peer",
    };

    private string Uptime() => TimeSpan.FromTicks(time.GetElapsedTime(0).Ticks).TotalSeconds.ToString("0.00", CultureInfo.InvariantCulture);

    private static async Task WriteAsync(Stream output, string line, CancellationToken cancellationToken) =>
        await output.WriteAsync(Encoding.UTF8.GetBytes(line + "\n"), cancellationToken).ConfigureAwait(false);
}
