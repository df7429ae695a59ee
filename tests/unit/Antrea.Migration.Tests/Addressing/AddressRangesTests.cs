using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Tests.Generators;
using CsCheck;

namespace Antrea.Migration.Tests.Addressing;

/// <summary>Sets of addresses against the plain question, address by address, whether some prefix of a list holds it.</summary>
public sealed class AddressRangesTests
{
    private static readonly Gen<Cidr[]> Prefixes = AddressGen.CrowdedCidr.Array[0, 12];

    [Test]
    public void Operations_AnyTwoSets_HoldTheAddressesThatTheyShould() => Gen.Select(Prefixes, Prefixes).Sample((left, right) =>
    {
        var (a, b) = (AddressRanges.Of(left), AddressRanges.Of(right));
        return Probes(left.Concat(right)).All(address =>
        {
            var (inA, inB) = (Holds(left, address), Holds(right, address));
            return a.Contains(address) == inA
                && a.Union(b).Contains(address) == (inA || inB)
                && a.Except(b).Contains(address) == (inA && !inB)
                && a.Intersect(b).Contains(address) == (inA && inB);
        });
    });

    [Test]
    public void Relations_AnyTwoSets_AreThoseOfTheirAddresses() => Gen.Select(Prefixes, Prefixes).Sample((left, right) =>
    {
        var (a, b) = (AddressRanges.Of(left), AddressRanges.Of(right));
        var probes = Probes(left.Concat(right)).ToList();
        return a.Contains(b) == probes.TrueForAll(p => !Holds(right, p) || Holds(left, p))
            && a.Overlaps(b) == probes.Exists(p => Holds(left, p) && Holds(right, p))
            && a.IsEmpty == (left.Length == 0)
            && a.OfFamily(isIPv6: true).Union(a.OfFamily(isIPv6: false)).Contains(a);
    });

    [Test]
    public void ToPrefixes_AnyDifference_AreTheFewestThatHoldIt() => Gen.Select(Prefixes, Prefixes).Sample((left, right) =>
    {
        var set = AddressRanges.Of(left).Except(AddressRanges.Of(right));
        var prefixes = set.ToPrefixes().ToList();
        var again = AddressRanges.Of(prefixes);
        var halves = prefixes.Zip(prefixes.Skip(1)).Any(p =>
            p.First.PrefixLength == p.Second.PrefixLength && p.First.PrefixLength > 0 && p.First.IsIPv6 == p.Second.IsIPv6
            && Cidr.Containing(p.First.FirstAddress, p.First.PrefixLength - 1).Contains(p.Second));
        return set.Contains(again) && again.Contains(set) && !halves
            && prefixes.Zip(prefixes.Skip(1)).All(p => p.First < p.Second && !p.First.Overlaps(p.Second));
    });

    [TestCase("0.0.0.0/0", "10.0.0.0/8", "0.0.0.0/5, 8.0.0.0/7, 11.0.0.0/8, 12.0.0.0/6, 16.0.0.0/4, 32.0.0.0/3, 64.0.0.0/2, 128.0.0.0/1")]
    [TestCase("::/0", "8000::/1", "::/1")]
    [TestCase("::/0", "", "::/0")]
    [TestCase("10.0.0.0/8", "10.0.0.0/8", "")]
    public void Except_OneNetwork_LeavesThesePrefixes(string net, string without, string expected)
    {
        var left = AddressRanges.Of([Cidr.Parse(net)]).Except(AddressRanges.Of(without.Length == 0 ? [] : [Cidr.Parse(without)]));
        Assert.That(string.Join(", ", left.ToPrefixes()), Is.EqualTo(expected));
    }

    private static bool Holds(IEnumerable<Cidr> prefixes, IPAddress address) => prefixes.Any(p => p.Contains(address));

    /// <summary>Ends of every prefix and the addresses beside them: whatever two sets differ in, they differ in one of these.</summary>
    private static IEnumerable<IPAddress> Probes(IEnumerable<Cidr> prefixes)
    {
        foreach (var prefix in prefixes)
        {
            var all = Cidr.Containing(prefix.FirstAddress, 0);
            var (first, last) = (all.IndexOf(prefix.FirstAddress), all.IndexOf(prefix.LastAddress));
            yield return prefix.FirstAddress;
            yield return prefix.LastAddress;
            if (first > 0)
            {
                yield return all.AddressAt(first - 1);
            }

            if (!prefix.LastAddress.Equals(all.LastAddress))
            {
                yield return all.AddressAt(last + 1);
            }
        }
    }
}
