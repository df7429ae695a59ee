using System.Collections.Concurrent;
using Antrea.Migration.IntegrationTests.Fabric;
using Antrea.Migration.Tests.Policies;
using CsCheck;

namespace Antrea.Migration.IntegrationTests.Differential;

/// <summary>The kernel's own answers against the walk's and the predictor's: clusters laid as network namespaces, every pair tried.</summary>
/// <remarks><c>ANTREA_MIGRATION_PROPERTY_RUNS</c> multiplies the number of random clusters.</remarks>
[TestFixture]
[Category("Kernel")]
internal sealed class KernelDifferentialTests
{
    private const int Clusters = 32;
    private const int ClustersWithIPv6 = 12;

    /// <summary>Most of a cluster's time is waiting for time-outs.</summary>
    private const int ClustersAtOnce = 3;

    private readonly ConcurrentBag<KernelComparison> _compared = [];

    [OneTimeSetUp]
    public Task Needs_namespaces() => Requires.KernelFabricAsync(CancellationToken.None);

    [OneTimeTearDown]
    public void Say_what_was_compared()
    {
        TestContext.Progress.WriteLine(
            $"kernel, walk and predictor: {_compared.Count} clusters, {_compared.Sum(one => one.Pairs)} pairs, "
            + $"{_compared.Sum(one => one.Differences.Count)} unexplained differences; "
            + $"laying took {_compared.Select(one => one.Laying.TotalSeconds).DefaultIfEmpty().Min():0.0}-{_compared.Select(one => one.Laying.TotalSeconds).DefaultIfEmpty().Max():0.0} s");
        foreach (var cause in _compared.SelectMany(one => one.Known).GroupBy(known => known.Key, known => known.Value, StringComparer.Ordinal))
        {
            TestContext.Progress.WriteLine($"  {cause.Sum()} explained: {cause.Key}");
        }
    }

    [Test]
    [CancelAfter(300_000)]
    public Task Seeds_cluster_is_the_same_to_the_kernel([Values("Rule", "Prefixes", "Stock")] string variant, CancellationToken cancellationToken) =>
        CheckAsync(new ReachabilityCase(RandomClusters.Seed(), new FabricOptions { Multus = Enum.Parse<MultusRoutes>(variant) }), cancellationToken);

    [Test]
    [CancelAfter(300_000)]
    public Task Last_address_of_a_PodCIDR_is_the_same_to_the_kernel([Values(0, 1, 2)] int rpFilter, CancellationToken cancellationToken) =>
        CheckAsync(new ReachabilityCase(KernelMeasurements.LastAddress, new FabricOptions { RpFilter = rpFilter }), cancellationToken);

    /// <summary>Calico masquerades what goes from its pools to addresses in none, from an Antrea Pod to an Antrea Pod as well, where the Nodes forward it.</summary>
    [Test]
    [CancelAfter(300_000)]
    public Task Pool_over_some_PodCIDRs_is_the_same_to_the_kernel([Values] bool encap, [Values] bool isLed, [Values(1, 2)] int rpFilter, CancellationToken cancellationToken) =>
        CheckAsync(
            new ReachabilityCase(
                KernelMeasurements.PartlyCovered,
                new FabricOptions { Encap = encap, PolicyRoute = isLed, RpFilter = rpFilter, Pool = "10.10.0.0/23,10.20.0.0/16", KubeProxyClusterCidr = "10.10.0.0/16" }),
            cancellationToken,
            withServices: true);

    [Test]
    public Task Every_small_cluster_is_the_same_to_the_kernel() =>
        RandomClusters.Any.SampleAsync(
            cluster => CheckAsync(cluster, CancellationToken.None, withServices: true), iter: Clusters * PropertyRuns.Factor, threads: ClustersAtOnce);

    [Test]
    public Task Every_small_cluster_with_IPv6_is_the_same_to_the_kernel() =>
        RandomClusters.AnyWithIPv6.SampleAsync(
            cluster => CheckAsync(cluster, CancellationToken.None, withServices: true), iter: ClustersWithIPv6 * PropertyRuns.Factor, threads: ClustersAtOnce);

    private async Task CheckAsync(ReachabilityCase cluster, CancellationToken cancellationToken, bool withServices = false)
    {
        var comparison = await KernelComparison.RunAsync(cluster, withServices, cancellationToken);
        _compared.Add(comparison);
        if (comparison.Differences.Count > 0)
        {
            throw new AssertionException(cluster.Report(comparison.Differences));
        }
    }
}
