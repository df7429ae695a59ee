using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Tests.Reference.Reachability;

/// <summary>The slow twin of <see cref="ReachabilityPredictor"/> for plain Calico and Antrea Pods, encap and noEncap:
/// the rules as they are noted down from the experiments, yes or no, over plain lists. It knows nothing of contested
/// routes (a block that is equal to a PodCIDR), of Antrea clients whose own address lies in a block, or of hybrid
/// mode.</summary>
internal sealed class FactSheetPredictor(ReachabilityModel model)
{
    public bool Reaches(PodNetworkKind from, string z, IPAddress source, PodNetworkKind to, string x, IPAddress destination) =>
        !(from == PodNetworkKind.Calico && IsLast(source, z))
        && !(to == PodNetworkKind.Calico && (IsLast(destination, z) || IsLast(destination, x)))
        && !(from == PodNetworkKind.Calico && to == PodNetworkKind.Calico && IsLast(source, x))
        && Finds(from, z, source, to, x, destination);

    private bool Finds(PodNetworkKind from, string z, IPAddress source, PodNetworkKind to, string x, IPAddress destination) => (from, to) switch
    {
        (PodNetworkKind.Calico, PodNetworkKind.Antrea) => CalicoToAntrea(source, z, destination, x),
        (PodNetworkKind.Antrea, PodNetworkKind.Calico) => ViaAntrea(z, destination, x),
        (PodNetworkKind.Calico, PodNetworkKind.Calico) =>
            z == x || (HostFindsCalico(destination, x)
                && (MasqueradedAsNode(source, z, destination)
                    || (HostFindsCalico(source, z) && (!StrictlyFiltered || Masquerades(source, z, destination) || Direct(source, z) == Direct(destination, x))))),
        _ => z == x || Encap || (!Shadow(destination) && !Shadow(source)),
    };

    private bool Encap => model.AntreaEncap == AntreaEncapMode.Encap;

    private bool StrictlyFiltered => model.ReversePathFilter == ReversePathFilter.Strict;

    public bool Shadow(IPAddress ip) => BlockLength(ip) > PodCidrLength(ip);

    public bool Contested(IPAddress ip) => BlockLength(ip) >= 0 && BlockLength(ip) == PodCidrLength(ip);

    private bool HostFindsCalico(IPAddress ip, string home) => !InU(ip) || BlockLength(ip) > PodCidrLength(ip) || Direct(ip, home);

    // Antrea's route wins, and without a tunnel it leads to the very Node that has the address.
    private bool Direct(IPAddress ip, string home) => !Encap && BlockLength(ip) < PodCidrLength(ip) && Own(ip, home);

    // ANTREA-POSTROUTING: a source in the Node's own PodCIDR, on its way to an address in none. By a tunnel it would get the tunnel's
    // address, which the models here do not hold.
    private bool MasqueradedAsNode(IPAddress source, string z, IPAddress destination) =>
        Masquerades(source, z, destination) && !model.Pools.Any(p => p.Cidr.Contains(destination));

    private bool Masquerades(IPAddress source, string z, IPAddress destination) => !model.NoSnat && Own(source, z) && !InU(destination);

    private bool ViaAntrea(string z, IPAddress d, string x)
    {
        if (Own(d, z))
        {
            return false;
        }

        if (InU(d))
        {
            return !Encap && (z == x || Direct(d, x) || (Shadow(d) && !StrictlyFiltered));
        }

        return !model.NoSnat || z == x || (!Encap && !StrictlyFiltered);
    }

    private bool CalicoToAntrea(IPAddress c, string x, IPAddress s, string server)
    {
        if (Shadow(s))
        {
            return false;
        }

        var masqueraded = model.Pools.Any(p => p.NatOutgoing && p.Cidr.Contains(c)) && !model.Pools.Any(p => p.Cidr.Contains(s));
        if (Own(c, server) && !masqueraded)
        {
            return false;
        }

        if (masqueraded || x == server)
        {
            return true;
        }

        return Encap ? Own(c, x) : HostFindsCalico(c, x) && (!StrictlyFiltered || Direct(c, x));
    }

    // The host of the PodCIDR's Node has it for broadcasts.
    private bool IsLast(IPAddress ip, string node) => model.Nodes.Single(n => n.Name == node).PodCidrs.Any(p => p.LastAddress.Equals(ip));

    private bool Own(IPAddress ip, string node) => model.Nodes.Single(n => n.Name == node).PodCidrs.Any(p => p.Contains(ip));

    private bool InU(IPAddress ip) => PodCidrLength(ip) >= 0;

    private int PodCidrLength(IPAddress ip) => Longest(model.Nodes.SelectMany(n => n.PodCidrs), ip);

    private int BlockLength(IPAddress ip) => Longest(model.Blocks.Select(b => b.Cidr), ip);

    private static int Longest(IEnumerable<Cidr> cidrs, IPAddress ip) =>
        cidrs.Where(c => c.Contains(ip)).Select(c => c.PrefixLength).DefaultIfEmpty(-1).Max();
}
