using System.Net;
using Antrea.Migration.IntegrationTests.Fabric;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.IntegrationTests.Differential;

/// <summary>One cluster as the kernel, the walk and the predictor have it: every pair, by every address and, if wanted, by a Service of the server's own.</summary>
internal sealed class KernelComparison
{
    private readonly ReachabilityCase _cluster;
    private readonly FabricTopology _topology;
    private readonly ReachabilityPredictor _predictor;
    private readonly List<Asked> _asked;
    private readonly List<string> _differences = [];
    private readonly Dictionary<string, int> _known = [];

    private KernelComparison(ReachabilityCase cluster, bool withServices)
    {
        _cluster = cluster;
        _topology = FabricTopology.Build(cluster.Text, cluster.Options);
        foreach (var node in _topology.Nodes.Values)
        {
            node.Listen(80);
        }

        _asked = [.. Everybody.SelectMany(from => Everybody.Where(to => to != from)
            .SelectMany(to => _topology.AddressesOf(to).Select(address => new Asked(from, to, address, IsService: false))))];
        _asked.AddRange((withServices ? ReachabilityCase.Serve(_topology) : []).SelectMany(service => Everybody
            .Where(from => from != service.To || _topology.Pods.ContainsKey(from)).Select(from => new Asked(from, service.To, service.ClusterIP, IsService: true))));
        _predictor = new ReachabilityPredictor(cluster.Model(_topology));
    }

    /// <summary>How many pairs of a client and an address were asked.</summary>
    public int Pairs => _asked.Count;

    private IEnumerable<string> Everybody => [.. _topology.PodNames, .. _topology.Nodes.Keys];

    /// <summary>How long it took to lay the cluster.</summary>
    public TimeSpan Laying { get; private set; }

    /// <summary>What nobody has explained; the first line of each says it in short.</summary>
    public IReadOnlyList<string> Differences => _differences;

    /// <summary>Explained differences that were met, by cause.</summary>
    public IReadOnlyDictionary<string, int> Known => _known;

    public static async Task<KernelComparison> RunAsync(ReachabilityCase cluster, bool withServices, CancellationToken cancellationToken)
    {
        var comparison = new KernelComparison(cluster, withServices);
        var started = TimeProvider.System.GetTimestamp();
        await using var kernel = await KernelFabric.LayAsync(comparison._topology.Fabric, cancellationToken);
        comparison.Laying = TimeProvider.System.GetElapsedTime(started);
        await comparison.CompareAsync(kernel, cancellationToken);
        return comparison;
    }

    private async Task CompareAsync(KernelFabric kernel, CancellationToken cancellationToken)
    {
        var probes = await KernelProbing.ProbeAsync(kernel, _asked.Select(pair => (_topology[pair.From], pair.Address)), cancellationToken);
        foreach (var (from, to, address, isService) in _asked)
        {
            var walked = _topology.Fabric.Connect(_topology[from], address, 80, TransportProtocol.Tcp, _topology[to]);
            var predicted = Predict(from, to, address, isService);
            var probe = probes[(_topology[from], address)];
            if (Unexplained(from, to, probe, walked, predicted) is not null)
            {
                probe = await KernelProbing.ProbeAgainAsync(kernel, _topology[from], address, 80, cancellationToken);
            }

            if (Unexplained(from, to, probe, walked, predicted) is { } what)
            {
                _differences.Add($"{from} -> {(isService ? "Service of " : "")}{to} {address}: {what}\n  kernel {probe}\n  predicted {predicted?.Verdict}: {predicted?.Reason}\n  walked {walked}");
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

    private ReachabilityAnswer? Predict(string from, string to, IPAddress address, bool isService)
    {
        var family = address.AddressFamily;
        var (source, destination) = (ReachabilityCase.Endpoint(_topology, from, family), ReachabilityCase.Endpoint(_topology, to, family));
        return isService ? _predictor.PredictService(source, destination, address)
            : address.Equals(_topology.MainAddressOf(to, family)) ? _predictor.Predict(source, destination)
            : null;
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

    /// <param name="From">The client.</param>
    /// <param name="To">The server.</param>
    /// <param name="Address">An address of the server's, or a ClusterIP that leads to it.</param>
    /// <param name="IsService">Whether it is a ClusterIP.</param>
    private sealed record Asked(string From, string To, IPAddress Address, bool IsService);

    private static string Short(ConnectionOutcome outcome, string? receiver, IPAddress? seen) =>
        outcome == ConnectionOutcome.Delivered ? $"delivers to {receiver}, which sees {seen}" : outcome.ToString();
}
