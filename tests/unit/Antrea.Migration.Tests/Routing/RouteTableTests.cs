using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing;
using Antrea.Migration.Tests.Generators;
using Antrea.Migration.Tests.Reference.Addressing;
using CsCheck;

namespace Antrea.Migration.Tests.Routing;

public class RouteTableTests
{
    [Test]
    public void Lookup_LongestThenLowestMetricThenFirstListed()
    {
        var table = new RouteTable(
        [
            To("0.0.0.0/0", "default"), To("10.0.0.0/24", "worse", 20), To("10.0.0.0/24", "first", 10), To("10.0.0.0/24", "second", 10),
            To("10.0.0.0/25", "dead") with { Dead = true }, To("10.0.0.0/8", "wide"),
        ]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(table.Lookup(IPAddress.Parse("10.0.0.1"))!.Device, Is.EqualTo("first"));
            Assert.That(table.Lookup(IPAddress.Parse("10.0.1.1"))!.Device, Is.EqualTo("wide"));
            Assert.That(table.Lookup(IPAddress.Parse("192.0.2.1"))!.Device, Is.EqualTo("default"));
            Assert.That(table.Lookup(IPAddress.Parse("fd00::1")), Is.Null);
            Assert.That(table.Routes.Select(r => r.Device), Is.EqualTo(["default", "worse", "first", "second", "dead", "wide"]));
        }
    }

    [Test]
    public void Lookup_NullAddress_IsRefused() =>
        Assert.That(() => new RouteTable([]).Lookup(null!), Throws.ArgumentNullException);

    [Test]
    public void Lookup_AgreesWithTheLinearTwin() =>
        Gen.Select(RouteGen.Table40, AddressGen.Crowded.Array[1, 20]).Sample((routes, addresses) =>
        {
            var (fast, slow) = (new RouteTable(routes), new LinearRouteTable(routes));
            Assert.That(addresses.Select(fast.Lookup), Is.EqualTo(addresses.Select(slow.Lookup)));
        });

    [Test]
    public void Lookup_OfMany_AgreesWithOneByOne() =>
        Gen.Select(RouteGen.Table40, AddressGen.Crowded.Array[0, 200]).Sample((routes, addresses) =>
        {
            var table = new RouteTable(routes);
            var found = new Route?[addresses.Length];
            table.Lookup(addresses, found);
            Assert.That(found, Is.EqualTo(addresses.Select(table.Lookup)));
        });

    [Test]
    public void Lookup_OfMany_WithoutRoomOrAddress_IsRefused()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => new RouteTable([]).Lookup([IPAddress.Any], new Route?[2]), Throws.ArgumentException);
            Assert.That(() => new RouteTable([]).Lookup([IPAddress.Any, null!], new Route?[2]), Throws.ArgumentNullException);
        }
    }

    [Test]
    public void With_IsAsIfTheRoutesWereListedAnew() =>
        Gen.Select(RouteGen.Table40, RouteGen.Table40, RouteGen.Table40, AddressGen.Crowded.Array[1, 20])
            .Sample((shared, added, more, addresses) =>
        {
            // What is removed is partly there, partly not; the second difference takes from the first, too.
            Route[] removed = [.. shared.Where((_, i) => i % 2 == 0), .. more.Take(3)];
            Route[] removedThen = [.. added.Where((_, i) => i % 3 == 0), .. shared.Skip(1).Take(3)];
            Route[] listed = [.. added, .. shared.Where(r => !removed.Contains(r))];
            Route[] listedThen = [.. more, .. listed.Where(r => !removedThen.Contains(r))];
            var once = new RouteTable(shared).With(added, removed);
            var twice = once.With(more, removedThen);
            using (Assert.EnterMultipleScope())
            {
                Agrees(once, listed, addresses);
                Agrees(twice, listedThen, addresses);
            }
        });

    [Test]
    public void Equality_ComparesNextHopsOneByOne()
    {
        var hop = new RouteNextHop { Device = "eth0" };
        var route = To("10.0.0.0/8", "x") with { NextHops = [hop] };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(route, Is.EqualTo(route with { NextHops = [hop with { }] }));
            Assert.That(route.GetHashCode(), Is.EqualTo((route with { NextHops = [hop with { }] }).GetHashCode()));
            Assert.That(route, Is.Not.EqualTo(route with { NextHops = [hop with { Weight = 2 }] }));
            Assert.That(route, Is.Not.EqualTo(route with { NextHops = [] }));
        }
    }

    private static void Agrees(RouteTable table, Route[] listed, IPAddress[] addresses)
    {
        var found = new Route?[addresses.Length];
        table.Lookup(addresses, found);
        Assert.That(table.Routes, Is.EqualTo(listed));
        Assert.That(addresses.Select(table.Lookup), Is.EqualTo(addresses.Select(new LinearRouteTable(listed).Lookup)));
        Assert.That(found, Is.EqualTo(addresses.Select(table.Lookup)));
    }

    private static Route To(string destination, string device, long metric = 0) =>
        new() { Destination = Cidr.Parse(destination), Device = device, Metric = metric };
}
