using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Tests.Generators;
using Antrea.Migration.Tests.Reference.Addressing;
using CsCheck;

namespace Antrea.Migration.Tests.Addressing;

public class CidrTableTests
{
    [Test]
    public void TryLookup_LongestPrefixWins()
    {
        var table = Table("10.0.0.0/8", "0.0.0.0/0", "10.10.4.128/26", "10.10.4.0/24", "10.10.4.129/32", "fd00::/64");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Longest(table, "10.10.4.129"), Is.EqualTo("10.10.4.129/32"));
            Assert.That(Longest(table, "10.10.4.130"), Is.EqualTo("10.10.4.128/26"));
            Assert.That(Longest(table, "10.10.4.192"), Is.EqualTo("10.10.4.0/24"));
            Assert.That(Longest(table, "10.10.5.0"), Is.EqualTo("10.0.0.0/8"));
            Assert.That(Longest(table, "255.255.255.255"), Is.EqualTo("0.0.0.0/0"));
            Assert.That(Longest(table, "fd00::1"), Is.EqualTo("fd00::/64"));
            Assert.That(Longest(table, "fd01::1"), Is.Null);
            Assert.That(Longest(table, "::ffff:10.10.4.129"), Is.Null);
        }
    }

    [Test]
    public void TryLookup_EqualPrefixes_FirstGivenWins()
    {
        var cidr = Cidr.Parse("10.0.0.0/24");
        var table = new CidrTable<string>([new(cidr, "first"), new(cidr, "second")]);
        Assert.That(table.TryLookup(IPAddress.Parse("10.0.0.7"), out var entry) ? entry.Value : null, Is.EqualTo("first"));
    }

    [Test]
    public void EmptyTable_HoldsNothing()
    {
        var table = new CidrTable<int>([]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(table.Count, Is.Zero);
            Assert.That(table.Entries, Is.Empty);
            Assert.That(table.TryLookup(IPAddress.Any, out _), Is.False);
            Assert.That(table.TryLookup(IPAddress.IPv6Any, out _), Is.False);
            Assert.That(table.Overlapping(Cidr.Parse("::/0")), Is.Empty);
            Assert.That(table.OverlapsWith(Table("0.0.0.0/0")), Is.Empty);
            Assert.That(Table("0.0.0.0/0").OverlapsWith(table), Is.Empty);
        }
    }

    [Test]
    public void Overlapping_GivesWhatIsAroundAndWithin_InOrder()
    {
        var table = Table("10.10.4.192/26", "10.10.4.128/26", "10.10.0.0/16", "10.10.5.0/24", "10.10.4.0/24", "10.10.4.0/23");
        Assert.That(
            table.Overlapping(Cidr.Parse("10.10.4.0/24")).Select(e => e.Cidr.ToString()),
            Is.EqualTo(["10.10.0.0/16", "10.10.4.0/23", "10.10.4.0/24", "10.10.4.128/26", "10.10.4.192/26"]));
    }

    [Test]
    public void TryLookup_AgreesWithTheLinearTwin() =>
        Gen.Select(AddressGen.Entries, AddressGen.Crowded.Array[1, 20]).Sample((entries, addresses) =>
        {
            var (fast, slow) = (new CidrTable<int>(entries), new LinearCidrTable<int>(entries));
            foreach (var address in addresses.Concat(Borders(entries)))
            {
                var found = fast.TryLookup(address, out var entry);
                Assert.That((found, entry), Is.EqualTo((slow.TryLookup(address, out var expected), expected)), address.ToString());
            }
        });

    [Test]
    public void Overlapping_AgreesWithTheLinearTwin() =>
        Gen.Select(AddressGen.Entries, AddressGen.CrowdedCidr).Sample((entries, range) =>
            Assert.That(
                new CidrTable<int>(entries).Overlapping(range),
                Is.EqualTo(new LinearCidrTable<int>(entries).Overlapping(range))));

    [Test]
    public void OverlapsWith_AgreesWithTheLinearTwin() =>
        Gen.Select(AddressGen.Entries, AddressGen.Entries).Sample((left, right) =>
            Assert.That(
                new CidrTable<int>(left).OverlapsWith(new CidrTable<int>(right)),
                Is.EqualTo(new LinearCidrTable<int>(left).OverlapsWith(new LinearCidrTable<int>(right)))));

    [Test]
    public void Nested_IsEmptyExactlyWhenNothingOverlaps() =>
        AddressGen.Entries.Sample(entries =>
        {
            var nested = new CidrTable<int>(entries).Nested().ToList();
            var inner = entries.Where(e => entries.Any(o => o.Value != e.Value && o.Cidr.Contains(e.Cidr)
                && (o.Cidr != e.Cidr || o.Value < e.Value)));
            Assert.That(nested.Select(n => n.Inner), Is.EquivalentTo(inner));
            Assert.That(nested, Is.All.Matches<(CidrEntry<int> Inner, CidrEntry<int> Outer)>(n => n.Outer.Cidr.Contains(n.Inner.Cidr)));
        });

    private static IEnumerable<IPAddress> Borders(IEnumerable<CidrEntry<int>> entries) =>
        entries.SelectMany(e => (IPAddress[])[e.Cidr.FirstAddress, e.Cidr.LastAddress]);

    private static CidrTable<int> Table(params string[] cidrs) =>
        new(cidrs.Select((c, i) => new CidrEntry<int>(Cidr.Parse(c), i)));

    private static string? Longest(CidrTable<int> table, string address) =>
        table.TryLookup(IPAddress.Parse(address), out var entry) ? entry.Cidr.ToString() : null;
}
