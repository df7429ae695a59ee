using System.Globalization;
using System.Numerics;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;

namespace Antrea.Migration.Kind;

/// <summary>What makes a KinD cluster's addresses those of a scenario: its name and Calico's pool.</summary>
/// <remarks>Calico draws a Node's first block from the Node's name, which kind makes of the cluster's; PodCIDRs are the first of the
/// Pod network, whichever Node gets which. Holds for Nodes with at most one block each.</remarks>
/// <param name="ClusterName">The cluster's name.</param>
/// <param name="Pool">Calico's only pool.</param>
/// <param name="BlockSize">The prefix length of its blocks.</param>
public sealed record KindAddressPlan(string ClusterName, Cidr Pool, int BlockSize)
{
    private const int PodCidrLength = 24; // kube-controller-manager's default mask, which kind leaves as it is.
    internal const int CalicosBlockLength = 26;
    private const int MostNames = 20_000;

    // Calico's pool where no name keeps it clear of PodCIDRs: many Nodes' blocks hardly ever miss all of them.
    private static readonly Cidr ElsewherePool = Cidr.Parse("10.244.0.0/16");

    /// <summary>The first of the names <paramref name="prefix"/>, <c>prefix-1</c>, <c>prefix-2</c>… under which the cluster is what is wanted.</summary>
    /// <param name="scenario">What is wanted.</param>
    /// <param name="workers">How many workers, beside one control plane.</param>
    /// <param name="podSubnet">Where Nodes get their PodCIDRs from; IPv4.</param>
    /// <param name="prefix">What the name begins with.</param>
    /// <exception cref="MigrationException">There is no such name.</exception>
    public static KindAddressPlan For(KindScenario scenario, int workers, Cidr podSubnet, string prefix)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return All(scenario, workers, podSubnet, prefix).First();
    }

    /// <summary>All such names in that order, for where the first is taken.</summary>
    /// <exception cref="MigrationException">There is none, or no further one.</exception>
    internal static IEnumerable<KindAddressPlan> All(KindScenario scenario, int workers, Cidr podSubnet, string prefix)
    {
        var nodes = workers + 1;
        if (podSubnet.IsIPv6 || podSubnet.PrefixLength > PodCidrLength || 1L << (PodCidrLength - podSubnet.PrefixLength) < nodes)
        {
            throw new MigrationException(
                $"The Pod network {podSubnet} has no room for {nodes} Nodes with an IPv4 /{PodCidrLength} each.", "Choose a larger one, or fewer workers.");
        }

        if (scenario is KindScenario.SmallOverlap or KindScenario.OwnPodCidr or KindScenario.TunnelOnly && 1 > AddressAnalysisOptions.DefaultSmallOverlapThreshold * nodes)
        {
            throw new MigrationException(
                $"Of {nodes} Nodes a single one with an overlap is more than a small part: it would be migrated as MostOverlap.", "Take three workers or more.");
        }

        var pool = scenario == KindScenario.MostOverlap
            ? podSubnet.Subnet(Math.Max(podSubnet.PrefixLength, PodCidrLength - BitOperations.Log2((uint)nodes)), 0)
            : podSubnet;
        var blockSize = scenario == KindScenario.EqualBlocks ? PodCidrLength : CalicosBlockLength;
        var podCidrs = Enumerable.Range(0, nodes).Select(i => podSubnet.Subnet(PodCidrLength, (ulong)i)).ToHashSet();
        foreach (var name in Names(prefix))
        {
            // In a pool that PodCIDRs fill every block overlaps, whichever it is.
            if (scenario == KindScenario.MostOverlap || IsWanted(scenario, Overlapping(name, workers, pool, blockSize, podCidrs)))
            {
                yield return new KindAddressPlan(name, pool, blockSize);
            }
        }

        if (scenario == KindScenario.Simple && !podSubnet.Overlaps(ElsewherePool))
        {
            foreach (var name in Names(prefix))
            {
                yield return new KindAddressPlan(name, ElsewherePool, CalicosBlockLength);
            }
        }

        throw new MigrationException(
            $"None of {MostNames} names makes a cluster of {workers} workers in {podSubnet} a case of {scenario}.", "Take fewer workers, or another name.");
    }

    /// <summary>OwnPodCidr adds its block when it knows whose PodCIDR is which.</summary>
    private static bool IsWanted(KindScenario scenario, List<int>? overlapping) => scenario switch
    {
        KindScenario.Simple or KindScenario.OwnPodCidr => overlapping is [],
        KindScenario.TunnelOnly => overlapping is [0],
        _ => overlapping is [_],
    };

    /// <summary>Which Nodes get a block in a PodCIDR, the first two at most; null where two Nodes want the same block.</summary>
    private static List<int>? Overlapping(string name, int workers, Cidr pool, int blockSize, HashSet<Cidr> podCidrs)
    {
        HashSet<Cidr> blocks = [];
        List<int> overlapping = [];
        foreach (var (index, node) in Nodes(name, workers).Index())
        {
            var block = CalicoBlockChooser.Candidates(pool, blockSize, node).First();
            if (!blocks.Add(block))
            {
                return null;
            }

            if (podCidrs.Contains(Cidr.Containing(block.FirstAddress, PodCidrLength)))
            {
                overlapping.Add(index);
            }

            if (overlapping.Count > 1)
            {
                break;
            }
        }

        return overlapping;
    }

    /// <summary>The names that are tried.</summary>
    internal static IEnumerable<string> Names(string prefix) =>
        Enumerable.Range(0, MostNames).Select(i => i == 0 ? prefix : string.Create(CultureInfo.InvariantCulture, $"{prefix}-{i}"));

    /// <summary>The names that kind gives the Nodes, control plane first.</summary>
    internal static IEnumerable<string> Nodes(string cluster, int workers) => Enumerable.Range(1, workers)
        .Select(i => i == 1 ? $"{cluster}-worker" : string.Create(CultureInfo.InvariantCulture, $"{cluster}-worker{i}"))
        .Prepend($"{cluster}-control-plane");
}
