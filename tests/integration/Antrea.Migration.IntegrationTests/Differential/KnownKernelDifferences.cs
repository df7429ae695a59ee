using Antrea.Migration.IntegrationTests.Fabric;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;

namespace Antrea.Migration.IntegrationTests.Differential;

/// <summary>The reviewed list of what the kernel may do otherwise than the walk or the predictor say, each with its cause.</summary>
internal static class KnownKernelDifferences
{
    /// <summary>At every look-up the kernel chooses by the state of both gateways' neighbour entries (<c>fib_select_default</c>), so the same
    /// request may work, work after a second, or not at all.</summary>
    private const string Unstable = "a stock Multus Pod has two default routes of one metric, and which one is taken changes with time";

    /// <summary>The walk does not walk ICMP errors. Both say that the request fails; they differ in what the client is told.</summary>
    private const string LostError = "a Node on the way has nobody to give the packet to, and its ICMP error is lost on the way back";

    /// <summary>Why kernel and walk may differ about a pair as they do; null when they must not.</summary>
    public static string? BetweenKernelAndWalk(
        ReachabilityCase cluster, FabricTopology topology, string from, string to, KernelProbe probe, ConnectionVerdict walked) =>
        UnstableRoutes(cluster, topology, from, to)
        ?? (probe.Outcome == ConnectionOutcome.TimedOut && walked.Outcome == ConnectionOutcome.HostUnreachable
            && walked.Path[^1].Where != topology[from].Name
                ? LostError
                : null);

    /// <summary>Why kernel and predictor may differ about a pair; null when they must not.</summary>
    public static string? BetweenKernelAndPredictor(ReachabilityCase cluster, FabricTopology topology, string from, string to) =>
        UnstableRoutes(cluster, topology, from, to) ?? ReachabilityCase.Explanation(topology, from, to);

    /// <summary>The server may be another Pod than the one meant, where two have an address.</summary>
    private static string? UnstableRoutes(ReachabilityCase cluster, FabricTopology topology, string from, string to) =>
        cluster.Options.Multus == MultusRoutes.Stock
        && topology.PodNames.Any(pod => IsMultus(topology, pod)
            && (pod == from || topology.AddressesOf(pod).Intersect(topology.AddressesOf(to)).Any()))
                ? Unstable
                : null;

    private static bool IsMultus(FabricTopology topology, string pod) => topology.KindOf(pod) == "multus";
}
