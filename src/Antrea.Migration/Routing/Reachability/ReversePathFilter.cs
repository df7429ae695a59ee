namespace Antrea.Migration.Routing.Reachability;

/// <summary>The Nodes' <c>rp_filter</c>: whether a packet is dropped that its source is not routed back to.</summary>
/// <remarks>Source: Linux <c>Documentation/networking/ip-sysctl.rst</c>.</remarks>
public enum ReversePathFilter
{
    /// <summary>0: no check.</summary>
    Off,

    /// <summary>1: the route back must use the interface the packet came by.</summary>
    Strict,

    /// <summary>2: there must be a route back, by any interface.</summary>
    Loose,
}
