using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Tests.Generators;
using Antrea.Migration.Tests.Reference.Addressing;

namespace Antrea.Migration.Tests.Addressing;

/// <summary>The table against its linear twin on lists long enough for every way that the sort and the index have: several
/// rounds, crowded slots, groups of equal prefixes.</summary>
[TestFixtureSource(nameof(Shapes))]
public class PrefixShapesTests(string shape, bool isIPv6)
{
    private const int Count = 1500;
    private static readonly object[] Shapes =
        [.. PrefixShapes.All.SelectMany(s => (object[])[new object[] { s, false }, new object[] { s, true }])];

    private readonly CidrEntry<int>[] _entries = Entries(shape, isIPv6, Count, 1);

    [Test]
    public void Entries_AreSortedAndStable() => Assert.That(
        new CidrTable<int>(_entries).Entries, Is.EqualTo(_entries.OrderBy(e => e.Cidr).ToArray()));

    [Test]
    public void Entries_GivenSorted_StayAsTheyAre()
    {
        CidrEntry<int>[] sorted = [.. _entries.OrderBy(e => e.Cidr)];
        Assert.That(new CidrTable<int>(sorted).Entries, Is.EqualTo(sorted));
    }

    [Test]
    public void TryLookup_AgreesWithTheTwin_AtEveryBorder()
    {
        var (fast, slow) = (new CidrTable<int>(_entries), new LinearCidrTable<int>(_entries));
        var asked = _entries.Where((_, i) => i % 5 == 0).SelectMany(e => Around(e.Cidr)).Distinct().ToArray();
        Assert.That(asked.Select(a => Found(fast.TryLookup(a, out var e), e)), Is.EqualTo(
            asked.Select(a => Found(slow.TryLookup(a, out var e), e))));
    }

    [Test]
    public void Overlaps_AndOverlapping_AgreeWithTheTwin()
    {
        var (fast, slow) = (new CidrTable<int>(_entries), new LinearCidrTable<int>(_entries));
        var random = new Random(2);
        foreach (var range in Ranges(random).Take(60))
        {
            var expected = slow.Overlapping(range);
            Assert.That(fast.Overlapping(range), Is.EqualTo(expected), range.ToString());
            Assert.That(fast.Overlaps(range), Is.EqualTo(expected.Count > 0), range.ToString());
        }
    }

    [Test]
    public void OverlapsWith_EveryOtherShape_AgreesWithTheTwin(
        [ValueSource(typeof(PrefixShapes), nameof(PrefixShapes.All))] string other)
    {
        var (left, right) = (_entries[..300], Entries(other, isIPv6, 300, 3));
        var expected = new LinearCidrTable<int>(left).OverlapsWith(new LinearCidrTable<int>(right));
        var (fastLeft, fastRight) = (new CidrTable<int>(left), new CidrTable<int>(right));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(fastLeft.OverlapsWith(fastRight).SequenceEqual(expected));
            Assert.That(fastLeft.CountOverlaps(fastRight), Is.EqualTo(expected.Count));
        }
    }

    private static CidrEntry<int>[] Entries(string shape, bool isIPv6, int count, int seed) =>
        [.. PrefixShapes.Make(shape, isIPv6, count, seed).Select((c, i) => new CidrEntry<int>(c, i))];

    private static CidrEntry<int>? Found(bool found, CidrEntry<int> entry) => found ? entry : null;

    private static IEnumerable<IPAddress> Around(Cidr cidr)
    {
        var highest = cidr.IsIPv6 ? UInt128.MaxValue : uint.MaxValue;
        yield return cidr.FirstAddress;
        yield return cidr.LastAddress;
        yield return Cidr.ToAddress(cidr.FirstValue == 0 ? 0 : cidr.FirstValue - 1, cidr.IsIPv6);
        yield return Cidr.ToAddress(cidr.LastValue == highest ? highest : cidr.LastValue + 1, cidr.IsIPv6);
        yield return Cidr.ToAddress(cidr.FirstValue + (cidr.LastValue - cidr.FirstValue) / 2, cidr.IsIPv6);
    }

    private IEnumerable<Cidr> Ranges(Random random)
    {
        var width = isIPv6 ? 128 : 32;
        while (true)
        {
            foreach (var address in Around(_entries[random.Next(Count)].Cidr))
            {
                yield return Cidr.Containing(address, random.Next(width + 1));
            }
        }
    }
}
