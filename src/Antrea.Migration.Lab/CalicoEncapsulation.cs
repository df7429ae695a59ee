namespace Antrea.Migration.Lab;

/// <summary>How a lab's Calico carries packets from Node to Node.</summary>
public enum CalicoEncapsulation
{
    /// <summary><c>ipipMode: Always</c>; BIRD's routes by tunl0. IPv6, which has no IPIP, goes as it is.</summary>
    Ipip,

    /// <summary><c>vxlanMode: Always</c>, without BIRD; felix's routes by vxlan.calico and vxlan-v6.calico.</summary>
    Vxlan,

    /// <summary>Neither: BIRD's routes by the Nodes' own network, which takes every source address. No tunnel addresses.</summary>
    None,
}
