using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Routing;
using Antrea.Migration.Routing.Analysis;

namespace Antrea.Migration.Tests.Routing.Analysis;

/// <summary>Nodes x, s and y (172.18.0.1, .2, .3) with PodCIDRs 10.10.1.0/24, 10.10.2.0/24 and 10.10.3.0/24.</summary>
public class RouteAnalyzerTests
{
    private const string AntreaOfX = "10.10.1.0/24 dev antrea-gw0 proto kernel scope link src 10.10.1.1\n10.10.2.0/24 via 10.10.2.1 dev antrea-gw0 onlink\n"
        + "10.10.3.0/24 via 10.10.3.1 dev antrea-gw0 onlink\ndefault via 172.18.0.254 dev eth0\n";

    /// <summary>Routes of x beside Antrea's, the blocks there are (owner:prefix), and what is found.</summary>
    private static IEnumerable<TestCaseData> Orders()
    {
        yield return Case("a block outside", "10.10.100.0/26 via 172.18.0.2 dev tunl0 proto bird onlink", "s:10.10.100.0/26");
        yield return Case("own blackhole outside", "blackhole 10.10.100.0/26 proto bird", "x:10.10.100.0/26");
        yield return Case(
            "longer, in the PodCIDR of a third Node", "10.10.3.128/26 via 172.18.0.2 dev tunl0 proto bird onlink", "s:10.10.3.128/26",
            "Blocker calico-route-inside-pod-cidr");
        yield return Case(
            "longer, in this Node's own PodCIDR", "10.10.1.128/26 via 172.18.0.2 dev tunl0 proto bird onlink", "s:10.10.1.128/26",
            "Blocker calico-route-inside-pod-cidr", "Blocker on-link-hides-calico");
        yield return Case(
            "longer, a single address of felix's", "10.10.3.9 via 172.18.0.2 dev vxlan.calico proto 80 onlink", "s:10.10.3.9/32",
            "Blocker calico-route-inside-pod-cidr");
        yield return Case(
            "own blackhole in a PodCIDR", "blackhole 10.10.3.128/26 proto bird", "x:10.10.3.128/26", "Blocker blackhole-inside-pod-cidr");
        yield return Case(
            "own blackhole in the own PodCIDR", "blackhole 10.10.1.0/26 proto bird\n10.10.1.3 dev cali1 scope link", "x:10.10.1.0/26",
            "Blocker blackhole-inside-pod-cidr", "Blocker on-link-hides-calico");
        yield return Case(
            "equal", "10.10.3.0/24 via 172.18.0.2 dev tunl0 proto bird onlink", "s:10.10.3.0/24",
            "Blocker calico-route-equals-pod-cidr", "Warning route-tie");
        yield return Case(
            "own blackhole equal to the own PodCIDR", "blackhole 10.10.1.0/24 proto bird", "x:10.10.1.0/24",
            "Blocker calico-route-equals-pod-cidr", "Blocker on-link-hides-calico");
        yield return Case(
            "shorter", "10.10.2.0/23 via 172.18.0.2 dev tunl0 proto bird onlink", "s:10.10.2.0/23",
            "Blocker pod-cidr-inside-calico-route", "Blocker pod-cidr-inside-calico-route");
        yield return Case(
            "own blackhole around a PodCIDR", "blackhole 10.10.2.0/23 proto bird", "x:10.10.2.0/23",
            "Info blackhole-around-pod-cidr", "Info blackhole-around-pod-cidr");
        yield return Case(
            "learned by BIRD", "10.10.3.0/24 via 172.18.0.3 dev tunl0 proto bird metric 32 onlink", "s:10.10.100.0/26\n10.10.100.0/26 via 172.18.0.2 dev tunl0 proto bird onlink",
            "Warning bird-learned-pod-cidr");
        yield return Case(
            "a block that is gone", "10.10.120.0/26 via 172.18.0.2 dev tunl0 proto bird onlink", "", "Warning stale-calico-route");
        yield return Case(
            "a block that is gone, in a PodCIDR", "10.10.3.64/26 via 172.18.0.2 dev tunl0 proto bird onlink", "",
            "Blocker calico-route-inside-pod-cidr", "Blocker stale-calico-route");
        yield return Case("a blackhole that is left", "blackhole 10.10.120.0/26 proto bird", "", "Warning stale-calico-route");
        yield return Case("a route outside every pool", "192.168.0.0/24 via 172.18.0.254 dev eth0 proto bird", "");
        yield return Case(
            "a Node that is gone", "10.10.100.0/26 via 172.18.0.77 dev tunl0 proto bird onlink", "s:10.10.100.0/26", "Warning calico-route-to-no-node");
        yield return Case(
            "a block that moved", "10.10.100.0/26 via 172.18.0.3 dev tunl0 proto bird onlink", "s:10.10.100.0/26", "Warning calico-route-to-other-node");
        yield return Case(
            "a block without a route", "blackhole 10.10.100.0/26 proto bird", "x:10.10.100.0/26 s:10.10.101.0/26", "Warning missing-calico-route");
        yield return Case("no Calico on the Node", "", "s:10.10.101.0/26");
        yield return Case("a leftover of Antrea's", "10.10.99.0/24 via 10.10.99.1 dev antrea-gw0 onlink", "", "Warning stale-antrea-route");
        yield return Case("two ways", "10.99.0.0/16 via 172.18.0.8 dev eth0\n10.99.0.0/16 via 172.18.0.9 dev eth0", "", "Warning route-tie");
        yield return Case("two ways of unlike metric", "10.99.0.0/16 via 172.18.0.8 dev eth0\n10.99.0.0/16 via 172.18.0.9 dev eth0 metric 5", "");
    }

    [TestCaseSource(nameof(Orders))]
    public void EveryOrder(string routes, string blocks, string[] expected)
    {
        var lines = blocks.Split('\n');
        var conflicts = Analyze(Snapshot(lines[0]), ("x", AntreaOfX + routes + "\n" + string.Join('\n', lines[1..])));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(conflicts.Select(c => $"{c.Severity} {c.Id}").Order(StringComparer.Ordinal), Is.EqualTo(expected.Order(StringComparer.Ordinal)));
            Assert.That(conflicts.Select(c => c.Remedy).Concat(conflicts.Select(c => c.Dies)), Has.None.Empty);
            Assert.That(conflicts.Where(c => !c.Id.StartsWith("missing", StringComparison.Ordinal)).Select(c => c.Route), Has.None.Empty);
        }
    }

    [Test]
    public void WithoutTheCluster_OwnersAreReadOffTheTables_AndNothingIsCalledStale()
    {
        var conflicts = Analyze(
            null,
            ("x", AntreaOfX + "10.10.3.128/26 via 172.18.0.2 dev tunl0 proto bird onlink\n10.10.120.0/26 via 172.18.0.77 dev tunl0 proto bird onlink"),
            ("s", "10.10.2.0/24 dev antrea-gw0 proto kernel scope link src 10.10.2.1\n10.10.3.0/24 via 10.10.3.1 dev antrea-gw0 onlink\nblackhole 10.10.3.128/26 proto bird"),
            ("y", "10.10.3.0/24 dev antrea-gw0 proto kernel scope link src 10.10.3.1\n10.10.3.128/26 via 172.18.0.2 dev tunl0 proto bird onlink"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                conflicts.Select(c => $"{c.Id} {string.Join(',', c.Nodes)}"),
                Is.EqualTo(["blackhole-inside-pod-cidr s", "calico-route-inside-pod-cidr x", "calico-route-inside-pod-cidr y", "on-link-hides-calico y"]));
            Assert.That(conflicts.First(c => c.Nodes[0] == "x").Evidence, Does.Contain("block of Node s").And.Contain("10.10.3.0/24 of Node y"));
        }
    }

    [Test]
    public void TheSameOnManyNodes_IsOneConflict()
    {
        const string Route = "10.10.3.128/26 via 172.18.0.3 dev tunl0 proto bird onlink";
        var conflicts = Analyze(Snapshot("y:10.10.3.128/26"), ("x", AntreaOfX + Route), ("s", AntreaOfX.Replace("10.10.1.", "10.10.9.") + Route));
        var conflict = conflicts.Single(c => c.Id == "calico-route-inside-pod-cidr");
        Assert.That((string.Join(',', conflict.Nodes), conflict.Route), Is.EqualTo(("s,x", Route)));
    }

    [Test]
    public void IPv6_IsJudgedTheSame()
    {
        var conflicts = Analyze(
            null,
            ("x", """
                fd00:10:1::/64 dev antrea-gw0 proto kernel metric 256 pref medium
                fd00:10:3::/64 via fd00:10:3::1 dev antrea-gw0 metric 1024 pref medium
                fd00:10:3::1 dev antrea-gw0 metric 1024 pref medium
                fd00:10:3:0:8::/122 via fd00::2 dev vxlan-v6.calico proto 80 metric 1024 onlink pref medium
                fe80::/64 dev antrea-gw0 proto kernel metric 256 pref medium
                fe80::/64 dev eth0 proto kernel metric 256 pref medium
                """));
        Assert.That(conflicts.Select(c => c.Id), Is.EqualTo(["calico-route-inside-pod-cidr"]));
    }

    /// <summary><c>ip route</c> prints IPv4 only: of a dual-stack cluster's IPv6 nothing is missing then.</summary>
    [TestCase("", TestName = "OfAFamilyThatATableDoesNotTell_NothingIsMissing")]
    [TestCase(
        "fd00:1::/64 dev antrea-gw0 proto kernel metric 256 pref medium\nfd00:9::/122 via fd01::3 dev vxlan-v6.calico proto 80 metric 1024 onlink pref medium\n",
        "missing-pod-cidr-route fd00:2::/64", "missing-calico-route fd00:9::40/122", TestName = "OfAFamilyThatATableTells_WhatIsMissingIsTold")]
    public void Families_AreMissedEachByItself(string ipv6, params string[] expected)
    {
        var ipv4 = Snapshot("s:10.10.100.0/26");
        var snapshot = ipv4 with
        {
            Nodes = [.. ipv4.Nodes.Take(2).Select((n, i) => n with { PodCidrs = [.. n.PodCidrs, Cidr.Parse($"fd00:{2 - i}::/64")] })],
            CalicoIpam = ipv4.CalicoIpam with
            {
                Blocks =
                [
                    .. ipv4.CalicoIpam.Blocks,
                    .. ((string[])["fd00:9::/122", "fd00:9::40/122"]).Select(b => new IpamBlock { Name = b, Cidr = Cidr.Parse(b), Node = "s" }),
                ],
            },
        };
        var conflicts = Analyze(snapshot, ("x", AntreaOfX + "10.10.100.0/26 via 172.18.0.2 dev tunl0 proto bird onlink\n" + ipv6));
        Assert.That(
            conflicts.Where(c => c.Id.StartsWith("missing", StringComparison.Ordinal)).Select(c => $"{c.Id} {c.Evidence.Split(' ').First(w => w.Contains('/', StringComparison.Ordinal)).TrimEnd(',')}"),
            Is.EquivalentTo(expected));
    }

    [Test]
    public void WithoutTunnels_AntreaInterfacesFollowTheHostsRoute()
    {
        var conflicts = Analyze(
            Snapshot("s:10.10.3.128/26"),
            ("x", "10.10.1.0/24 dev antrea-gw0 proto kernel scope link src 10.10.1.1\n10.10.2.0/24 via 172.18.0.2 dev eth0\n10.10.3.0/24 via 172.18.0.3 dev eth0\n"
                + "10.10.3.128/26 via 172.18.0.2 dev tunl0 proto bird onlink"));
        Assert.That(conflicts.Single().Dies, Does.Contain("by the host's longer route"));
    }

    [Test]
    public void APodsTable_ShowsItsTraps()
    {
        const string Stock = "default via 10.10.1.1 dev net1\ndefault via 169.254.1.1 dev eth0\n10.10.1.0/24 dev net1 proto kernel scope link src 10.10.1.9\n169.254.1.1 dev eth0 scope link";
        var conflicts = Analyze(Snapshot("s:10.10.1.128/26"), ("default/client", Stock));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(conflicts.Select(c => $"{c.Severity} {c.Id}"), Is.EqualTo(["Blocker multus-two-defaults", "Blocker on-link-hides-calico"]));
            Assert.That(conflicts[0].Dies, Does.Contain("SpoofGuard"));
            Assert.That(conflicts[1].Dies, Does.StartWith("what this Pod sends to Calico Pods in 10.10.1.128/26"));
        }
    }

    [Test]
    public void TwoTablesOfOneName_AreRefused() =>
        Assert.That(() => Analyze(null, ("x", ""), ("x", "")), Throws.ArgumentException.With.Message.Contains("two tables of x"));

    private static ImmutableArray<RouteConflict> Analyze(ClusterSnapshot? snapshot, params (string Node, string Text)[] tables) => RouteAnalyzer.Analyze(
        [
            .. tables.Select(t =>
            {
                var read = RouteParser.Parse(t.Text, t.Node);
                Assert.That(read.Findings, Is.Empty);
                return new NodeRoutes(t.Node, read.Routes, read.Rules);
            }),
        ],
        snapshot);

    private static ClusterSnapshot Snapshot(string blocks) => new()
    {
        Nodes =
        [
            .. ((string[])["s2", "x1", "y3"]).Select(n => new NodeInfo
            {
                Name = n[..1],
                PodCidrs = [Cidr.Parse($"10.10.{n[1]}.0/24")],
                InternalIPs = [IPAddress.Parse($"172.18.0.{n[1]}")],
            }),
        ],
        CalicoIpam = new CalicoIpam(
            [new IPPool { Name = "pool", Cidr = Cidr.Parse("10.10.0.0/16"), BlockSize = 26 }],
            [
                .. blocks.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(b => b.Split(':'))
                    .Select(b => new IpamBlock { Name = b[1], Cidr = Cidr.Parse(b[1]), Node = b[0] }),
            ],
            []),
    };

    private static TestCaseData Case(string name, string routes, string blocks, params string[] expected) =>
        new TestCaseData(routes, blocks, expected).SetArgDisplayNames(name);
}
