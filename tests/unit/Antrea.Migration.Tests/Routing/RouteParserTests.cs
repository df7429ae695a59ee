using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;
using Antrea.Migration.Routing;
using Antrea.Migration.Tests.Generators;
using CsCheck;

namespace Antrea.Migration.Tests.Routing;

public class RouteParserTests
{
    [Test]
    public void SeedTable_IsReadWithAWarningForOnlink6()
    {
        var result = RouteParser.ParseText(Fixture("seed-test-worker2.txt"), "test-worker2");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Routes, Has.Length.EqualTo(14));
            var finding = result.Findings.Single();
            Assert.That((finding.Id, finding.Severity, finding.Subject), Is.EqualTo(("route-word-unknown", Severity.Warning, "test-worker2:6:43")));
            Assert.That(finding.Evidence, Does.Contain("'onlink6'").And.Contain("did you mean 'onlink'"));
            Assert.That(result.Routes[5], Is.EqualTo(new Route
            {
                Destination = Cidr.Parse("10.10.4.0/24"),
                Gateway = IPAddress.Parse("10.10.4.1"),
                Device = "antrea-gw0",
            }));
            Assert.That(result.Routes[6], Is.EqualTo(new Route
            {
                Destination = Cidr.Parse("10.10.4.128/26"),
                Gateway = IPAddress.Parse("172.18.0.19"),
                Device = "tunl0",
                Protocol = "bird",
                OnLink = true,
            }));
            Assert.That(result.Routes[^1], Is.EqualTo(new Route
            {
                Destination = Cidr.Parse("10.10.9.0/24"),
                Device = "antrea-gw0",
                Protocol = "kernel",
                Scope = "link",
                Source = IPAddress.Parse("10.10.9.1"),
            }));
        }
    }

    [Test]
    public void SeedTable_TheHostsRouteToAnOverlappedPodIsCalicos()
    {
        var table = new RouteTable(RouteParser.ParseText(Fixture("seed-test-worker2.txt"), "test-worker2").Routes);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(table.Lookup(IPAddress.Parse("10.10.4.129"))!.Device, Is.EqualTo("tunl0"));
            Assert.That(table.Lookup(IPAddress.Parse("10.10.4.2"))!.Device, Is.EqualTo("antrea-gw0"));
            Assert.That(table.Lookup(IPAddress.Parse("10.96.0.1"))!.Gateway, Is.EqualTo(IPAddress.Parse("172.18.0.1")));
        }
    }

    [Test]
    public void SeedSlip_HostBits_AreMaskedWithAWarning()
    {
        var result = RouteParser.ParseText("10.10.6.42/26 via 172.18.0.6 dev tunl0 proto bird onlink\n", "seed");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Routes.Single().Destination, Is.EqualTo(Cidr.Parse("10.10.6.0/26")));
            Assert.That(result.Findings.Select(f => (f.Id, f.Subject)), Is.EqualTo([("route-host-bits", "seed:1:1")]));
            Assert.That(result.Findings[0].Evidence, Does.Contain("10.10.6.42/26").And.Contain("10.10.6.0/26"));
        }
    }

    [Test]
    public void EveryKind_TextAndJson_GiveTheSameRoutes()
    {
        var text = RouteParser.ParseText(Fixture("every-kind.txt"), "text");
        var json = RouteParser.ParseJson(Fixture("every-kind.json"), "json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(text.Findings, Is.Empty);
            Assert.That(json.Findings, Is.Empty);
            Assert.That(text.Routes, Has.Length.EqualTo(18));
            Assert.That(json.Routes, Is.EqualTo(text.Routes));
        }
    }

    [Test]
    public void EveryKind_FieldsAreWhereTheyBelong()
    {
        var routes = RouteParser.ParseText(Fixture("every-kind.txt"), "text").Routes;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(routes[0], Is.EqualTo(new Route
            {
                Destination = default,
                Gateway = IPAddress.Parse("172.18.0.1"),
                Device = "eth0",
                Protocol = "dhcp",
                Source = IPAddress.Parse("172.18.0.9"),
                Metric = 100,
            }));
            Assert.That(routes[3], Is.EqualTo(new Route
            {
                Destination = Cidr.Parse("10.10.39.192/26"),
                Type = RouteType.Blackhole,
                Protocol = "bird",
            }));
            Assert.That(routes[4].Destination, Is.EqualTo(Cidr.Parse("10.10.39.193/32")));
            Assert.That(routes[5], Has.Property("LinkDown").True.And.Property("Protocol").EqualTo("80"));
            Assert.That(routes[6].Gateway!.AddressFamily, Is.EqualTo(AddressFamily.InterNetworkV6));
            Assert.That(routes[7].NextHops.AsEnumerable(), Is.EqualTo(
            [
                new RouteNextHop { Gateway = IPAddress.Parse("172.18.0.2"), Device = "eth0" },
                new RouteNextHop { Gateway = IPAddress.Parse("172.18.0.3"), Device = "eth1", Weight = 2, Dead = true, LinkDown = true },
            ]));
            Assert.That(
                routes.Skip(8).Take(6).Select(r => (r.Type, r.Table)),
                Is.EqualTo(
                [
                    (RouteType.Unreachable, "main"), (RouteType.Prohibit, "main"), (RouteType.Throw, "100"), (RouteType.Local, "local"),
                    (RouteType.Broadcast, "local"), (RouteType.Multicast, "local"),
                ]));
            Assert.That(routes[8].Metric, Is.EqualTo(uint.MaxValue));
            Assert.That(routes.Skip(14).Select(r => r.Destination.ToString()), Is.EqualTo(["fd00:10::/64", "fd00:10::/128", "::/0", "::/0"]));
        }
    }

    [Test]
    public void OneLinePerRoute_NextHopsBehindBackslashes_AreRead()
    {
        var result = RouteParser.ParseText(
            "default proto static \\\tnexthop via 10.0.0.1 dev eth0 weight 1 \\\tnexthop via 10.0.0.2 dev eth1 weight 1\n", "o");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Findings, Is.Empty);
            Assert.That(result.Routes.Single().NextHops.Select(h => h.Device), Is.EqualTo(["eth0", "eth1"]));
        }
    }

    [TestCase("default dev tun0", false, "0.0.0.0/0")]
    [TestCase("default dev tun0", true, "::/0")]
    [TestCase("default dev tun0 pref medium", false, "::/0")]
    [TestCase("default via fe80::1 dev eth0", false, "::/0")]
    [TestCase("default via inet6 fe80::1 dev eth0", true, "0.0.0.0/0")]
    [TestCase("default via 10.0.0.1 dev eth0", true, "0.0.0.0/0")]
    [TestCase("default dev eth0 src fd00::1", false, "::/0")]
    [TestCase("default \n\tnexthop via fe80::1 dev eth0\n\tnexthop via fe80::2 dev eth0", false, "::/0")]
    public void Default_FamilyComesFromWhatTheLineSays(string text, bool defaultIsIPv6, string expected)
    {
        var family = defaultIsIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork;
        Assert.That(RouteParser.ParseText(text, "s", family).Routes.Single().Destination.ToString(), Is.EqualTo(expected));
    }

    [TestCase("root@test-worker2:/# ls", "neither a destination")]
    [TestCase("RTNETLINK answers: File exists", "neither a destination")]
    [TestCase("10/8 dev eth0", "'10/8' is neither")]
    [TestCase("blackhole", "no destination")]
    [TestCase("10.0.0.0/8 via", "'via' has no value")]
    [TestCase("10.0.0.0/8 via dev eth0", "'dev' is no value for 'via'")]
    [TestCase("10.0.0.0/8 via inet6", "'via' has no value")]
    [TestCase("10.0.0.0/8 metric -1", "'-1' is no value for 'metric'")]
    [TestCase("10.0.0.0/8 metric 4294967296", "'4294967296' is no value")]
    [TestCase("10.0.0.0/8 src fd00::1", "another family")]
    [TestCase("fd00::/8 via 10.0.0.1", "cannot have the next hop 10.0.0.1")]
    [TestCase("10.0.0.0/8\n\tnexthop via 10.0.0.1 weight 0\n\tnexthop via 10.0.0.2", "'0' is no value for 'weight'")]
    [TestCase("10.0.0.0/8\n\tnexthop via 10.0.0.1 src 10.0.0.9", "'10.0.0.9' is no value for 'src'")]
    [TestCase("10.0.0.300", "neither a destination")]
    [TestCase("\u0000\u0001 \ud800", "NUL character here")]
    public void UnreadableLine_IsOneFindingAndReadingGoesOn(string line, string says)
    {
        var result = RouteParser.ParseText($"10.1.0.0/16 dev a\n{line}\r\n10.2.0.0/16 dev b", "s");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Routes.Select(r => r.Device), Is.EqualTo(["a", "b"]));
            Assert.That(result.Findings.Select(f => f.Id), Is.EqualTo(["route-line-unreadable"]));
            Assert.That(result.Findings[0].Evidence, Does.Contain(says));
            Assert.That(result.Findings[0].Subject, Does.Match("^s:[23]:\\d+$"));
        }
    }

    [TestCase("10.0.0.0/8 from 10.1.0.0/16 dev eth0", "from")]
    [TestCase("10.0.0.0/8 tos 0x10 dev eth0", "tos")]
    [TestCase("10.0.0.0/8 encap ip id 1 src 1.1.1.1 dst 2.2.2.2 dev tun0", "encap")]
    public void WhatTheModelDoesNotHold_IsRefusedByName(string line, string word)
    {
        var result = RouteParser.ParseText(line, "s");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Routes, Is.Empty);
            Assert.That(result.Findings.Single().Id, Is.EqualTo("route-not-modelled"));
            Assert.That(result.Findings.Single().Evidence, Does.Contain($"'{word}'"));
        }
    }

    [Test]
    public void NextHopBeforeAnyRoute_IsAFinding()
    {
        var result = RouteParser.ParseText("\tnexthop via 10.0.0.1 dev eth0\n10.2.0.0/16 dev b", "s");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Routes.Select(r => r.Device), Is.EqualTo(["b"]));
            Assert.That(result.Findings.Single().Evidence, Does.Contain("without a route before it"));
        }
    }

    [Test]
    public void EmptyAndBlankText_GivesNothing() =>
        Assert.That(RouteParser.ParseText(" \n\r\n\t\n", "s") is { Routes.Length: 0, Findings.Length: 0 });

    [Test]
    public void Findings_AreBounded()
    {
        var result = RouteParser.ParseText(string.Concat(Enumerable.Repeat("garbage\n", 5000)), "s");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Findings, Has.Length.EqualTo(RouteParser.MaxFindings + 1));
            Assert.That(result.Findings[^1].Evidence, Does.Contain("4000 more"));
        }
    }

    [TestCase("", "not JSON")]
    [TestCase("default via 10.0.0.1 dev eth0", "not JSON")]
    [TestCase("{}", "array was expected, not Object")]
    [TestCase("[{\"dst\":\"default\"},", "not JSON")]
    public void ParseJson_NoArray_IsOneBlocker(string json, string says)
    {
        var result = RouteParser.ParseJson(json, "s");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Routes, Is.Empty);
            Assert.That(result.Findings.Select(f => (f.Id, f.Severity)), Is.EqualTo([("routes-unreadable", Severity.Blocker)]));
            Assert.That(result.Findings[0].Evidence, Does.Contain(says));
        }
    }

    [TestCase("1", "route-line-unreadable", "an object was expected")]
    [TestCase("{\"dev\":\"eth0\"}", "route-line-unreadable", "no text 'dst'")]
    [TestCase("{\"dst\":5}", "route-line-unreadable", "'5' is neither")]
    [TestCase("{\"dst\":\"\\ud800\"}", "route-line-unreadable", "no Unicode")]
    [TestCase("{\"dst\":\"10.0.0.0/8\",\"type\":\"nat\"}", "route-line-unreadable", "type 'nat'")]
    [TestCase("{\"dst\":\"10.0.0.0/8\",\"gateway\":\"x\"}", "route-line-unreadable", "'gateway'")]
    [TestCase("{\"dst\":\"10.0.0.0/8\",\"metric\":-1}", "route-line-unreadable", "'metric'")]
    [TestCase("{\"dst\":\"10.0.0.0/8\",\"metric\":\"1\"}", "route-line-unreadable", "'metric'")]
    [TestCase("{\"dst\":\"10.0.0.0/8\",\"flags\":\"onlink\"}", "route-line-unreadable", "'flags'")]
    [TestCase("{\"dst\":\"10.0.0.0/8\",\"dev\":null}", "route-line-unreadable", "'dev'")]
    [TestCase("{\"dst\":\"10.0.0.0/8\",\"nexthops\":[{\"weight\":300}]}", "route-line-unreadable", "'weight'")]
    [TestCase("{\"dst\":\"10.0.0.0/8\",\"nexthops\":[1]}", "route-line-unreadable", "'nexthops'")]
    [TestCase("{\"dst\":\"10.0.0.0/8\",\"from\":\"10.1.0.0/16\"}", "route-not-modelled", "'from'")]
    public void ParseJson_UnreadableEntry_IsOneFindingAndReadingGoesOn(string entry, string id, string says)
    {
        var result = RouteParser.ParseJson($$"""[{"dst":"10.1.0.0/16","dev":"a"},{{entry}},{"dst":"10.2.0.0/16","dev":"b"}]""", "s");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Routes.Select(r => r.Device), Is.EqualTo(["a", "b"]));
            Assert.That(result.Findings.Select(f => (f.Id, f.Subject)), Is.EqualTo([(id, "s[1]")]));
            Assert.That(result.Findings[0].Evidence, Does.Contain(says));
        }
    }

    [Test]
    public void ParseJson_UnknownNamesAndFlags_AreOneFindingAndTheRouteIsKept()
    {
        var result = RouteParser.ParseJson("""[{"dst":"10.0.0.9/8","dev":"a","flags":["onlink6"],"colour":1}]""", "s");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.Routes.Single().Destination.ToString(), Is.EqualTo("10.0.0.0/8"));
            Assert.That(result.Findings.Select(f => f.Id), Is.EqualTo(["route-host-bits", "route-word-unknown"]));
            Assert.That(result.Findings[1].Evidence, Does.Contain("'onlink6', 'colour'"));
        }
    }

    [Test]
    public void OtherFamilies_AreRefused() =>
        Assert.That(() => RouteParser.ParseText("", "s", AddressFamily.Unix), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void ToString_IsWhatIpRoutePrints()
    {
        var lines = Fixture("every-kind.txt").Split('\n').Where(l => l.Length > 0 && !l.Contains("mtu") && !l.Contains("expires")
            && !l.Contains("error") && !l.Contains("metric 0")).ToList();
        var routes = RouteParser.ParseText(string.Join('\n', lines), "s").Routes;
        Assert.That(
            string.Join('\n', routes.Select(r => r.ToString())).Split('\n'),
            Is.EqualTo(lines.Select(l => l.TrimEnd())));
    }

    [TestCase("unreachable default dev lo metric 4294967295 pref medium")]
    [TestCase("anycast fd00:10:: dev eth0 table local proto kernel pref medium")]
    [TestCase("default dev tun0 scope link")]
    public void ToString_OfOneLine_IsThatLine(string line) =>
        Assert.That(RouteParser.ParseText(line, "s").Routes.Single().ToString(), Is.EqualTo(line));

    [Test]
    public void ParseText_OfToString_IsIdentity() =>
        RouteGen.Any.Array[0, 5].Sample(routes =>
        {
            var result = RouteParser.ParseText(string.Join('\n', routes.Select(r => r.ToString())), "s");
            Assert.That(result.Routes, Is.EqualTo(routes));
            Assert.That(result.Findings, Is.Empty);
        }, iter: 1000);

    [Test]
    public void AnyText_NeverThrows_AndEveryLineIsARouteOrAFinding() =>
        Gen.OneOf("10.0.0.0/8", "default", "via", "dev", "nexthop", "10.0.0.1", "fd00::1", "inet6", "metric", "blackhole", "lock", "mtu", "x", "7", "from", "\\")
            .Array[1, 8].Select(words => string.Join(' ', words))
            .Array[1, 6].Sample(lines =>
            {
                var result = RouteParser.ParseText(string.Join('\n', lines), "s");
                Assert.That(result.Routes.Length + result.Findings.Length > 0, Is.EqualTo(lines.Any(l => l.Trim(' ', '\\').Length > 0)));
            });

    private static string Fixture(string name) =>
        File.ReadAllText(Path.Combine(TestContext.CurrentContext.TestDirectory, "Fixtures", "routes", name));
}
