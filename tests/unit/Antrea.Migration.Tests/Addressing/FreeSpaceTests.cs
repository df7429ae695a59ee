using Antrea.Migration.Addressing;
using CsCheck;

namespace Antrea.Migration.Tests.Addressing;

public class FreeSpaceTests
{
    private static readonly Gen<Cidr> Small4 = Gen.Select(Gen.Byte, Gen.Int[22, 32])
        .Select((last, length) => Cidr.Containing(Cidr.Parse("10.0.0.0/24").AddressAt(last), length));

    private static readonly Gen<Cidr> Small6 = Gen.Select(Gen.Byte, Gen.Int[118, 128])
        .Select((last, length) => Cidr.Containing(Cidr.Parse("fd00::/120").AddressAt(last), length));

    private static readonly Gen<(Cidr Range, Cidr[] Used)> Universes = Gen.OneOf(
        Small4.Array[0, 12].Select(used => (Cidr.Parse("10.0.0.0/24"), used)),
        Small6.Array[0, 12].Select(used => (Cidr.Parse("fd00::/120"), used)),
        Small6.Array[0, 3].Select(used => (Cidr.Parse("10.0.0.0/24"), used)));

    [Test]
    public void In_EveryFreeAddressOnce_InPrefixesThatCannotBeLarger() =>
        Universes.Sample((range, used) =>
        {
            Array.Sort(used);
            var free = FreeSpace.In(range, used).ToList();
            for (UInt128 place = 0; place < 256; place++)
            {
                var address = range.AddressAt(place);
                Assert.That(
                    free.Count(f => f.Contains(address)), Is.EqualTo(used.Any(u => u.Contains(address)) ? 0 : 1), address.ToString());
            }

            Assert.That(free, Is.Ordered);
            foreach (var prefix in free.Where(f => f.PrefixLength > range.PrefixLength))
            {
                var wider = Cidr.Containing(prefix.FirstAddress, prefix.PrefixLength - 1);
                Assert.That(used.Any(u => u.Overlaps(wider)), Is.True, $"{wider} is free");
            }
        });

    [Test]
    public void In_NothingUsed_IsTheRange() =>
        Assert.That(FreeSpace.In(Cidr.Parse("0.0.0.0/0"), []), Is.EqualTo([Cidr.Parse("0.0.0.0/0")]));

    [TestCase("0.0.0.0/0")]
    [TestCase("::/0")]
    public void In_EverythingUsed_IsNothing(string all) => Assert.That(FreeSpace.In(Cidr.Parse(all), [Cidr.Parse(all)]), Is.Empty);

    [TestCase("0.0.0.0/0", "0.0.0.0/32", 32)]
    [TestCase("0.0.0.0/0", "255.255.255.255/32", 32)]
    [TestCase("::/0", "::/128", 128)]
    [TestCase("::/0", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 128)]
    public void In_OneAddressUsedAtAnEnd_LeavesOnePrefixALength(string range, string used, int prefixes) =>
        Assert.That(FreeSpace.In(Cidr.Parse(range), [Cidr.Parse(used)]).Select(f => f.PrefixLength).Order(), Is.EqualTo(Enumerable.Range(1, prefixes)));
}
