using System.Collections.Immutable;

namespace Antrea.Migration.CalicoApi;

/// <summary>Calico's address management: pools, blocks, affinities and its configuration.</summary>
/// <remarks>Source: Calico v3.26 <c>libcalico-go/lib/apis/v3</c>, group <c>crd.projectcalico.org/v1</c>.</remarks>
/// <param name="Pools">All IPPools, disabled ones included, sorted by name.</param>
/// <param name="Blocks">All blocks that are not marked deleted, affinity-less ones included, sorted by CIDR.</param>
/// <param name="Affinities">All affinities that are not marked deleted, pending ones included, sorted by CIDR, then Node.</param>
/// <param name="StrictAffinity">IPAMConfig <c>strictAffinity</c>: a Node may not borrow addresses from other Nodes' blocks.</param>
/// <param name="MaxBlocksPerHost">IPAMConfig <c>maxBlocksPerHost</c>; 20 where the object says 0 or is absent.</param>
public sealed record CalicoIpam(
    ImmutableArray<IPPool> Pools,
    ImmutableArray<IpamBlock> Blocks,
    ImmutableArray<BlockAffinity> Affinities,
    bool StrictAffinity = false,
    int MaxBlocksPerHost = CalicoIpam.DefaultMaxBlocksPerHost)
{
    /// <summary>What Calico's code takes for an unset <c>maxBlocksPerHost</c>.</summary>
    public const int DefaultMaxBlocksPerHost = 20;

    /// <summary>No Calico IPAM objects at all.</summary>
    public static CalicoIpam Empty { get; } = new([], [], []);
}
