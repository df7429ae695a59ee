using System.Net;

namespace Antrea.Migration.Addressing;

/// <summary>Prefixes of which only matters whether one of them holds an address or meets a prefix; each question costs the logarithm of their number.</summary>
internal sealed class CidrSet(IEnumerable<Cidr> cidrs)
{
    private readonly CidrTable<Cidr> _table = new(cidrs.Select(c => new CidrEntry<Cidr>(c, c)));

    public bool Contains(IPAddress address) => _table.TryLookup(address, out _);

    public bool Overlaps(Cidr cidr) => _table.Overlaps(cidr);
}
