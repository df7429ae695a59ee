using System.Collections.Concurrent;
using System.Net;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>Many requests at once through a kernel fabric.</summary>
internal static class KernelProbing
{
    /// <summary>Two SYNs, and longer than ARP asks: what works takes a millisecond or two.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.6);

    private static readonly TimeSpan SecondPatience = TimeSpan.FromSeconds(6);

    private const int AtOnce = 300;

    /// <summary>Asks every address from every client that is named with it, on port 80.</summary>
    public static async Task<IReadOnlyDictionary<(NetworkNamespace From, IPAddress To), KernelProbe>> ProbeAsync(
        KernelFabric kernel, IEnumerable<(NetworkNamespace From, IPAddress To)> pairs, CancellationToken cancellationToken)
    {
        var probes = new ConcurrentDictionary<(NetworkNamespace, IPAddress), KernelProbe>();
        await Parallel.ForEachAsync(
            pairs.Distinct(),
            new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
            async (pair, token) => probes[pair] = await kernel.ProbeAsync(pair.From, pair.To, 80, Patience, token));
        return probes;
    }

    /// <summary>Asks once more with patience: a busy machine loses time, and only time.</summary>
    public static Task<KernelProbe> ProbeAgainAsync(
        KernelFabric kernel, NetworkNamespace from, IPAddress to, int port, CancellationToken cancellationToken) =>
        kernel.ProbeAsync(from, to, port, SecondPatience, cancellationToken);
}
