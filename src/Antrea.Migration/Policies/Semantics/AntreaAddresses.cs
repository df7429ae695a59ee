using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Addresses that one entry of a rule stands for: those of Pods and Nodes, and networks.</summary>
/// <param name="Members">Single addresses.</param>
/// <param name="Nets">Networks, each with what it leaves out.</param>
internal sealed record AntreaAddresses(IReadOnlySet<IPAddress> Members, ImmutableArray<(Cidr Net, ImmutableArray<Cidr> Except)> Nets)
{
    public static readonly AntreaAddresses None = new(ImmutableHashSet<IPAddress>.Empty, []);

    public static AntreaAddresses Of(Cidr net, ImmutableArray<Cidr> except) => None with { Nets = [(net, except)] };

    public bool Contains(IPAddress address)
    {
        if (Members.Contains(address))
        {
            return true;
        }

        foreach (var (net, except) in Nets)
        {
            if (net.Contains(address) && !except.Any(e => e.Contains(address)))
            {
                return true;
            }
        }

        return false;
    }
}
