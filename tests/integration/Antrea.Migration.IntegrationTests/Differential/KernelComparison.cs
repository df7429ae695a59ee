using System.Net;
using Antrea.Migration.IntegrationTests.Fabric;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.IntegrationTests.Differential;

/// <summary>One cluster as the kernel, the walk and the predictor have it: every pair, by every address.</summary>
internal sealed class KernelComparison
{
    private readonly ReachabilityCase _cluster;
    private readonly FabricTopology _topology;
    private readonly ReachabilityPredictor _predictor;
    private readonly List<string> _differences = [];
    private readonly Dictionary<string, int> _known = [];

    private KernelComparison(ReachabilityCase cluster)
    {
        _cluster = cluster;
        _topology = FabricTopology.Build(cluster.Text, cluster.Options);
        foreach (var node in _topology.Nodes.Values)
        {
            node.Listen(80);
        }

        _predictor = new ReachabilityPredictor(cluster.Model(_topology));
    }

    /// <summary>How many pairs of a client and an address were asked.</summary>
    public int Pairs { get; private set; }

    /// <summary>How long it took to lay the cluster.</summary>
    public TimeSpan Laying { get; private set; }

    /// <summary>What nobody has explained; the first line of each says it in short.</summary>
    public IReadOnlyList<string> Differences => _differences;

    /// <summary>Explained differences that were met, by cause.</summary>
    public IReadOnlyDictionary<string, int> Known => _known;

    public static async Task<KernelComparison> RunAsync(ReachabilityCase cluster, CancellationToken cancellationToken)
    {
        var comparison = new KernelComparison(cluster);
        var started = TimeProvider.System.GetTimestamp();
        await using var kernel = await KernelFabric.LayAsync(comparison._topology.Fabric, cancellationToken);
        comparison.Laying = TimeProvider.System.GetElapsedTime(started);
        await comparison.CompareAsync(kernel, cancellationToken);
        return comparison;
    }

    private async Task CompareAsync(KernelFabric kernel, CancellationToken cancellationToken)
    {
        string[] all = [.. _topology.PodNames, .. _topology.Nodes.Keys];
        var pairs = all.SelectMany(from => all.Where(to => to != from)
            .SelectMany(to => _topology.AddressesOf(to).Select(address => (From: from, To: to, Address: address)))).ToList();
        var probes = await KernelProbing.ProbeAsync(kernel, pairs.Select(pair => (_topology[pair.From], pair.Address)), cancellationToken);
        Pairs = pairs.Count;
        foreach (var (from, to, address) in pairs)
        {
            var walked = _topology.Fabric.Connect(_topology[from], address, 80, TransportProtocol.Tcp, _topology[to]);
            var family = address.AddressFamily;
            var predicted = address.Equals(_topology.MainAddressOf(to, family))
                ? _predictor.Predict(ReachabilityCase.Endpoint(_topology, from, family), ReachabilityCase.Endpoint(_topology, to, family))
                : null;
            var probe = probes[(_topology[from], address)];
            if (Unexplained(from, to, probe, walked, predicted) is not null)
            {
                probe = await KernelProbing.ProbeAgainAsync(kernel, _topology[from], address, 80, cancellationToken);
            }

            if (Unexplained(from, to, probe, walked, predicted) is { } what)
            {
                _differences.Add($"{from} -> {to} {address}: {what}\n  kernel {probe}\n  predicted {predicted?.Verdict}: {predicted?.Reason}\n  walked {walked}");
            }
            else if (WalkDiffers(probe, walked) is not null)
            {
                Count(KnownKernelDifferences.BetweenKernelAndWalk(_cluster, _topology, from, to, probe, walked)!);
            }
            else if (PredictorDiffers(to, probe, predicted) is not null)
            {
                Count(KnownKernelDifferences.BetweenKernelAndPredictor(_cluster, _topology, from, to)!);
            }
        }
    }

    private void Count(string cause) => _known[cause] = _known.GetValueOrDefault(cause) + 1;

    private string? Unexplained(string from, string to, KernelProbe probe, ConnectionVerdict walked, ReachabilityAnswer? predicted) =>
        WalkDiffers(probe, walked) is { } walk
            && KnownKernelDifferences.BetweenKernelAndWalk(_cluster, _topology, from, to, probe, walked) is null ? walk
        : PredictorDiffers(to, probe, predicted) is { } prediction
            && KnownKernelDifferences.BetweenKernelAndPredictor(_cluster, _topology, from, to) is null ? prediction
        : null;

    private static string? WalkDiffers(KernelProbe probe, ConnectionVerdict walked)
    {
        var arrived = walked.Outcome == ConnectionOutcome.Delivered;
        return (probe.Outcome, probe.Receiver, probe.SourceSeen)
            .Equals((walked.Outcome, arrived ? walked.Receiver : null, arrived ? walked.SourceSeen : null))
                ? null
                : $"kernel {Short(probe.Outcome, probe.Receiver, probe.SourceSeen)}, walk {Short(walked.Outcome, walked.Receiver, walked.SourceSeen)}";
    }

    private string? PredictorDiffers(string to, KernelProbe probe, ReachabilityAnswer? predicted) =>
        predicted is not null
        && ReachabilityCase.Difference(
            predicted, probe.Outcome, probe.Receiver is { } receiver && receiver != _topology[to].Name, probe.SourceSeen) is { } difference
            ? $"kernel {Short(probe.Outcome, probe.Receiver, probe.SourceSeen)}: {difference}"
            : null;

    private static string Short(ConnectionOutcome outcome, string? receiver, IPAddress? seen) =>
        outcome == ConnectionOutcome.Delivered ? $"delivers to {receiver}, which sees {seen}" : outcome.ToString();
}
