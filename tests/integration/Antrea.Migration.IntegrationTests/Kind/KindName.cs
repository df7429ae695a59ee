using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Cni;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>Names for clusters: Calico chooses a Node's block by the Node's name, so the cluster's name decides what overlaps.</summary>
internal static class KindName
{
    private static readonly Cidr Pool = Cidr.Parse("10.10.0.0/16");

    /// <summary>A name of this run alone under which so many Nodes get a block inside some Node's PodCIDR.</summary>
    public static string With(int overlaps, int workers)
    {
        while (true)
        {
            var name = $"am-{Guid.NewGuid().ToString("N")[..8]}";
            var blocks = Nodes(name, workers).Select(n => CalicoBlockChooser.Candidates(Pool, 26, n).First()).ToList();
            var podCidrs = Enumerable.Range(0, workers + 1).Select(i => Pool.Subnet(24, (ulong)i)).ToList();
            if (blocks.Distinct().Count() == blocks.Count && blocks.Count(b => podCidrs.Exists(c => c.Contains(b))) == overlaps)
            {
                return name;
            }
        }
    }

    private static IEnumerable<string> Nodes(string cluster, int workers) =>
        Enumerable.Range(1, workers).Select(i => $"{cluster}-worker{(i == 1 ? "" : $"{i}")}").Prepend($"{cluster}-control-plane");
}
