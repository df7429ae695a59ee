using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Grpc.Core;
using Grpc.Net.Client;

namespace Antrea.Migration.StandIns.Runtime;

/// <summary>Stands in for cri-tools' crictl, which Debian has no package of: the subcommands that look for sandboxes and end them, with a real runtime behind them.</summary>
/// <remarks>Knows <c>pods</c>, <c>inspectp</c>, <c>ps</c>, <c>stop</c>, <c>stopp</c> and <c>rmp</c>, and of their flags those that are named here; any other is refused, so that
/// no test succeeds by a flag that was overlooked. Source: cri-tools, <c>cmd/crictl</c>.</remarks>
internal sealed partial class Crictl(RuntimeService.RuntimeServiceClient runtime, TimeSpan timeout)
{
    /// <summary>Runs one command line.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        var rest = new Arguments(args);
        var timeout = Duration(rest.Option("--timeout") ?? "2s");
        var endpoint = Environment.GetEnvironmentVariable("CONTAINER_RUNTIME_ENDPOINT") ?? "unix:///run/containerd/containerd.sock";
        var socket = endpoint.StartsWith("unix://", StringComparison.Ordinal)
            ? endpoint["unix://".Length..]
            : throw new StandInException($"the endpoint {endpoint} is no unix socket");
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, token) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), token);
                return new NetworkStream(connection, ownsSocket: true);
            },
        };
        using var channel = GrpcChannel.ForAddress("http://localhost", new GrpcChannelOptions { HttpHandler = handler });
        try
        {
            return await new Crictl(new RuntimeService.RuntimeServiceClient(channel), timeout).RunAsync(rest.Word(), rest);
        }
        catch (RpcException e)
        {
            throw new StandInException($"{socket}: {e.Status.StatusCode}: {e.Status.Detail}");
        }
    }

    private async Task<int> RunAsync(string command, Arguments rest)
    {
        switch (command)
        {
            case "pods":
                await PodsAsync(rest);
                break;
            case "inspectp":
                await InspectAsync(rest);
                break;
            case "ps":
                await ContainersAsync(rest);
                break;
            case "stop":
                var grace = long.Parse(rest.Option("--timeout") ?? "0", CultureInfo.InvariantCulture);
                await runtime.StopContainerAsync(
                    new StopContainerRequest { ContainerId = rest.Last(), Timeout = grace }, deadline: Deadline(timeout + TimeSpan.FromSeconds(grace)));
                break;
            case "stopp":
                await runtime.StopPodSandboxAsync(new SandboxRequest { PodSandboxId = rest.Last() }, deadline: Deadline(timeout));
                break;
            case "rmp":
                await runtime.RemovePodSandboxAsync(new SandboxRequest { PodSandboxId = rest.Last() }, deadline: Deadline(timeout));
                break;
            default:
                throw new StandInException($"there is no stand-in for 'crictl {command}'");
        }

        return 0;
    }

    private async Task PodsAsync(Arguments rest)
    {
        rest.Flag("--quiet");
        var latest = rest.Flag("--latest");
        var filter = new PodSandboxFilter();
        if (rest.Option("--state") is { } state)
        {
            filter.State = new PodSandboxStateValue { State = state == "ready" ? PodSandboxState.SandboxReady : PodSandboxState.SandboxNotready };
        }

        if (rest.Option("--label")?.Split('=', 2) is [var key, var value])
        {
            filter.LabelSelector.Add(key, value);
        }

        rest.End();
        var found = (await runtime.ListPodSandboxAsync(new ListPodSandboxRequest { Filter = filter }, deadline: Deadline(timeout))).Items.OrderByDescending(s => s.CreatedAt);
        Print(found.Take(latest ? 1 : int.MaxValue).Select(s => s.Id));
    }

    private async Task InspectAsync(Arguments rest)
    {
        if (rest.Option("--output") is not "go-template" || rest.Option("--template") is not { } template)
        {
            throw new StandInException("of inspectp there is a stand-in with --output go-template --template TEMPLATE only");
        }

        var answer = await runtime.PodSandboxStatusAsync(new PodSandboxStatusRequest { PodSandboxId = rest.Last() }, deadline: Deadline(timeout));
        var network = answer.Status?.Network ?? new PodSandboxNetworkStatus();
        var text = Others().Replace(template, match => string.Concat(network.AdditionalIps.Select(i => match.Groups[1].Value.Replace("{{.ip}}", i.Ip, StringComparison.Ordinal))))
            .Replace("{{.status.network.ip}}", network.Ip, StringComparison.Ordinal);
        Console.WriteLine(text.Contains("{{", StringComparison.Ordinal) ? throw new StandInException($"no stand-in for what is left of the template: {text}") : text);
    }

    private async Task ContainersAsync(Arguments rest)
    {
        rest.Flag("--quiet");
        var filter = new ContainerFilter { State = new ContainerStateValue { State = ContainerState.ContainerRunning }, PodSandboxId = rest.Option("--pod") ?? "" };
        rest.End();
        Print((await runtime.ListContainersAsync(new ListContainersRequest { Filter = filter }, deadline: Deadline(timeout))).Containers.Select(c => c.Id));
    }

    [GeneratedRegex(@"\{\{range \.status\.network\.additionalIps\}\}(.*?)\{\{end\}\}")]
    private static partial Regex Others();

    private static void Print(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            Console.WriteLine(line);
        }
    }

    private static DateTime Deadline(TimeSpan from) => TimeProvider.System.GetUtcNow().UtcDateTime + from;

    private static TimeSpan Duration(string text) =>
        text.EndsWith('s') && int.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? TimeSpan.FromSeconds(seconds)
            : throw new StandInException($"'{text}' is no whole number of seconds with an s behind it");

    /// <summary>A command line that is used up as it is read.</summary>
    private sealed class Arguments(string[] args)
    {
        private readonly List<string> _left = [.. args];

        public bool Flag(string name) => _left.Remove(name);

        /// <summary>Only what comes before the subcommand is crictl's own; its subcommands have flags of the same names.</summary>
        public string? Option(string name)
        {
            var at = _left.IndexOf(name);
            if (at < 0 || at + 1 >= _left.Count)
            {
                return null;
            }

            var value = _left[at + 1];
            _left.RemoveRange(at, 2);
            return value;
        }

        public string Word()
        {
            if (_left.Count == 0)
            {
                throw new StandInException("a subcommand is missing");
            }

            var word = _left[0];
            _left.RemoveAt(0);
            return word;
        }

        public string Last()
        {
            var word = Word();
            End();
            return word;
        }

        public void End()
        {
            if (_left.Count > 0)
            {
                throw new StandInException($"there is no stand-in for {string.Join(' ', _left)}");
            }
        }
    }
}
