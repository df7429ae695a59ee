using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Lab.Fabric.Kernel;
using DotNet.Testcontainers.Containers;
using Microsoft.Win32.SafeHandles;

namespace Antrea.Migration.IntegrationTests.Containers;

/// <summary>Two networks and a router between them: what breaks is neither end, and the server's own log says when nothing arrived.</summary>
[Category("Docker")]
public sealed class RouterTests
{
    [Test]
    [CancelAfter(240_000)]
    public async Task Operator_sees_a_router_off_one_network_as_the_time_in_which_the_server_heard_nothing(CancellationToken cancellationToken)
    {
        await DockerTier.RequireAsync();
        Requires.Kernel();
        await using var near = await DockerTier.CreateNetworkAsync(cancellationToken);
        await using var far = await DockerTier.CreateNetworkAsync(cancellationToken);
        await using var client = await DockerTier.StartHostAsync(near, cancellationToken);
        await using var server = await DockerTier.StartServerAsync(far, cancellationToken);
        await using var router = await DockerTier.StartHostAsync(near, cancellationToken);
        await router.ConnectAsync(far, cancellationToken);
        var clientAddress = await DockerTier.AddressAsync(client, near, cancellationToken);
        var serverAddress = await DockerTier.AddressAsync(server, far, cancellationToken);
        await DockerTier.ExecAsync(
            client, $"ip route add {serverAddress} via {await DockerTier.AddressAsync(router, near, cancellationToken)}", cancellationToken);
        var gateway = await DockerTier.AddressAsync(router, far, cancellationToken);
        await DockerTier.ExecAsync(server, $"ip route add {clientAddress} via {gateway}", cancellationToken);

        using var inside = await NamespaceOfAsync(client, cancellationToken);
        using var transport = new HttpProbeTransport((target, token) => ConnectAsync(inside, target, token));
        var watched = await WatchedFault.WatchAsync(
            new Uri($"http://{serverAddress}/"),
            transport,
            () => DockerTier.RunAsync(["network", "disconnect", far.Name, router.Id], cancellationToken),
            () => DockerTier.RunAsync(["network", "connect", far.Name, router.Id], cancellationToken),
            cancellationToken);

        Assert.That(await DockerTier.AddressAsync(router, far, cancellationToken), Is.EqualTo(gateway), "the routes are still good");
        watched.AssertOneOutage(ProbeFailureCause.Timeout, ProbeFailureCause.Unreachable);
        var heard = Regex.Matches((await server.GetLogsAsync(timestampsEnabled: false, ct: cancellationToken)).Stdout, @"answered (\d+\.\d+)")
            .Select(m => DateTimeOffset.UnixEpoch.AddSeconds(double.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))).ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(heard, Has.Some.LessThan(watched.SeenBroken).And.Some.GreaterThan(watched.Mended));
            Assert.That(heard.Where(at => at > watched.SeenBroken && at < watched.Mended), Is.Empty);
        }
    }

    private static async Task<SafeFileHandle> NamespaceOfAsync(IContainer container, CancellationToken cancellationToken)
    {
        var process = await DockerTier.RunAsync(["inspect", "--format", "{{.State.Pid}}", container.Id], cancellationToken);
        return File.OpenHandle($"/proc/{process}/ns/net", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
    }

    private static async ValueTask<Stream> ConnectAsync(SafeFileHandle inside, DnsEndPoint target, CancellationToken cancellationToken)
    {
        var socket = KernelThread.OpenSocket(inside, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(IPAddress.Parse(target.Host), target.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
