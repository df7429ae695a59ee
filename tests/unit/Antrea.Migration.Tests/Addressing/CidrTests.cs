using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Tests.Generators;
using Antrea.Migration.Tests.Reference.Addressing;
using CsCheck;

namespace Antrea.Migration.Tests.Addressing;

public class CidrTests
{
    private static readonly string[] Canonical =
    [
        "0.0.0.0/0", "10.10.4.128/26", "255.255.255.255/32", "128.0.0.0/1", "::/0", "fd00:10::/64", "8000::/1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "::ffff:10.0.0.0/104", "::1/128",
    ];

    private static readonly (string? Text, string Says)[] Malformed =
    [
        (null, "ADDRESS/LENGTH"), ("", "ADDRESS/LENGTH"), ("10.0.0.0", "ADDRESS/LENGTH"), ("/24", "not an IP address"),
        ("10.0.0.0/", "from 0 to 32"), ("10.0.0.0/33", "from 0 to 32"), ("10.0.0.0/-1", "from 0 to 32"), ("10.0.0.0/+8", "from 0 to 32"),
        ("10.0.0.0/ 8", "from 0 to 32"), ("10.0.0.0/8/8", "from 0 to 32"), ("10.0.0.0/99999999999", "from 0 to 32"), ("::/129", "from 0 to 128"),
        ("10/8", "not an IP address"), ("10.0.0/8", "not an IP address"), ("0x0a000000/8", "not an IP address"),
        ("010.0.0.0/8", "not an IP address"), ("10.0.0.256/32", "not an IP address"), (" 10.0.0.0/8", "not an IP address"),
        ("fe80::1%eth0/64", "not an IP address"), ("[fd00::]/8", "not an IP address"), ("fd00:::/8", "not an IP address"),
        ("10.10.6.42/26", "10.10.6.0/26"), ("fd00::1/64", "fd00::/64"), ("10.0.0.1/0", "0.0.0.0/0"),
    ];

    [TestCaseSource(nameof(Canonical))]
    public void Parse_CanonicalText_IsWrittenBackUnchanged(string text) =>
        Assert.That(Cidr.Parse(text).ToString(), Is.EqualTo(text));

    [TestCaseSource(nameof(Malformed))]
    public void TryParse_MalformedText_SaysWhatIsWrong((string? Text, string Says) input)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Cidr.TryParse(input.Text, out var cidr, out var error), Is.False);
            Assert.That(error, Does.Contain(input.Says).And.Contain($"'{input.Text}'"));
            Assert.That(cidr, Is.EqualTo(default(Cidr)));
            Assert.That(() => Cidr.Parse(input.Text!), Throws.TypeOf<FormatException>().With.Message.EqualTo(error));
        }
    }

    [Test]
    public void ParseMasked_HostBits_AreCleared() =>
        Assert.That(Cidr.ParseMasked("10.10.6.42/26"), Is.EqualTo(Cidr.Parse("10.10.6.0/26")));

    [Test]
    public void Default_IsTheWholeOfIPv4()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(default(Cidr), Is.EqualTo(Cidr.Parse("0.0.0.0/0")));
            Assert.That(default(Cidr).ToString(), Is.EqualTo("0.0.0.0/0"));
            Assert.That(default(Cidr).AddressCount, Is.EqualTo(UInt128.One << 32));
            Assert.That(default(Cidr).LastAddress, Is.EqualTo(IPAddress.Broadcast));
        }
    }

    [Test]
    public void AddressCount_OfTheWholeOfIPv6_Saturates() =>
        Assert.That(Cidr.Parse("::/0").AddressCount, Is.EqualTo(UInt128.MaxValue));

    [TestCase("10.10.4.0/24", "10.10.4.128/26", true)]
    [TestCase("10.10.4.0/25", "10.10.4.128/26", false)]
    [TestCase("10.10.4.0/24", "10.10.5.0/24", false)]
    [TestCase("10.10.4.1/32", "10.10.4.1/32", true)]
    [TestCase("0.0.0.0/0", "255.255.255.255/32", true)]
    [TestCase("::/0", "0.0.0.0/0", false)]
    [TestCase("::ffff:0.0.0.0/96", "10.0.0.0/8", false)]
    [TestCase("::/0", "ffff::/16", true)]
    public void Overlaps_KnownPairs(string left, string right, bool expected)
    {
        var (a, b) = (Cidr.Parse(left), Cidr.Parse(right));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(a.Overlaps(b), Is.EqualTo(expected));
            Assert.That(b.Overlaps(a), Is.EqualTo(expected));
        }
    }

    [Test]
    public void Parse_OfFormat_IsIdentity() =>
        AddressGen.AnyCidr.Sample(c => Cidr.Parse(c.ToString()) == c && Cidr.ParseMasked(c.ToString()) == c);

    [Test]
    public void ContainsAndOverlaps_AgreeWithTheBitwiseTwin() =>
        Gen.Select(AddressGen.CrowdedCidr, AddressGen.CrowdedCidr, AddressGen.Crowded).Sample((a, b, address) =>
        {
            var (slowA, slowB) = (new BitwiseCidr(a), new BitwiseCidr(b));
            Assert.That(a.Contains(b), Is.EqualTo(slowA.Contains(slowB)));
            Assert.That(a.Overlaps(b), Is.EqualTo(slowA.Overlaps(slowB)));
            Assert.That(a.Overlaps(b), Is.EqualTo(b.Overlaps(a)));
            Assert.That(
                a.RelationTo(b),
                Is.EqualTo((slowA.Contains(slowB), slowB.Contains(slowA)) switch
                {
                    (true, true) => CidrRelation.Equal,
                    (true, false) => CidrRelation.Contains,
                    (false, true) => CidrRelation.Within,
                    _ => CidrRelation.Apart,
                }));
            Assert.That(a.Contains(address), Is.EqualTo(slowA.Contains(address)));
            Assert.That(a.Contains(address), Is.EqualTo(a.Contains(Cidr.Host(address))));
        });

    [Test]
    public void Containing_AnyLength_AgreesWithTheBitwiseTwin() =>
        Gen.Select(AddressGen.Any, Gen.Int[0, 128]).Sample((address, length) =>
        {
            length %= (address.GetAddressBytes().Length * 8) + 1;
            var cidr = Cidr.Containing(address, length);
            var slow = new BitwiseCidr(address, length);
            Assert.That(cidr.FirstAddress, Is.EqualTo(slow.First));
            Assert.That(cidr.LastAddress, Is.EqualTo(slow.Last));
            Assert.That(cidr.Contains(address), Is.True);
            Assert.That(cidr.AddressAt(cidr.IndexOf(address)), Is.EqualTo(address));
        });

    [Test]
    public void Overlaps_AgreesWithIPNetwork2() =>
        Gen.Select(AddressGen.CrowdedCidr, AddressGen.CrowdedCidr).Where(p => p.Item1.IsIPv6 == p.Item2.IsIPv6).Sample((a, b) =>
            a.Overlaps(b) == IPNetwork2.Parse(a.ToString()).Overlap(IPNetwork2.Parse(b.ToString())));

    [Test]
    public void CompareTo_OrdersByFamilyThenAddressThenLength()
    {
        string[] sorted = ["0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/9", "10.0.0.1/32", "11.0.0.0/8", "::/0", "::/1", "::1/128"];
        Assert.That(sorted.Reverse().Select(Cidr.Parse).Order().Select(c => c.ToString()), Is.EqualTo(sorted));
    }

    [Test]
    public void CompareTo_AgreesWithEqualityAndOperators() =>
        Gen.Select(AddressGen.CrowdedCidr, AddressGen.CrowdedCidr).Sample((a, b) =>
            (a.CompareTo(b) == 0) == (a == b) && a < b == b > a && a <= b == !(a > b) && a != b == !a.Equals((object)b)
            && (a != b || a.GetHashCode() == b.GetHashCode()));

    [TestCase("10.10.0.0/16", 26, 1023, "10.10.255.192/26")]
    [TestCase("10.10.0.0/16", 16, 0, "10.10.0.0/16")]
    [TestCase("0.0.0.0/0", 0, 0, "0.0.0.0/0")]
    [TestCase("::/0", 0, 0, "::/0")]
    [TestCase("fd00::/112", 122, 1, "fd00::40/122")]
    public void Subnet_CountsFromTheFirst(string cidr, int length, int index, string expected) =>
        Assert.That(Cidr.Parse(cidr).Subnet(length, (UInt128)index), Is.EqualTo(Cidr.Parse(expected)));

    [Test]
    public void Text_IsTheAddressAndTheLength_WhereThereIsRoom() =>
        Gen.Select(AddressGen.AnyCidr, Gen.Int[0, 49]).Sample((cidr, room) =>
        {
            var text = $"{cidr.FirstAddress}/{cidr.PrefixLength}";
            var buffer = new char[room];
            return cidr.TryFormat(buffer, out var written) == room >= text.Length
                && buffer.AsSpan(0, written).SequenceEqual(room >= text.Length ? text : "")
                && cidr.ToString() == text
                && $"{cidr}" == text;
        });

    [Test]
    public void OutsideOfThePrefix_IsRefused()
    {
        var cidr = Cidr.Parse("10.0.0.0/30");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => cidr.AddressAt(4), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => cidr.IndexOf(IPAddress.Parse("10.0.0.4")), Throws.TypeOf<ArgumentException>());
            Assert.That(() => cidr.Subnet(29, 0), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => cidr.Subnet(31, 2), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => cidr.Subnet(33, 0), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Cidr.Parse("::/0").Subnet(0, 1), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Cidr.Containing(IPAddress.Any, 33), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Cidr.Containing(IPAddress.Any, -1), Throws.TypeOf<ArgumentOutOfRangeException>());
        }
    }
}
