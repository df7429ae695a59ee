using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.CalicoApi;

/// <summary>A block of Calico addresses: a range, the Node it is affine to, and what is allocated from it.</summary>
/// <remarks>Source: Calico v3.26 <c>libcalico-go/lib/apis/v3/ipam_block.go</c>.</remarks>
public sealed record IpamBlock
{
    /// <summary>The object's name: the CIDR with <c>.</c>, <c>:</c> and <c>/</c> replaced by <c>-</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The block's range.</summary>
    public required Cidr Cidr { get; init; }

    /// <summary>The Node of affinity <c>host:NODE</c>; null for an affinity-less or virtual block, whose addresses stay routed one by one.</summary>
    public string? Node { get; init; }

    /// <summary>The addresses in use, in address order.</summary>
    public ImmutableArray<IpamAllocation> Allocations { get; init; } = [];
}
