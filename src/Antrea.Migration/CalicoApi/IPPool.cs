using Antrea.Migration.Addressing;

namespace Antrea.Migration.CalicoApi;

/// <summary>A Calico IPPool with the defaults applied that the raw custom resource leaves out.</summary>
/// <remarks>Source: Calico v3.26 <c>libcalico-go/lib/clientv3/ippool.go</c>.</remarks>
public sealed record IPPool
{
    /// <summary>The object's name.</summary>
    public required string Name { get; init; }

    /// <summary>The pool's range. Immutable in Calico.</summary>
    public required Cidr Cidr { get; init; }

    /// <summary>Prefix length of the blocks cut from the pool; 26 (IPv4) or 122 (IPv6) where the object says nothing.</summary>
    public required int BlockSize { get; init; }

    /// <summary>When IPIP encapsulates; <see cref="EncapsulationMode.Never"/> where the object says nothing.</summary>
    public EncapsulationMode IpipMode { get; init; }

    /// <summary>When VXLAN encapsulates; <see cref="EncapsulationMode.Never"/> where the object says nothing.</summary>
    public EncapsulationMode VxlanMode { get; init; }

    /// <summary>Whether traffic to destinations outside every pool is masqueraded.</summary>
    public bool NatOutgoing { get; init; }

    /// <summary>Whether no new addresses are given out. A disabled pool still counts as a pool for masquerading.</summary>
    public bool Disabled { get; init; }

    /// <summary>Whether BGP does not announce this range.</summary>
    public bool DisableBgpExport { get; init; }

    /// <summary>Which Nodes may use the pool; <c>all()</c> where the object says nothing.</summary>
    public string NodeSelector { get; init; } = "all()";
}
