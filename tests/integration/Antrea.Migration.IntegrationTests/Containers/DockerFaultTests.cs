using Antrea.Migration.Connectivity;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Networks;

namespace Antrea.Migration.IntegrationTests.Containers;

/// <summary>The prober against a real nginx over a real bridge, while Docker takes it away in each way it can.</summary>
[Category("Docker")]
public sealed class DockerFaultTests
{
    [Test]
    [CancelAfter(180_000)]
    public async Task Operator_sees_a_paused_server_as_one_outage_of_requests_that_time_out(CancellationToken cancellationToken)
    {
        var watched = await WatchAsync(
            (server, _) => server.PauseAsync(cancellationToken), (server, _) => server.UnpauseAsync(cancellationToken), cancellationToken);

        // The kernel still accepts connections for a process that is frozen; nobody answers on them.
        watched.AssertOneOutage(ProbeFailureCause.Timeout);
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Operator_sees_a_server_off_the_network_as_one_outage_until_it_is_back(CancellationToken cancellationToken)
    {
        var watched = await WatchAsync(
            (server, network) => DockerTier.RunAsync(["network", "disconnect", network.Name, server.Id], cancellationToken),
            (server, network) => DockerTier.RunAsync(["network", "connect", network.Name, server.Id], cancellationToken),
            cancellationToken);

        watched.AssertOneOutage(ProbeFailureCause.Timeout, ProbeFailureCause.Unreachable, ProbeFailureCause.Reset);
    }

    [Test]
    [CancelAfter(180_000)]
    public async Task Operator_sees_a_killed_server_as_one_outage_until_it_is_started_again(CancellationToken cancellationToken)
    {
        var watched = await WatchAsync(
            (server, _) => DockerTier.RunAsync(["kill", server.Id], cancellationToken),
            (server, _) => DockerTier.RunAsync(["start", server.Id], cancellationToken),
            cancellationToken);

        // Its connections are reset; afterwards the address is nobody's.
        watched.AssertOneOutage(ProbeFailureCause.Timeout, ProbeFailureCause.Unreachable, ProbeFailureCause.Reset, ProbeFailureCause.Refused);
    }

    private static async Task<WatchedFault> WatchAsync(
        Func<IContainer, INetwork, Task> breakPath, Func<IContainer, INetwork, Task> mendPath, CancellationToken cancellationToken)
    {
        await DockerTier.RequireAsync();
        await using var network = await DockerTier.CreateNetworkAsync(cancellationToken);
        await using var server = await DockerTier.StartServerAsync(network, cancellationToken);
        var target = new Uri($"http://{await DockerTier.AddressAsync(server, network, cancellationToken)}/");
        using var transport = new HttpProbeTransport();
        return await WatchedFault.WatchAsync(target, transport, () => breakPath(server, network), () => mendPath(server, network), cancellationToken);
    }
}
