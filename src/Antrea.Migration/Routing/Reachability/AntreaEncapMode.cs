namespace Antrea.Migration.Routing.Reachability;

/// <summary>Antrea's <c>trafficEncapMode</c>: how packets between Pods of different Nodes travel.</summary>
/// <remarks><c>networkPolicyOnly</c> is not here: Antrea then gives Pods no addresses, so there is nothing to migrate
/// to.</remarks>
public enum AntreaEncapMode
{
    /// <summary>In a tunnel from Open vSwitch to Open vSwitch; the Nodes' own routes have no say.</summary>
    Encap,

    /// <summary>Routed by the Nodes. The network between them must carry Pod addresses.</summary>
    NoEncap,

    /// <summary>Routed within a subnet, tunnelled between subnets.</summary>
    Hybrid,
}
