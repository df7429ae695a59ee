using System.Net;
using Antrea.Migration.Findings;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Tests.Routing;

/// <summary>Files as people save them: several commands' output, and what is no output at all.</summary>
public class RouteFileTests
{
    private const int Megabyte = 1024 * 1024;

    [Test]
    public void ASession_IsSplitByItsCommands()
    {
        var read = RouteParser.Parse(
            """
            # taken before the migration
            root@w2:/# ip rule
            0:	from all lookup local
            100:	from 10.10.4.0/24 lookup 201
            32766:	from all lookup main
            root@w2:/# ip route show table 201
            default via 169.254.1.1 dev eth0 onlink
            root@w2:/# ip -6 route
            default via fe80::1 dev eth0 metric 1024 pref medium
            default dev tun6 metric 2048
            ==========
            root@w2:/# ip -6 rule
            0:	from all lookup local
            root@w2:/# /sbin/ip -j route
            [{"dst":"default","gateway":"172.18.0.1","dev":"eth0","flags":[]},
             {"dst":"10.10.4.128/26","gateway":"172.18.0.19","dev":"tunl0","protocol":"bird","flags":["onlink"]}]
            root@w2:/# ip route get nothing
            """,
            "w2.txt");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(read.Findings, Is.Empty);
            Assert.That(read.Routes.Select(r => r.ToString()), Is.EqualTo(
            [
                "default via 169.254.1.1 dev eth0 table 201 onlink", "default via fe80::1 dev eth0 metric 1024 pref medium",
                "default dev tun6 metric 2048 pref medium", "default via 172.18.0.1 dev eth0", "10.10.4.128/26 via 172.18.0.19 dev tunl0 proto bird onlink",
            ]));
            Assert.That(read.Rules.Select(r => (r.IsIPv6, r.ToString())), Is.EqualTo(
            [
                (false, "0: from all lookup local"), (false, "100: from 10.10.4.0/24 lookup 201"), (false, "32766: from all lookup main"),
                (true, "0: from all lookup local"),
            ]));
        }
    }

    /// <summary>One table as a kernel has it, by <c>ip route show table all</c> with options that change the words and not the routes.</summary>
    [TestCase(
        """
        unicast default via 172.18.0.1 dev d0 table main proto boot scope global 
        blackhole 10.10.39.192/26 table main proto bird scope global 
        unicast 10.55.0.0/16 nhid 7 table main proto boot scope global 
        	nh_info id 7 group 5,4/6,3 scope global proto unspec 
        	nexthop via 172.18.0.20 dev d0 weight 4 
        	nexthop via 172.19.0.20 dev d1 weight 3 
        unicast 10.56.0.0/16 nhid 5 via 172.18.0.20 dev d0 table main proto boot scope global 
        	nh_info id 5 via 172.18.0.20 dev d0 scope link proto unspec 
        unicast 172.18.0.0/16 dev d0 table main proto kernel scope link src 172.18.0.4 
        broadcast 172.18.255.255 dev d0 table local proto kernel scope link src 172.18.0.4 
        """,
        TestName = "Details (ip -d) change nothing")]
    [TestCase(
        """
        default via 172.18.0.1 dev d0 
        6 10.10.39.192/26 proto 12 
        10.55.0.0/16 nhid 7 proto 3 
        	nexthop via 172.18.0.20 dev d0 weight 4 
        	nexthop via 172.19.0.20 dev d1 weight 3 
        10.56.0.0/16 nhid 5 via 172.18.0.20 dev d0 scope 0 
        172.18.0.0/16 dev d0 proto 2 scope 253 src 172.18.0.4 
        3 172.18.255.255 dev d0 table 255 proto 2 scope 253 src 172.18.0.4 
        """,
        TestName = "Numbers (ip -N) are the same words")]
    [TestCase(
        "default via \u001b[35m172.18.0.1 \u001b[0mdev \u001b[36md0 \u001b[0m\n"
        + "blackhole \u001b[1;35m10.10.39.192/26 \u001b[0mproto bird \n"
        + "\u001b[35m10.55.0.0/16 \u001b[0mnhid 7 \n\tnexthop via \u001b[35m172.18.0.20 \u001b[0mdev d0 weight 4 \n"
        + "\tnexthop via \u001b[35m172.19.0.20 \u001b[0mdev d1 weight 3 \n"
        + "\u001b[35m10.56.0.0/16 \u001b[0mnhid 5 via \u001b[35m172.18.0.20 \u001b[0mdev \u001b[36md0 \u001b[0m\n"
        + "\u001b[35m172.18.0.0/16 \u001b[0mdev \u001b[36md0 \u001b[0mproto kernel scope link src \u001b[35m172.18.0.4 \u001b[0m\u001b[K\n"
        + "broadcast \u001b[35m172.18.255.255 \u001b[0mdev \u001b[36md0 \u001b[0mtable local proto kernel scope link src \u001b[35m172.18.0.4\u001b[",
        TestName = "Colours (ip -c) are taken out")]
    [TestCase(
        """
        [{"type":"unicast","dst":"default","gateway":"172.18.0.1","dev":"d0","table":"main","protocol":"boot","scope":"global","flags":[]},
         {"type":"blackhole","dst":"10.10.39.192/26","table":"main","protocol":"bird","scope":"global","flags":[],"flow":{"to":3}},
         {"type":"unicast","dst":"10.55.0.0/16","nhid":7,"table":"main","protocol":"boot","scope":"global","flags":[],
          "nh_info":{"id":7,"group":[{"id":5,"weight":4},{"id":6,"weight":3}],"scope":"global","protocol":"unspec","flags":[]},
          "nexthops":[{"gateway":"172.18.0.20","dev":"d0","weight":4,"flags":[]},{"gateway":"172.19.0.20","dev":"d1","weight":3,"flags":[]}]},
         {"type":"unicast","dst":"10.56.0.0/16","nhid":5,"gateway":"172.18.0.20","dev":"d0","table":"main","protocol":"boot","scope":"global","flags":[],
          "nh_info":{"id":5,"gateway":"172.18.0.20","dev":"d0","scope":"link","protocol":"unspec","flags":[]}},
         {"type":"1","dst":"172.18.0.0/16","dev":"d0","table":"main","protocol":2,"scope":"253","prefsrc":"172.18.0.4","flags":[]},
         {"type":"broadcast","dst":"172.18.255.255","dev":"d0","table":"local","protocol":"kernel","scope":"link","prefsrc":"172.18.0.4","flags":[]}]
        """,
        TestName = "JSON with details is the same")]
    public void OtherWords_AreTheSameRoutes(string text)
    {
        var read = RouteParser.Parse(text, "w2.txt");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(read.Findings, Is.Empty);
            Assert.That(read.Routes.Select(r => (r with { Table = NodeRoutes.Canonical(r.Table) }).ToString()), Is.EqualTo(
            [
                "default via 172.18.0.1 dev d0", "blackhole 10.10.39.192/26 proto bird",
                "10.55.0.0/16\n\tnexthop via 172.18.0.20 dev d0 weight 4\n\tnexthop via 172.19.0.20 dev d1 weight 3",
                "10.56.0.0/16 via 172.18.0.20 dev d0", "172.18.0.0/16 dev d0 proto kernel scope link src 172.18.0.4",
                "broadcast 172.18.255.255 dev d0 table local proto kernel scope link src 172.18.0.4",
            ]));
        }
    }

    [Test]
    public void RulesByNumber_AreTheSameRules() => Assert.That(
        RouteParser.Parse("203:\tfrom 10.0.0.0/8 8\n32766:\tfrom all lookup 254\n", "w2.txt").Rules.Select(r => r.Action),
        Is.EqualTo([RouteRuleAction.Prohibit, RouteRuleAction.Lookup]));

    /// <summary>Its second column is the gateway; a route to the first column's single address would be none of the kernel's.</summary>
    [Test]
    public void TheOutputOfRoute_IsNotTakenForThatOfIp()
    {
        var read = RouteParser.Parse(
            """
            Kernel IP routing table
            Destination     Gateway         Genmask         Flags Metric Ref    Use Iface
            0.0.0.0         172.18.0.1      0.0.0.0         UG    0      0        0 eth0
            10.10.4.128     172.18.0.19     255.255.255.192 UG    0      0        0 tunl0
            fd00::/64                      ::                         U    256 1     0 eth0
            """,
            "w2.txt");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(read.Routes, Is.Empty);
            Assert.That(read.Findings.Select(f => (f.Id, f.Subject)), Is.EqualTo(
                ((string[])["1:1", "2:1", "3:17", "4:17", "5:32"]).Select(place => ("route-line-unreadable", $"w2.txt:{place}"))));
            Assert.That(read.Findings[2].Evidence, Does.Contain("'172.18.0.1'").And.Contain("`route -n`"));
        }
    }

    [Test]
    public void RulesThatBeginAgain_AreIPv6s()
    {
        const string Twice = "0: from all lookup local\n32766: from all lookup main\n32767: from all lookup default\n0: from all lookup local\n32766: from all lookup main\n";
        const string Json = """
            [{"priority":0,"src":"all","table":"local"},{"priority":32766,"src":"all","table":"main"}]
            [{"priority":0,"src":"all","table":"local"},{"priority":9,"src":"fd00::","srclen":64,"table":"100"}]
            """;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(RouteParser.Parse(Twice, "f").Rules.Select(r => r.IsIPv6), Is.EqualTo([false, false, false, true, true]));
            Assert.That(RouteParser.Parse(Json, "f").Rules.Select(r => r.IsIPv6), Is.EqualTo([false, false, true, true]));
        }
    }

    [TestCase("100:\tfrom 10.0.0.1 lookup 201", """{"priority":100,"src":"10.0.0.1","table":"201"}""")]
    [TestCase("100:\tnot from all to 10.1.0.0/16 lookup 7", """{"priority":100,"not":null,"src":"all","dst":"10.1.0.0","dstlen":16,"table":"7"}""")]
    [TestCase("99:\tfrom all fwmark 0x100000/0x100000 lookup 1", """{"priority":99,"src":"all","fwmark":"0x100000","fwmask":"0x100000","table":"1"}""")]
    [TestCase("99:\tfrom all iif tunl0 oif eth0 lookup main", """{"priority":99,"src":"all","iif":"tunl0","oif":"eth0","table":"main"}""")]
    [TestCase("5:\tfrom all lookup main suppress_prefixlength 0", """{"priority":5,"src":"all","table":"main","suppress_prefixlen":0}""")]
    [TestCase("5:\tfrom all goto 300", """{"priority":5,"src":"all","goto":300}""")]
    [TestCase("5:\tfrom all nop", """{"priority":5,"src":"all","nop":null}""")]
    [TestCase("5:\tfrom fd00::/64 prohibit", """{"priority":5,"src":"fd00::","srclen":64,"action":"prohibit"}""")]
    public void ARule_TextAndJson_AreTheSame_AndPrintedAsRead(string text, string json)
    {
        var fromText = RouteParser.Parse(text, "f");
        var fromJson = RouteParser.Parse($"[{json}]", "f");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(fromText.Findings.Concat(fromJson.Findings), Is.Empty);
            Assert.That(fromText.Rules, Has.Length.EqualTo(1));
            Assert.That(fromJson.Rules, Is.EqualTo(fromText.Rules));
            Assert.That(fromText.Rules[0].ToString(), Is.EqualTo(text.Replace('\t', ' ')));
        }
    }

    [TestCase("5: from all uidrange 0-99 lookup 7", "route-rule-not-modelled", "f:1:13", "'uidrange'")]
    [TestCase("5: from all lookup [l3mdev-table]", "route-rule-not-modelled", "f:1:13", "'lookup'")]
    [TestCase("5: from 10.0.0.1/8 lookup 7", "route-line-unreadable", "f:1:9", "'10.0.0.1/8' is no value for 'from'")]
    [TestCase("5: from all fwmark red lookup 7", "route-line-unreadable", "f:1:20", "'red'")]
    [TestCase("5: from all lookup", "route-line-unreadable", "f:1:13", "'lookup' has no value")]
    [TestCase("99999999999: from all lookup 7", "route-line-unreadable", "f:1:1", "neither a destination")]
    [TestCase("""[{"priority":-1}]""", "route-line-unreadable", "f:1[0]", "'priority'")]
    [TestCase("""[{"priority":7,"src":5,"table":"7"}]""", "route-line-unreadable", "f:1[0]", "'src'")]
    public void ARuleThatCannotBeRead_IsAFindingWithItsPlace(string text, string id, string subject, string says)
    {
        var read = RouteParser.Parse(text, "f");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(read.Rules, Is.Empty);
            Assert.That(read.Findings.Select(f => (f.Id, f.Subject)), Is.EqualTo([(id, subject)]));
            Assert.That(read.Findings[0].Evidence, Does.Contain(says));
        }
    }

    [Test]
    public void AnUnknownWordOfARule_IsAFindingAndTheRuleIsKept()
    {
        var read = RouteParser.Parse("7: from all colour lookup 7", "f");
        Assert.That((read.Rules.Single().Table, read.Findings.Single().Subject), Is.EqualTo(("7", "f:1:13")));
    }

    [Test]
    public void NewerWords_AreNoFindings()
    {
        var read = RouteParser.Parse(
            """
            default nhid 12 proto bird metric 32
            	nexthop via 172.18.0.3 dev eth0 weight 1
            	nexthop via 172.18.0.4 dev eth0 weight 1 dead linkdown
            10.10.7.0/26 nhid 30 via 172.18.0.7 dev tunl0 proto 80 onlink
            fd00::/64 dev eth0 proto ra metric 100 expires 1234sec hoplimit 64 pref high
            unreachable fd00:10::/48 dev lo metric 1024 error 4294967183 pref medium
            multicast ff00::/8 dev eth0 table local proto kernel metric 256 pref medium
            anycast fe80:: dev eth0 table local proto kernel metric 0 pref medium
            broadcast 172.18.255.255 dev eth0 table local proto kernel scope link src 172.18.0.2
            local default dev lo table 100 scope host
            10.0.0.1 via 172.18.0.1 dev eth0 src 172.18.0.2 uid 0
                cache expires 590sec mtu 1400
            """,
            "f");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(read.Findings, Is.Empty);
            Assert.That(read.Routes, Has.Length.EqualTo(9));
            Assert.That(read.Routes[0].NextHops.Select(h => h.Dead), Is.EqualTo([false, true]));
        }
    }

    [Test]
    public void BrokenJson_IsOneFinding_AndTheRestIsRead()
    {
        var read = RouteParser.Parse("[{\"dst\":}]\n10.0.0.0/8 dev a\n[{\"dst\":\"10.1.0.0/16\",\"dev\":\"b\"}]\n10.2.0.0/16 dev c oops\n[{\"dst\":", "f");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(read.Routes.Select(r => r.Device), Is.EqualTo(["a", "b", "c"]));
            Assert.That(
                read.Findings.Select(f => $"{f.Id} {f.Subject}"),
                Is.EqualTo(["routes-unreadable f:1", "route-word-unknown f:4:19", "route-line-unreadable f:5:1"]));
            Assert.That(read.Findings[0].Severity, Is.EqualTo(Severity.Blocker));
        }
    }

    private static IEnumerable<TestCaseData> HostileTexts()
    {
        yield return Hostile("junk lines", string.Concat(Enumerable.Repeat("lorem ipsum dolor\n", 10 * Megabyte / 18)));
        yield return Hostile("one line", new string('x', 10 * Megabyte));
        yield return Hostile("one line of words", string.Concat(Enumerable.Repeat("x ", 5 * Megabyte)));
        yield return Hostile("NULs", new string('\0', 10 * Megabyte));
        yield return Hostile("lines with NULs", string.Concat(Enumerable.Repeat("10.0.0.0/8 dev \0\n\0\n", Megabyte / 2)));
        yield return Hostile("open brackets", new string('[', 10 * Megabyte));
        yield return Hostile("arrays that never end", string.Concat(Enumerable.Repeat("[1,\n", 2 * Megabyte)));
        yield return Hostile("broken arrays", string.Concat(Enumerable.Repeat("[x]\n", 2 * Megabyte)));
        yield return Hostile("backslashes", new string('\\', 10 * Megabyte));
        yield return Hostile("rules", string.Concat(Enumerable.Repeat("7: from x\n", Megabyte)));
    }

    [TestCaseSource(nameof(HostileTexts))]
    public void HostileText_EndsWithAFewFindings(string text)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var read = RouteParser.Parse(text, "f");
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(read.Findings, Has.Length.InRange(1, RouteParser.MaxFindings + 1));
            Assert.That(read.Findings.Max(f => f.Evidence.Length + f.Subject.Length), Is.LessThan(1000));
            Assert.That(read.Findings[0].Subject, Does.StartWith("f:1"));
            Assert.That(allocated / text.Length, Is.LessThan(300), "bytes a character");
        }
    }

    private static TestCaseData Hostile(string name, string text) => new TestCaseData(text).SetArgDisplayNames(name);
}
