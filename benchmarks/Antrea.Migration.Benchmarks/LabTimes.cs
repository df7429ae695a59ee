using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Clusters;
using Antrea.Migration.Lab;
using k8s;

namespace Antrea.Migration.Benchmarks;

/// <summary>How long a lab takes to start, to connect every pair of its nginx Pods, and to end, on each fabric.</summary>
/// <remarks>A program of its own: one start is too long to be repeated as BenchmarkDotNet does, and its in-process toolchain finds no ASP.NET Core.
/// Each pair is one TCP connection and one HTTP request from Pod to Pod, <see cref="AtOnce"/> of them at a time.</remarks>
internal static class LabTimes
{
    /// <summary>The fewest Nodes whose nginx Pods make a pair.</summary>
    public const int Smallest = 3;

    private const int AtOnce = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Prints a row of a Markdown table for each fabric and size, as they come.</summary>
    /// <param name="sizes">Nodes, the control plane's among them.</param>
    /// <param name="cancellationToken">Ends the lab and the run.</param>
    /// <exception cref="InvalidOperationException">A pair did not get through.</exception>
    public static async Task RunAsync(IReadOnlyList<int> sizes, CancellationToken cancellationToken)
    {
        Console.WriteLine("| Fabric | Nodes | Pods | Start | Pairs | All pairs | A pair | End |");
        Console.WriteLine("|---|---:|---:|---:|---:|---:|---:|---:|");
        _ = await MeasureAsync(LabFabricKind.Simulated, Smallest, cancellationToken).ConfigureAwait(false); // What is compiled then is not measured.
        foreach (var fabric in Enum.GetValues<LabFabricKind>())
        {
            foreach (var nodes in sizes)
            {
                try
                {
                    Console.WriteLine(await MeasureAsync(fabric, nodes, cancellationToken).ConfigureAwait(false));
                }
                catch (MigrationException e) when (fabric == LabFabricKind.Kernel)
                {
                    Console.WriteLine($"| {fabric} | {nodes} | not here: {e.Message.ReplaceLineEndings(" ")} |");
                }
            }
        }
    }

    private static async Task<string> MeasureAsync(LabFabricKind fabric, int nodes, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var options = new LabClusterOptions { Workers = nodes - 1, Fabric = fabric, Policies = false };
        var lab = await LabCluster.StartAsync(options, cancellationToken).ConfigureAwait(false);
        var start = watch.Elapsed;
        TimeSpan all;
        int pods, pairs;
        await using (lab.ConfigureAwait(false))
        {
            var (names, servers) = await PodsAsync(lab, cancellationToken).ConfigureAwait(false);
            pods = names;
            (string From, IPAddress To)[] every =
                [.. servers.SelectMany(from => servers.Where(to => to != from), (from, to) => (from.Name, to.Address))];
            pairs = every.Length;
            watch.Restart();
            await Parallel.ForEachAsync(
                every,
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken },
                async (pair, token) => await AskAsync(lab, pair.From, pair.To, token).ConfigureAwait(false)).ConfigureAwait(false);
            all = watch.Elapsed;
            watch.Restart();
        }

        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {fabric} | {nodes} | {pods} | {start.TotalSeconds:0.00} s | {pairs} | {all.TotalSeconds:0.00} s | {all.TotalMilliseconds / pairs:0.00} ms "
            + $"| {watch.Elapsed.TotalSeconds:0.00} s |");
    }

    /// <summary>How many Pods there are, and the ones with an nginx.</summary>
    private static async Task<(int Pods, (string Name, IPAddress Address)[] Servers)> PodsAsync(LabCluster lab, CancellationToken cancellationToken)
    {
        using var client = new Kubernetes(KubernetesClientConfiguration.BuildConfigFromConfigFile(lab.KubeconfigPath));
        var snapshot = await new KubernetesClusterReader(client).ReadAsync(cancellationToken).ConfigureAwait(false);
        return (
            snapshot.Pods.Length,
            [
                .. snapshot.Pods.Where(p => p.Name.StartsWith("nginx-ds-", StringComparison.Ordinal))
                    .Select(p => ($"{p.Namespace}/{p.Name}", p.PodIPs[0])),
            ]);
    }

    private static async Task AskAsync(LabCluster lab, string from, IPAddress to, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var stream = await lab.Network.ConnectAsync(from, to.ToString(), 80, limit.Token).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                await stream.WriteAsync("GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"u8.ToArray(), limit.Token).ConfigureAwait(false);
                using var reader = new StreamReader(stream);
                if (await reader.ReadLineAsync(limit.Token).ConfigureAwait(false) != "HTTP/1.1 200 OK")
                {
                    throw new InvalidOperationException($"{from} -> {to}: no 200.");
                }
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new InvalidOperationException($"{from} -> {to}: {e.Message}", e);
        }
    }
}
