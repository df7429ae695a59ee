using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing.Reachability;
using static Antrea.Migration.Tests.Routing.Reachability.ReachabilityFixture;

namespace Antrea.Migration.Tests.Routing.Reachability;

/// <summary>The decision table for encap, pools over all PodCIDRs and fixed Multus routes: same Node, other
/// Node.</summary>
public class DecisionTableTests
{
    [Test]
    public void CalicoToCalico_Always([Values(Apart, InX, InS, InY)] string block)
    {
        var model = Model(block);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Reaches(model, CalicoX(model), ReachabilityEndpoint.Calico("x", Neighbour(model))), Is.True);
            Assert.That(Reaches(model, CalicoX(model), CalicoS), Is.True);
            Assert.That(Reaches(model, CalicoS, CalicoX(model)), Is.True);
        }
    }

    [TestCase(Apart, true, false, "KUBE-FORWARD", TestName = "C not in any PodCIDR → A")]
    [TestCase(InX, false, true, "ARP", TestName = "C in its own Node's PodCIDR → A")]
    [TestCase(InS, true, false, "ARP", TestName = "C in the server's PodCIDR → A")]
    [TestCase(InY, true, false, "tunnels the reply to y", TestName = "C in a third Node's PodCIDR → A")]
    public void CalicoToAntrea(string block, bool sameNode, bool otherNode, string reason)
    {
        var model = Model(block);
        var same = Ask(model, CalicoX(model), AntreaX);
        var other = Ask(model, CalicoX(model), AntreaS);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(same.Verdict, Is.EqualTo(Yes(sameNode)));
            Assert.That(other.Verdict, Is.EqualTo(Yes(otherNode)));
            Assert.That((sameNode ? other : same).Reason, Does.Contain(reason));
        }
    }

    [Test]
    public void CalicoToMultus_Always([Values(Apart, InX, InS, InY)] string block, [Values(MultusRoutes.V1, MultusRoutes.V2)] MultusRoutes routes)
    {
        var model = Model(block) with { MultusRoutes = routes };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Reaches(model, CalicoS, MultusX(model)), Is.True);
            Assert.That(Reaches(model, ReachabilityEndpoint.Calico("x", Neighbour(model)), MultusX(model)), Is.True);
        }
    }

    [TestCase(Apart, true)]
    [TestCase(InX, false)]
    [TestCase(InS, false)]
    [TestCase(InY, false)]
    public void AntreaToCalicoOrMultus_OnlyOutsideThePodCidrs(string block, bool reaches)
    {
        var model = Model(block);
        using (Assert.EnterMultipleScope())
        {
            foreach (var client in (ReachabilityEndpoint[])[AntreaX, AntreaS, AntreaY])
            {
                Assert.That(Ask(model, client, CalicoX(model)).Verdict, Is.EqualTo(Yes(reaches)), $"{client} to Calico");
                Assert.That(Ask(model, client, MultusX(model)).Verdict, Is.EqualTo(Yes(reaches)), $"{client} to Multus");
            }
        }
    }

    [Test]
    public void AntreaAndMultusToAntrea_Always(
        [Values(Apart, InX, InS, InY)] string block, [Values(MultusRoutes.V1, MultusRoutes.V2)] MultusRoutes routes)
    {
        var model = Model(block) with { MultusRoutes = routes };
        using (Assert.EnterMultipleScope())
        {
            foreach (var server in (ReachabilityEndpoint[])[AntreaX, AntreaS, AntreaY])
            {
                Assert.That(Reaches(model, AntreaX, server), Is.True, $"Antrea to {server}");
                Assert.That(Reaches(model, MultusX(model), server), Is.True, $"Multus to {server}");
            }
        }
    }

    [TestCase(MultusRoutes.V1, Apart, true, "172.18.0.1", "10.10.200.1")]
    [TestCase(MultusRoutes.V1, InS, false, null, null)]
    [TestCase(MultusRoutes.V1, InX, false, null, null)]
    [TestCase(MultusRoutes.V2, Apart, true, "10.10.101.6", "10.10.101.6")]
    [TestCase(MultusRoutes.V2, InS, false, null, null)]
    [TestCase(MultusRoutes.V2, InX, false, null, null)]
    public void MultusToCalicoOrMultus_OnlyOutsideThePodCidrs(
        MultusRoutes routes, string block, bool reaches, string? seenOnSameNode, string? seenOnOther)
    {
        // The client lives on the server's Node, then on the other one; its own Calico address is in s's block, outside every PodCIDR.
        var model = Model(block) with { MultusRoutes = routes };
        var same = ReachabilityEndpoint.Multus("x", IPAddress.Parse("10.10.101.6"), IPAddress.Parse("10.10.1.7"));
        var other = ReachabilityEndpoint.Multus("s", IPAddress.Parse("10.10.101.6"), IPAddress.Parse("10.10.2.7"));
        seenOnOther = seenOnOther == "10.10.200.1" ? "10.10.200.2" : seenOnOther;
        using (Assert.EnterMultipleScope())
        {
            foreach (var server in (ReachabilityEndpoint[])[CalicoX(model), MultusX(model)])
            {
                Assert.That(Ask(model, same, server).Verdict, Is.EqualTo(Yes(reaches)));
                Assert.That(Ask(model, other, server).Verdict, Is.EqualTo(Yes(reaches)));
                Assert.That(Ask(model, same, server).SourceSeen, Is.EqualTo(seenOnSameNode));
                Assert.That(Ask(model, other, server).SourceSeen, Is.EqualTo(seenOnOther));
            }
        }
    }

    [Test]
    public void AnyToAntreaInsideACalicoBlock_OvsYes_HostsAndCalicoNo()
    {
        var model = Model("10.10.2.0/26");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Reaches(model, AntreaX, AntreaS), Is.True);
            Assert.That(Reaches(model, AntreaS with { }, ReachabilityEndpoint.Antrea("s", IPAddress.Parse("10.10.2.3"))), Is.True);
            Assert.That(Reaches(model, MultusX(model), AntreaS), Is.True);
            foreach (var client in (ReachabilityEndpoint[])[HostX, HostS, CalicoX(model), CalicoS])
            {
                var answer = Ask(model, client, AntreaS);
                Assert.That(answer.Verdict, Is.EqualTo(ReachabilityVerdict.Unreachable), client.ToString());
                Assert.That(answer.Reason, Does.Contain("10.10.2.0/26").And.Contain("longer than the PodCIDR"), client.ToString());
            }
        }
    }

    [Test]
    public void DisjointPoolsWithNatOutgoing_EveryCellIsYes([Values(MultusRoutes.V1, MultusRoutes.V2)] MultusRoutes routes)
    {
        var model = Model() with
        {
            Pools = [new(Cidr.Parse("10.244.0.0/16"), NatOutgoing: true)],
            Blocks = [new(Cidr.Parse("10.244.100.0/26"), "x"), new(Cidr.Parse("10.244.101.0/26"), "s")],
            MultusRoutes = routes,
        };
        ReachabilityEndpoint[] all =
        [
            CalicoX(model), ReachabilityEndpoint.Calico("s", IPAddress.Parse("10.244.101.5")), AntreaX, AntreaS,
            ReachabilityEndpoint.Multus("x", IPAddress.Parse("10.244.100.3"), IPAddress.Parse("10.10.1.9")),
            ReachabilityEndpoint.Multus("s", IPAddress.Parse("10.244.101.3"), IPAddress.Parse("10.10.2.9")), HostX, HostS,
        ];
        using (Assert.EnterMultipleScope())
        {
            foreach (var (from, to) in all.SelectMany(from => all.Select(to => (from, to))))
            {
                Assert.That(Reaches(model, from, to), Is.True, $"{from} to {to}");
            }
        }
    }

    private static ReachabilityVerdict Yes(bool reaches) => reaches ? ReachabilityVerdict.Reachable : ReachabilityVerdict.Unreachable;

    private static IPAddress Neighbour(ReachabilityModel model) => model.Blocks[0].Cidr.AddressAt(3);
}
