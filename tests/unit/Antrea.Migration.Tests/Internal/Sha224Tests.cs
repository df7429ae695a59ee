using System.Text;
using Antrea.Migration.Internal;

namespace Antrea.Migration.Tests.Internal;

/// <summary>The test vectors of RFC 3874, and every way in which a message can end.</summary>
public sealed class Sha224Tests
{
    [TestCase("", "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f")]
    [TestCase("abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7")]
    [TestCase("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "75388b16512776cc5dba5da1fd890150b0c6455cb4f58b1952522525")]
    public void HashData_Vector_IsThatOfTheRfc(string message, string expected) =>
        Assert.That(Convert.ToHexStringLower(Sha224.HashData(Encoding.ASCII.GetBytes(message))), Is.EqualTo(expected));

    [Test]
    public void HashData_AMillionLetters_IsThatOfTheRfc() => Assert.That(
        Convert.ToHexStringLower(Sha224.HashData(Encoding.ASCII.GetBytes(new string('a', 1_000_000)))),
        Is.EqualTo("20794655980c91d8bbb4c1ea97618a4bf03f42581948b2ee4ee7ad67"));

    [TestCase(55, "2791c7d25712eb5be75c30b2d45f6fce96e5a50ee64cf373056704a3")]
    [TestCase(56, "82199913c2712c46707ad08c8bfa2a69f68e9092dc5cdfaaaf07d77f")]
    [TestCase(63, "57176f335e39202a5454db924c660af77ec98a91f35706d9f57d7398")]
    [TestCase(64, "08c3050e95fe11eacb9dc7824bf6a92bcf2d59c21701321fba0e62c5")]
    [TestCase(119, "d75fd32c9a5ddf823b9f5b99b5170d51f8d9103d1436b5996c62b504")]
    [TestCase(120, "39d41dac408a2db1463e7077b115776faa2a395bdec3293f6ec98cc9")]
    public void HashData_MessageAroundTheEndOfABlock_IsPaddedRightly(int length, string expected) =>
        Assert.That(Convert.ToHexStringLower(Sha224.HashData(Encoding.ASCII.GetBytes(new string('x', length)))), Is.EqualTo(expected));
}
