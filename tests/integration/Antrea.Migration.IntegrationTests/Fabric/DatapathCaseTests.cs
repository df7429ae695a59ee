using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>The eight cases that were emulated before the lab existed, with the place where each failing packet is lost.</summary>
[TestFixture]
internal sealed class DatapathCaseTests
{
    private const string Clear = "10.10.39.192/26 10.10.39.193";
    private const string InOwn = "10.10.1.128/26 10.10.1.129";
    private const string InServer = "10.10.2.128/26 10.10.2.129";
    private const string Outside = "192.168.39.192/26 192.168.39.193";

    private static IEnumerable<TestCaseData> Cases()
    {
        var noEncap = new FabricOptions { Encap = false };
        var policyRoute = new FabricOptions { PolicyRoute = true };
        yield return Case("1", Clear, new(), "no yes tunl0 node yes yes", "KUBE-FORWARD");
        yield return Case("1, Egress off", Clear, new() { Egress = false }, "no yes tunl0 node yes yes", "KUBE-FORWARD");
        yield return Case("2", Clear, new() { DropsInvalid = false }, "no yes tunl0 node yes yes", "rp_filter");
        yield return Case(
            "2, rp_filter 0",
            Clear,
            new() { DropsInvalid = false, RpFilter = 0 },
            "no yes tunl0 node yes yes",
            "x br-int antrea-gw0: ConntrackState: +inv+trk");
        yield return Case("3", Outside, new() { Pool = "192.168.0.0/16" }, "gw gw tunl0 node yes yes", null);
        yield return Case("4, rp_filter 0", Clear, noEncap with { RpFilter = 0 }, "yes yes tunl0 node yes yes", null);
        yield return Case("4, rp_filter 2", Clear, noEncap with { RpFilter = 2 }, "yes yes tunl0 node yes yes", null);
        yield return Case("4b", Clear, noEncap, "no yes tunl0 node yes yes", "s eth0: rp_filter");
        yield return Case("5", InOwn, new(), "yes no no no yes yes", null);
        yield return Case("6", InServer, new(), "no yes no no yes yes", "ARP for 10.10.2.129 is not answered");
        yield return Case("7", InServer, noEncap with { RpFilter = 0 }, "no yes no pod yes yes", "ARP for 10.10.2.129 is not answered");
        yield return Case("7b", InOwn, noEncap with { RpFilter = 0 }, "yes no pod no yes yes", null);
        yield return Case("8", Clear, policyRoute, "yes yes tunl0 node yes yes", null);
        yield return Case("8, rp_filter 0", Clear, policyRoute with { RpFilter = 0 }, "yes yes tunl0 node yes yes", null);
    }

    /// <param name="block">X's block and its Calico Pod's address.</param>
    /// <param name="optionsObject">The case's settings.</param>
    /// <param name="expected">For C@X to A@S, C@X to A@X, A@S to C@X, A@X to C@X, A to A, C to C: no, yes (whatever the
    /// server sees), or what the server sees.</param>
    /// <param name="lostAt">Part of the reason of the first column's failure.</param>
    [TestCaseSource(nameof(Cases))]
    public void Case_comes_out_as_emulated(string block, object optionsObject, string expected, string? lostAt)
    {
        var options = (FabricOptions)optionsObject;
        var parts = block.Split(' ');
        var other = options.Pool.StartsWith("192", StringComparison.Ordinal) ? "192.168.72.0/26" : "10.10.72.0/26";
        var topology = FabricTopology.Build(
            $"""
             node x 172.18.0.11 {parts[0]} 10.10.1.0/24
             node s 172.18.0.12 {other} 10.10.2.0/24
             pod cx x calico {parts[1]} -
             pod ax x antrea - 10.10.1.2
             pod cs s calico {other.Replace(".0/26", ".1", StringComparison.Ordinal)} -
             pod as s antrea - 10.10.2.2
             """,
            options);
        var cells = expected.Split(' ');
        (string From, string To)[] columns =
            [("cx", "as"), ("cx", "ax"), ("as", "cx"), ("ax", "cx"), ("ax", "as"), ("cx", "cs")];

        using (Assert.EnterMultipleScope())
        {
            for (var i = 0; i < columns.Length; i++)
            {
                var verdict = topology.Connect(columns[i].From, columns[i].To);
                Assert.That(Matches(topology, cells[i], columns[i].From, verdict), Is.True, $"{cells[i]}: {verdict}");
            }

            if (lostAt is not null)
            {
                Assert.That(topology.Connect("cx", "as").Reason, Does.Contain(lostAt));
            }
        }
    }

    [Test]
    public void Without_SNAT_the_answer_does_not_come_back_to_an_Antrea_Pod_of_another_Node()
    {
        var topology = FabricTopology.Build(KernelMeasurements.Small, new() { NoSnat = true });

        using (Assert.EnterMultipleScope())
        {
            Assert.That(topology.Connect("n1a", "n2c").Outcome, Is.EqualTo(ConnectionOutcome.TimedOut));
            Assert.That(topology.Connect("n1a", "n1c").Outcome, Is.EqualTo(ConnectionOutcome.Delivered));
        }
    }

    private static bool Matches(FabricTopology topology, string cell, string client, ConnectionVerdict verdict)
    {
        var node = topology.NodeOf(client);
        var seen = cell switch
        {
            "tunl0" => topology.TunnelOf(node),
            "node" => topology.Nodes[node].Address,
            "gw" => topology.PodCidrOf(node).AddressAt(1),
            "pod" => topology.AntreaAddress(client) ?? topology.CalicoAddress(client),
            _ => verdict.SourceSeen,
        };
        return cell == "no"
            ? verdict.Outcome is ConnectionOutcome.TimedOut or ConnectionOutcome.HostUnreachable
            : verdict.Outcome == ConnectionOutcome.Delivered && verdict.SourceSeen!.Equals(seen);
    }

    private static TestCaseData Case(string name, string block, FabricOptions options, string expected, string? lostAt) =>
        new TestCaseData(block, options, expected, lostAt).SetName($"Case_comes_out_as_emulated({name})");
}
