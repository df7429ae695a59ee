using Antrea.Migration.IntegrationTests.Fabric;
using CsCheck;

namespace Antrea.Migration.IntegrationTests.Differential;

/// <summary>The library's rules against the lab's walks: two computations of who reaches whom that share no code.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class ReachabilityDifferentialTests
{
    [Test]
    public void Seeds_cluster_is_the_same_to_both([ValueSource(nameof(Variants))] string variant, [Values(true, false)] bool dropsInvalid) =>
        Check(new ReachabilityCase(
            RandomClusters.Seed(), new FabricOptions { Multus = Enum.Parse<MultusRoutes>(variant), DropsInvalid = dropsInvalid, RpFilter = 2 }));

    [Test]
    public void Every_small_cluster_is_the_same_to_both() => RandomClusters.Any.Sample(Check, iter: 400);

    [Test]
    public void Services_of_every_small_cluster_are_the_same_to_both() => RandomClusters.Any.Sample(cluster => Check(cluster, cluster.ServiceDifferences()), iter: 400);

    [Test]
    public void Every_small_cluster_with_IPv6_is_the_same_to_both() => RandomClusters.AnyWithIPv6.Sample(Check, iter: 400);

    [Test]
    public void Services_of_every_small_cluster_with_IPv6_are_the_same_to_both() =>
        RandomClusters.AnyWithIPv6.Sample(cluster => Check(cluster, cluster.ServiceDifferences()), iter: 300);

    private static IEnumerable<string> Variants() => ReachabilityCase.Variants.Select(variant => variant.ToString());

    private static void Check(ReachabilityCase cluster) => Check(cluster, cluster.Differences());

    private static void Check(ReachabilityCase cluster, IReadOnlyList<string> differences)
    {
        if (differences.Count > 0)
        {
            throw new AssertionException(cluster.Report(differences));
        }
    }
}
