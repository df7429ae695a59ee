using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing;
using Antrea.Migration.Tests.Generators;
using Antrea.Migration.Tests.Reference.Routing;
using CsCheck;

namespace Antrea.Migration.Tests.Routing;

public class NodeRoutesTests
{
    private static readonly Gen<string?> Device = Gen.OneOf<string?>("eth0", "lo", null);
    private static readonly Gen<Cidr?> Prefix = Gen.Select(Gen.Bool, AddressGen.CrowdedCidr, (has, c) => has ? (Cidr?)c : null);

    private static readonly Gen<RouteRule> AnyRule =
        from priority in Gen.Long[0, 6]
        from selector in Gen.Select(Gen.Bool, Gen.Int[0, 4], Prefix, Prefix, Device, Device)
        from mark in Gen.OneOf<uint?>(null, null, 1, 2)
        from mask in Gen.OneOf(uint.MaxValue, 1u, 0u)
        from action in Gen.OneOf(
            RouteRuleAction.Lookup, RouteRuleAction.Lookup, RouteRuleAction.Lookup, RouteRuleAction.Goto, RouteRuleAction.Nop, RouteRuleAction.Prohibit)
        from table in Gen.OneOf("main", "local", "100")
        from target in Gen.Long[0, 6]
        from suppressed in Gen.OneOf<int?>(null, null, 0, 26)
        select new RouteRule
        {
            Priority = priority,
            IsIPv6 = selector.Item1,
            Not = selector.Item2 == 0,
            From = selector.Item3,
            To = selector.Item4,
            InputDevice = selector.Item5,
            OutputDevice = selector.Item6,
            Mark = mark,
            MarkMask = mask,
            Action = action,
            Table = table,
            Target = target,
            SuppressPrefixLength = suppressed,
        };

    [Test]
    public void Lookup_AgreesWithTheLinearTwin() =>
        Gen.Select(
                RouteGen.Table40, Gen.OneOf("main", "local", "100").Array[40], Gen.OneOf(RouteType.Unicast, RouteType.Unicast, RouteType.Throw, RouteType.Blackhole).Array[40],
                AnyRule.Array[1, 10], AddressGen.Crowded.Array[1, 8], AddressGen.Crowded, Device, Gen.UInt[0, 3])
            .Sample((routes, tables, types, rules, destinations, source, device, mark) =>
            {
                routes = [.. routes.Select((r, i) => r with { Table = tables[i], Type = types[i] })];
                var fast = new NodeRoutes("n", routes, rules);
                var slow = new LinearNodeRoutes(routes, fast.Rules);
                foreach (var packet in destinations.Select(d => new RoutePacket(d, source) { InputDevice = device, Mark = mark }))
                {
                    var decision = fast.Lookup(packet);
                    Assert.That((decision.Rule, decision.Route), Is.EqualTo(slow.Lookup(packet)), packet.ToString());
                }
            }, iter: 1000);

    [Test]
    public void Lookup_LocalThenMainThenDefault()
    {
        var routes = Node("""
            local 10.10.3.1 dev antrea-gw0 table local proto kernel scope host src 10.10.3.1
            10.10.3.0/24 dev antrea-gw0 proto kernel scope link src 10.10.3.1
            10.10.4.128/26 via 172.18.0.19 dev tunl0 proto bird onlink
            10.10.4.0/24 via 10.10.4.1 dev antrea-gw0 onlink
            default via 172.18.0.9 dev eth0 table 253
            """);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(routes.Lookup(IPAddress.Parse("10.10.3.1")).Route!.Type, Is.EqualTo(RouteType.Local));
            Assert.That(routes.Lookup(IPAddress.Parse("10.10.4.129")).Route!.Device, Is.EqualTo("tunl0"));
            Assert.That(routes.Lookup(IPAddress.Parse("10.10.4.2")).ToString(), Is.EqualTo("table main: 10.10.4.0/24 via 10.10.4.1 dev antrea-gw0 onlink"));
            Assert.That(routes.Lookup(IPAddress.Parse("192.0.2.1")).Rule!.Table, Is.EqualTo("default"));
            Assert.That(routes.Lookup(IPAddress.Parse("fd00::1")).ToString(), Is.EqualTo("no table has a route"));
        }
    }

    [Test]
    public void Lookup_ARuleForCalicosSources_SendsThemByItsTable()
    {
        var routes = Node("""
            0: from all lookup local
            1000: from 10.10.0.0/16 lookup 201
            32766: from all lookup main
            10.10.4.0/24 via 10.10.4.1 dev antrea-gw0 onlink
            10.10.4.0/24 via 172.18.0.5 dev tunl0 table 201 onlink
            """);
        var destination = IPAddress.Parse("10.10.4.2");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(routes.Lookup(new RoutePacket(destination, IPAddress.Parse("10.10.72.1"))).Route!.Device, Is.EqualTo("tunl0"));
            Assert.That(routes.Lookup(new RoutePacket(destination, IPAddress.Parse("172.18.0.2"))).Route!.Device, Is.EqualTo("antrea-gw0"));
            Assert.That(routes.Lookup(destination).Route!.Device, Is.EqualTo("antrea-gw0"), "no source yet");
            Assert.That(routes.Rules.Where(r => r.IsIPv6).Select(r => r.Priority), Is.EqualTo([0, 32766]), "IPv6 keeps the kernel's own");
        }
    }

    [TestCase("throw 10.10.4.0/24 table 201", "antrea-gw0")]
    [TestCase("blackhole 10.10.4.0/24 table 201", null)]
    [TestCase("10.10.0.0/16 dev wireguard.cali table 201", "wireguard.cali")]
    public void Lookup_ThrowGoesOn_BlackholeEnds(string route, string? device)
    {
        var routes = Node($"0: from all lookup local\n99: not from all fwmark 0x100000/0x100000 lookup 201\n32766: from all lookup main\n"
            + $"{route}\n10.10.4.0/24 via 10.10.4.1 dev antrea-gw0 onlink");
        Assert.That(routes.Lookup(IPAddress.Parse("10.10.4.2")).Route!.Device, Is.EqualTo(device));
    }

    [Test]
    public void Lookup_SuppressedDefault_AsksTheNextRule()
    {
        var routes = Node("""
            0: from all lookup local
            100: from all lookup main suppress_prefixlength 0
            200: from all lookup 51820
            default via 172.18.0.1 dev eth0
            172.18.0.0/16 dev eth0 proto kernel scope link src 172.18.0.2
            default dev wg0 table 51820 scope link
            """);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(routes.Lookup(IPAddress.Parse("172.18.0.3")).Route!.Device, Is.EqualTo("eth0"));
            Assert.That(routes.Lookup(IPAddress.Parse("192.0.2.1")).Route!.Device, Is.EqualTo("wg0"));
        }
    }

    // As Linux 6.18 answers 'ip route get', of both families.
    [TestCase("blackhole", "10.0.0.0/8", "10.1.1.1")]
    [TestCase("prohibit", "10.0.0.0/8", "10.1.1.1")]
    [TestCase("unreachable", "2001:db8::/32", "2001:db8::1")]
    public void Lookup_SuppressedRouteThatDrops_DropsAllTheSame(string type, string prefix, string address)
    {
        var family = prefix.Contains(':', StringComparison.Ordinal) ? "-6 " : "";
        var routes = Node($"""
            $ ip {family}rule
            0: from all lookup local
            10: from all lookup main suppress_prefixlength 32
            20: from all lookup 200
            $ ip {family}route show table all
            {type} {prefix} dev lo
            {prefix} dev eth0 table 200
            """);
        Assert.That(routes.Lookup(IPAddress.Parse(address)).Route!.Type.ToString(), Is.EqualTo(type).IgnoreCase);
    }

    private static NodeRoutes Node(string text)
    {
        var read = RouteParser.Parse(text, "n");
        Assert.That(read.Findings, Is.Empty);
        return new NodeRoutes("n", read.Routes, read.Rules);
    }
}
