using System.Net;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>A Multus Pod as real plugins leave it: two default routes, chosen between by what the gateways' neighbours do.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class StockMultusTests
{
    private readonly StandingTime _time = new();
    private FabricTopology _topology = null!;

    [SetUp]
    public void Build() =>
        _topology = FabricTopology.Build(KernelMeasurements.Small, new() { Multus = MultusRoutes.Stock, Time = _time });

    [Test]
    public void Fresh_Pod_answers_its_first_client_after_one_second_and_the_next_at_once()
    {
        var first = _topology.Connect("n1c", "n2m");
        var second = _topology.Connect("n1c", "n2m");

        using (Assert.EnterMultipleScope())
        {
            Assert.That((first.Outcome, first.Delay), Is.EqualTo((ConnectionOutcome.Delivered, TimeSpan.FromSeconds(1))), first.ToString());
            Assert.That(first.Path.Select(hop => hop.What), Has.Some.Contains("ARPSpoofGuard"));
            Assert.That((second.Outcome, second.Delay), Is.EqualTo((ConnectionOutcome.Delivered, TimeSpan.Zero)), second.ToString());
        }
    }

    [Test]
    public void Pod_whose_net1_is_taken_for_dead_reaches_no_Antrea_Pod_of_another_Node()
    {
        _ = _topology.Connect("n1c", "n2m");

        var verdict = _topology.Connect("n2m", "n1a");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(verdict.Outcome, Is.EqualTo(ConnectionOutcome.TimedOut));
            Assert.That(verdict.Path[0].Device, Is.EqualTo("eth0"));
            Assert.That(verdict.Reason, Does.Contain("KUBE-FORWARD"));
        }
    }

    [Test]
    public void Pod_that_talked_by_net1_first_is_deaf_on_its_own_address_until_the_neighbour_ages()
    {
        var outbound = _topology.Connect("n2m", "n1a");
        var inbound = _topology.Connect("n1c", "n2m");
        _time.Advance(TimeSpan.FromSeconds(20));
        var stillReachable = _topology.Connect("n1c", "n2m");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(outbound.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), outbound.ToString());
            Assert.That(outbound.SourceSeen, Is.EqualTo(IPAddress.Parse("10.10.2.3")));
            Assert.That(inbound.Outcome, Is.EqualTo(ConnectionOutcome.TimedOut), inbound.ToString());
            Assert.That(inbound.Reason, Does.Contain("SpoofGuard"));
            Assert.That(stillReachable.Outcome, Is.EqualTo(ConnectionOutcome.TimedOut));
        }
    }

    [Test]
    public void After_a_rest_every_success_takes_one_second()
    {
        _ = _topology.Connect("n2m", "n1a");
        var outcomes = new List<(ConnectionOutcome Outcome, TimeSpan Delay)>();
        for (var i = 0; i < 12; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(60));
            var verdict = _topology.Connect("n1c", "n2m");
            outcomes.Add((verdict.Outcome, verdict.Delay));
            if (i % 3 == 0)
            {
                // Anything else that looks a route up turns the alternation round.
                _ = _topology.Connect("n2m", "10.10.72.1");
            }
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(outcomes, Has.Some.EqualTo((ConnectionOutcome.Delivered, TimeSpan.FromSeconds(1))));
            Assert.That(outcomes, Has.Some.Matches<(ConnectionOutcome Outcome, TimeSpan)>(one => one.Outcome == ConnectionOutcome.TimedOut));
            Assert.That(outcomes, Has.None.EqualTo((ConnectionOutcome.Delivered, TimeSpan.Zero)));
        }
    }

    [Test]
    public void Strict_rp_filter_in_the_Pod_drops_what_comes_in_by_eth0()
    {
        _topology.Pods["n2m"].SetRpFilter(1);

        Assert.That(_topology.Connect("n1c", "n2m").Reason, Does.Contain("rp_filter"));
    }

    [Test]
    public void Two_fresh_Pods_with_the_same_history_behave_the_same()
    {
        var again = FabricTopology.Build(KernelMeasurements.Small, new() { Multus = MultusRoutes.Stock, Time = _time });
        string[] clients = ["n1c", "n1a", "n2c", "n1", "n1c"];

        Assert.That(
            clients.Select(client => Outcome(again.Connect(client, "n2m"))),
            Is.EqualTo(clients.Select(client => Outcome(_topology.Connect(client, "n2m")))));

        static (ConnectionOutcome, TimeSpan) Outcome(ConnectionVerdict verdict) => (verdict.Outcome, verdict.Delay);
    }
}
