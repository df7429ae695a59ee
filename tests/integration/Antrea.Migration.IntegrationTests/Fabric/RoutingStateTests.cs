using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Routing;

namespace Antrea.Migration.IntegrationTests.Fabric;

[TestFixture]
internal sealed class RoutingStateTests
{
    private static readonly IPAddress Target = IPAddress.Parse("10.10.4.129");

    [Test]
    public void TryAdd_SameDestination_IsRefused()
    {
        RoutingState.Empty.TryAdd(Route("10.10.4.0/24", "antrea-gw0"), out var state);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(state.TryAdd(Route("10.10.4.0/24", "tunl0"), out var same), Is.False);
            Assert.That(same.Lookup(null, Target)!.Device, Is.EqualTo("antrea-gw0"));
            Assert.That(state.TryAdd(Route("10.10.4.0/24", "tunl0") with { Metric = 10 }, out _), Is.True);
            Assert.That(state.TryAdd(Route("10.10.4.0/24", "tunl0") with { Table = "101" }, out _), Is.True);
        }
    }

    [Test]
    public void Replace_LastWriterWins()
    {
        var state = RoutingState.Empty.Replace(Route("10.10.4.0/24", "tunl0")).Replace(Route("10.10.4.0/24", "antrea-gw0"));

        Assert.That((state.Routes.Length, state.Lookup(null, Target)!.Device), Is.EqualTo((1, "antrea-gw0")));
    }

    [Test]
    public void Prepend_ComesBeforeItsEquals()
    {
        var state = RoutingState.Empty.Replace(Route("0.0.0.0/0", "eth0")).Prepend(Route("0.0.0.0/0", "net1"));

        Assert.That(state.EqualsOf(state.Lookup(null, Target)!).Select(route => route.Device), Is.EqualTo(new[] { "net1", "eth0" }));
    }

    [Test]
    public void Lookup_RulesAreAskedByPriorityAndFallThrough()
    {
        var state = RoutingState.Empty.Replace(Route("10.10.4.0/24", "main"))
            .Replace(Route("0.0.0.0/0", "late") with { Table = "2" })
            .Replace(Route("10.99.0.0/16", "never") with { Table = "1" })
            .Replace(Route("10.10.4.128/25", "thrown") with { Table = "0", Type = RouteType.Throw })
            .Add(new RoutingRule(200, Cidr.Parse("10.10.72.1/32"), null, "2"))
            .Add(new RoutingRule(100, null, null, "1"))
            .Add(new RoutingRule(50, null, Cidr.Parse("10.10.4.0/24"), "0"));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(state.Lookup(null, Target)!.Device, Is.EqualTo("main"));
            Assert.That(state.Lookup(IPAddress.Parse("10.10.72.1"), Target)!.Device, Is.EqualTo("late"));
            Assert.That(state.Lookup(IPAddress.Parse("10.10.72.2"), Target)!.Device, Is.EqualTo("main"));
            Assert.That(state.Lookup(null, IPAddress.Parse("10.11.0.1")), Is.Null);
        }
    }

    [Test]
    public void RemovedDevice_TakesItsRoutesAlong()
    {
        var host = new HostNetns("n1", IPAddress.Parse("172.18.0.11"));
        host.AddDevice(new HostDevice("tunl0", HostDeviceKind.IpipTunnel, IPAddress.Parse("10.10.39.192")));
        host.ReplaceRoute(Route("10.10.4.128/26", "tunl0"));
        host.AddDevice(new HostDevice("antrea-gw0", HostDeviceKind.AntreaGateway, IPAddress.Parse("10.10.4.1"), 24));
        var before = host.State.Routing.Lookup(null, Target)!.Device;
        host.RemoveDevice("tunl0");
        var between = host.State.Routing.Lookup(null, Target)!.Device;
        host.RemoveDevice("antrea-gw0");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((before, between), Is.EqualTo(("tunl0", "antrea-gw0")));
            Assert.That(host.State.Routing.Lookup(null, Target), Is.Null);
        }
    }

    [Test]
    public void Listen_TakenPort_IsRefused()
    {
        var host = new HostNetns("n1", IPAddress.Parse("172.18.0.11"));
        host.Listen(80, owner: "a/b");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => host.Listen(80), Throws.InvalidOperationException.With.Message.Contains("a/b"));
            Assert.That(() => host.Listen(80, protocol: TransportProtocol.Udp), Throws.Nothing);
        }
    }

    private static Route Route(string destination, string device) => new() { Destination = Cidr.Parse(destination), Device = device };
}
