using Antrea.Migration.Addressing;
using Antrea.Migration.Routing.Reachability;
using static Antrea.Migration.Tests.Routing.Reachability.ReachabilityFixture;

namespace Antrea.Migration.Tests.Routing.Reachability;

/// <summary>What experiments in network namespaces measured, case by case. Columns: C@x→A@s, C@x→A@x, A@s→C@x, A@x→C@x,
/// A→A, C→C.</summary>
public class ResultMatrixTests
{
    private static IEnumerable<TestCaseData> Cases()
    {
        var encap = Model();
        var routed = Model() with { AntreaEncap = AntreaEncapMode.NoEncap };
        yield return Case("1 encap, pool covers", encap, "- + + + + +");
        yield return Case("2 without KUBE-FORWARD's drop", encap with { KubeProxyDropsInvalid = false }, "- + + + + +");
        yield return Case("3 natOutgoing effective", Elsewhere(encap), "+ + + + + +");
        yield return Case("4 noEncap, rp_filter 0", routed with { ReversePathFilter = ReversePathFilter.Off }, "+ + + + + +");
        yield return Case("4 noEncap, rp_filter 2", routed with { ReversePathFilter = ReversePathFilter.Loose }, "+ + + + + +");
        yield return Case("4b noEncap, rp_filter 1", routed with { ReversePathFilter = ReversePathFilter.Strict }, "- + + + + +");
        yield return Case("5 encap, c in A(x)", Model(InX), "+ - - - + +");
        yield return Case("6 encap, c in A(s)", Model(InS), "- + - - + +");
        yield return Case("7 noEncap, c in A(s)", Model(InS) with { AntreaEncap = AntreaEncapMode.NoEncap }, "- + - + + +");
        yield return Case("7b noEncap, c in A(x)", Model(InX) with { AntreaEncap = AntreaEncapMode.NoEncap }, "+ - + - + +");
    }

    [TestCaseSource(nameof(Cases))]
    public string Matrix(ReachabilityModel model)
    {
        var c = CalicoX(model);
        (ReachabilityEndpoint From, ReachabilityEndpoint To)[] columns =
            [(c, AntreaS), (c, AntreaX), (AntreaS, c), (AntreaX, c), (AntreaX, AntreaS), (c, CalicoS)];
        return string.Join(' ', columns.Select(p => Reaches(model, p.From, p.To) ? '+' : '-'));
    }

    [Test]
    public void SourcesSeen_AreTheMeasuredOnes()
    {
        var covered = Model();
        var apart = Elsewhere(covered);
        var routed = Model(InX) with { AntreaEncap = AntreaEncapMode.NoEncap };
        var routedToS = Model(InS) with { AntreaEncap = AntreaEncapMode.NoEncap };
        using (Assert.EnterMultipleScope())
        {
            // Case 1: the tunnel's address across Nodes, the Node's own on the same one.
            Assert.That(Ask(covered, AntreaS, CalicoX(covered)).SourceSeen, Is.EqualTo("10.10.200.2"));
            Assert.That(Ask(covered, AntreaX, CalicoX(covered)).SourceSeen, Is.EqualTo("172.18.0.1"));

            // Case 3: antrea-gw0 of the client's Node, on both.
            Assert.That(Ask(apart, CalicoX(apart), AntreaS).SourceSeen, Is.EqualTo("10.10.1.1"));
            Assert.That(Ask(apart, CalicoX(apart), AntreaX).SourceSeen, Is.EqualTo("10.10.1.1"));

            // Cases 7 and 7b: not masqueraded.
            Assert.That(Ask(routedToS, AntreaX, CalicoX(routedToS)).SourceSeen, Is.EqualTo("10.10.1.2"));
            Assert.That(Ask(routed, AntreaS, CalicoX(routed)).SourceSeen, Is.EqualTo("10.10.2.2"));
        }
    }

    [Test]
    public void LossPoints_AreTheMeasuredOnes()
    {
        using (Assert.EnterMultipleScope())
        {
            var plain = Model();
            Assert.That(Ask(plain, CalicoX(plain), AntreaS).LostAt, Is.EqualTo("the host of s"));
            Assert.That(Ask(plain with { KubeProxyDropsInvalid = false }, CalicoX(plain), AntreaS).LostAt, Is.EqualTo("OVS on x"));
            var third = Model(InY);
            Assert.That(Ask(third, CalicoX(third), AntreaS).LostAt, Is.EqualTo("OVS on y"));
            Assert.That(Ask(third, AntreaS, CalicoX(third)).LostAt, Is.EqualTo("OVS on y"));
            Assert.That(Ask(third, AntreaY, CalicoX(third)).LostAt, Is.EqualTo("the Pod's interface on y"));
            var server = Model(InS);
            Assert.That(Ask(server, CalicoX(server), AntreaS).LostAt, Is.EqualTo("the Pod's interface on s"));
        }
    }

    private static ReachabilityModel Elsewhere(ReachabilityModel model) => model with
    {
        Pools = [new(Cidr.Parse("10.244.0.0/16"), NatOutgoing: true)],
        Blocks = [new(Cidr.Parse("10.244.100.0/26"), "x"), new(Cidr.Parse("10.10.101.0/26"), "s")],
    };

    private static TestCaseData Case(string name, ReachabilityModel model, string expected) =>
        new TestCaseData(model) { ExpectedResult = expected }.SetName($"Matrix: {name}");
}
