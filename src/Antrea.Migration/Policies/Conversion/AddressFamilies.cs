using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Conversion;

/// <summary>Address families: those that Pods have in a cluster, or those of them that a rule applies to.</summary>
internal readonly record struct AddressFamilies(bool HasIPv4, bool HasIPv6)
{
    private static readonly Cidr AllIPv4 = Cidr.Parse("0.0.0.0/0");
    private static readonly Cidr AllIPv6 = Cidr.Parse("::/0");

    public bool IsDualStack => HasIPv4 && HasIPv6;

    public bool IsNone => !HasIPv4 && !HasIPv6;

    /// <summary>Those of a snapshot: of its Pods, Calico's pools and the Nodes' PodCIDRs; both when there is nothing that tells.</summary>
    public static AddressFamilies Of(ClusterSnapshot snapshot)
    {
        var areIPv6 = snapshot.CalicoIpam.Pools.Select(p => p.Cidr.IsIPv6)
            .Concat(snapshot.Nodes.SelectMany(n => n.PodCidrs).Select(c => c.IsIPv6))
            .Concat(snapshot.Pods.Where(p => !p.HostNetwork && !p.HasEnded).SelectMany(p => p.PodIPs).Select(a => a.AddressFamily == AddressFamily.InterNetworkV6))
            .Distinct()
            .ToList();
        return areIPv6.Count == 0 ? new AddressFamilies(true, true) : new AddressFamilies(areIPv6.Contains(false), areIPv6.Contains(true));
    }

    /// <summary>Whether a network is of one of these.</summary>
    public bool Has(Cidr net) => net.IsIPv6 ? HasIPv6 : HasIPv4;

    /// <summary>Those that a test is true for, which is asked whether it is IPv6.</summary>
    public AddressFamilies Where(Func<bool, bool> test) => new(HasIPv4 && test(false), HasIPv6 && test(true));

    /// <summary>The networks of every address.</summary>
    public IEnumerable<Cidr> Everything() => new[] { AllIPv4, AllIPv6 }.Where(Has);

    /// <summary><c>IPv4</c>, <c>IPv6</c>, <c>IPv4 and IPv6</c>.</summary>
    public override string ToString() => IsDualStack ? "IPv4 and IPv6" : HasIPv6 ? "IPv6" : HasIPv4 ? "IPv4" : "no family";
}
