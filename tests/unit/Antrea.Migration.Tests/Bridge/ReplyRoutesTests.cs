using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Bridge;
using Antrea.Migration.Execution;

namespace Antrea.Migration.Tests.Bridge;

public sealed class ReplyRoutesTests
{
    /// <summary>What <see cref="MultusConfig.DelegateToBoth"/> leaves in a Pod of the Node of 10.10.1.0/24.</summary>
    private const string Steered =
        """
        $ ip -4 route show table main
        default via 169.254.1.1 dev eth0
        10.10.0.0/24 via 10.10.1.1 dev net1
        10.10.1.0/24 dev net1 proto kernel scope link src 10.10.1.9
        10.10.2.0/24 via 10.10.1.1 dev net1
        10.96.0.0/16 via 10.10.1.1 dev net1
        169.254.1.1 dev eth0 scope link
        $ ip -6 route show table main
        fd00:10::/64 via fd00:10:1::1 dev net1 metric 1024 pref medium
        fd00:10:1::/64 dev net1 proto kernel metric 256 pref medium
        fe80::/64 dev eth0 proto kernel metric 256 pref medium
        fe80::/64 dev net1 proto kernel metric 256 pref medium
        default via fe80::ecee:eeff:feee:eeee dev eth0 metric 1024 pref medium

        """;

    private static readonly ReplyRoutes Wanted = new(
        [Cidr.Parse("10.10.0.0/24"), Cidr.Parse("10.10.1.0/24"), Cidr.Parse("10.10.2.0/24"), Cidr.Parse("fd00:10::/64"), Cidr.Parse("fd00:10:1::/64")],
        [Cidr.Parse("10.96.0.0/16")],
        [Cidr.Parse("10.10.0.0/16"), Cidr.Parse("10.10.64.64/26"), Cidr.Parse("fd00:20::/48")]);

    [Test]
    public void FaultsOf_ASteeredPod_AreNone() => Assert.That(FaultsOf(Steered), Is.Empty);

    [Test]
    public void FaultsOf_TheStockPod_NameBothDefaultRoutesFirst()
    {
        // Antrea's plugin prepends its own; the other Nodes' ranges go by whichever is chosen.
        const string stock =
            """
            $ ip -4 route show table main
            default via 10.10.1.1 dev net1
            default via 169.254.1.1 dev eth0
            10.10.1.0/24 dev net1 proto kernel scope link src 10.10.1.9
            169.254.1.1 dev eth0 scope link

            """;

        var faults = FaultsOf(stock, AddressFamily.InterNetwork);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                faults[0],
                Is.EqualTo("the IPv4 default route leaves by eth0 or net1, and not by eth0 alone (default via 10.10.1.1 dev net1; default via 169.254.1.1 dev eth0)"));
            Assert.That(faults, Has.Some.StartsWith("what goes to 10.10.0.0/24 leaves by eth0 or net1, and not by net1 alone"));
            Assert.That(faults, Has.Some.StartsWith("what goes to 10.10.64.64/26 leaves by eth0 or net1, and not by eth0 alone"));
            Assert.That(faults, Has.None.Contains("10.10.1.0/24"), "it is on the link");
        }
    }

    [TestCase("default via 169.254.1.1 dev eth0", "default via 10.10.1.1 dev net1", "the IPv4 default route leaves by net1, and not by eth0 alone")]
    [TestCase("10.10.2.0/24 via 10.10.1.1 dev net1", "", "what goes to 10.10.2.0/24 leaves by eth0, and not by net1 alone")]
    [TestCase("10.96.0.0/16 via 10.10.1.1 dev net1", "10.96.0.0/16 dev eth0", "what goes to 10.96.0.0/16 leaves by eth0, and not by net1 alone")]
    [TestCase("10.10.2.0/24 via", "10.10.0.0/16 via 10.10.1.1 dev net1\n10.10.2.0/24 via", "what goes to 10.10.64.64/26 leaves by net1, and not by eth0 alone")]
    [TestCase("default via fe80", "default via fd00:10:1::1 dev net1 metric 1024 pref medium\ndefault via fe80", "the IPv6 default route leaves by eth0 or net1, and not by eth0 alone")]
    [TestCase("default via 169.254.1.1 dev eth0\n", "", "the IPv4 default route leaves by nothing, and not by eth0")]
    public void FaultsOf_OneRouteOtherThanItShouldBe_NamesIt(string route, string instead, string fault)
    {
        var text = Steered.Replace(route, instead, StringComparison.Ordinal);
        Assert.That(text, Is.Not.EqualTo(Steered));

        Assert.That(FaultsOf(text), Has.Some.StartsWith(fault));
    }

    [Test]
    public void FaultsOf_ADefaultRouteOfWorseMetric_AreNone() =>
        Assert.That(FaultsOf(Steered.Replace("10.10.0.0/24 via", "default via 10.10.1.1 dev net1 metric 1000\n10.10.0.0/24 via", StringComparison.Ordinal)), Is.Empty);

    [Test]
    public void FaultsOf_AFamilyThatThePodHasNot_AreNone() =>
        Assert.That(FaultsOf(Steered[..Steered.IndexOf("$ ip -6", StringComparison.Ordinal)], AddressFamily.InterNetwork), Is.Empty);

    private static List<string> FaultsOf(string text, params AddressFamily[] families) => [.. Wanted.FaultsOf(
        PodRoutes.Parse(text, "canary").Routes, families.Length > 0 ? families : [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6])];
}
