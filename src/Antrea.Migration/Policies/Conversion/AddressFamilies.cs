using System.Net.Sockets;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>The address families that Pods have in a cluster; both when nothing in the input tells.</summary>
internal readonly record struct AddressFamilies(bool HasIPv4, bool HasIPv6)
{
    public bool IsDualStack => HasIPv4 && HasIPv6;

    /// <summary>Those of a snapshot: of its Pods, Calico's pools and the Nodes' PodCIDRs.</summary>
    public static AddressFamilies Of(ClusterSnapshot snapshot)
    {
        var areIPv6 = snapshot.CalicoIpam.Pools.Select(p => p.Cidr.IsIPv6)
            .Concat(snapshot.Nodes.SelectMany(n => n.PodCidrs).Select(c => c.IsIPv6))
            .Concat(snapshot.Pods.Where(p => !p.HostNetwork && !p.HasEnded).SelectMany(p => p.PodIPs).Select(a => a.AddressFamily == AddressFamily.InterNetworkV6))
            .Distinct()
            .ToList();
        return areIPv6.Count == 0 ? new AddressFamilies(true, true) : new AddressFamilies(areIPv6.Contains(false), areIPv6.Contains(true));
    }
}
