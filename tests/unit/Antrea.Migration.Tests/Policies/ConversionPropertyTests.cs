using System.Net;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;
using CsCheck;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Random policy sets: what comes out means what went in, for Pods that came later too.</summary>
public sealed class ConversionPropertyTests
{
    private static readonly string[] Outside = ["203.0.113.7", "192.0.2.1", "192.0.2.200", "198.51.100.7", "198.51.100.200", "11.0.0.1", "10.200.0.1"];
    private static readonly int[] Ports = [1, 53, 79, 80, 84, 85, 90, 91, 443, 8080, 8081, 65535];

    [Test]
    public void Converted_policies_decide_every_flow_as_Calico_does()
    {
        var compared = 0;
        PolicySetGen.Any.Check(
            2400,
            model =>
            {
                var cluster = model.Build(allPods: true);
                var conversion = model.Build(allPods: false).Convert();
                var refused = conversion.Findings.Where(f => f.Severity == Antrea.Migration.Findings.Severity.Blocker).ToList();
                if (refused.Count > 0)
                {
                    // The generator stays within the subset but for these: selectors, and what a Pass lets through, that multiply out.
                    FailUnless(
                        refused.All(f => f.Id is "selector-too-wide" or "pass-too-wide" or "pass-inexpressible" or "selector-and-nets"), () => string.Join('\n', refused));
                    return;
                }

                Interlocked.Increment(ref compared);
                var calico = PolicyEvaluators.CalicoTables(cluster.Snapshot, cluster.Options);
                var antrea = PolicyEvaluators.AntreaTables(cluster.Snapshot, conversion.Objects);
                foreach (var (traffic, direction) in Flows(PolicyWorld.From(cluster.Snapshot)))
                {
                    var before = calico.Evaluate(traffic, direction);
                    var after = antrea.Evaluate(traffic, direction);
                    FailUnless(
                        before.Kind == after.Kind, () => $"{new PolicyCounterExample(traffic, direction, before, after)}");
                }

                var proof = cluster.Verify(conversion.Objects);
                FailUnless(proof.Verdict == ProofVerdict.Equal, () => $"the proof disagrees: {proof}");
            });
        TestContext.Out.WriteLine($"{compared} sets compared");
        Assert.That(compared, Is.GreaterThanOrEqualTo(2000 * PropertyRuns.Factor), "sets that were converted and compared");
    }

    [Test]
    public void Conversion_of_equal_clusters_is_the_same_to_the_byte() => PolicySetGen.Any.Sample(
        model =>
        {
            var once = string.Join("---\n", model.Build(allPods: true).Convert().Objects.Select(ObjectYaml.Write));
            var twice = string.Join("---\n", model.Build(allPods: true).Convert().Objects.Select(ObjectYaml.Write));
            var reordered = model with { Policies = [.. model.Policies.Reverse()], Pods = [.. model.Pods] };
            return once == twice && once == string.Join("---\n", reordered.Build(allPods: true).Convert().Objects.Select(ObjectYaml.Write));
        },
        iter: 100);

    /// <summary>A plain exception: CsCheck tries smaller cases after the first failure, and NUnit would count each.</summary>
    private static void FailUnless(bool condition, Func<string> message)
    {
        if (!condition)
        {
            throw new InvalidOperationException(message());
        }
    }

    private static IEnumerable<(Traffic Traffic, Direction Direction)> Flows(PolicyWorld world)
    {
        var pods = world.Pods.Select(p => new TrafficEndpoint(p.Addresses[0], p)).ToList();
        var everyone = pods.Concat(Outside.Select(a => new TrafficEndpoint(IPAddress.Parse(a)))).ToList();
        foreach (var pod in pods)
        {
            foreach (var other in everyone)
            {
                foreach (var (protocol, from, to) in Services())
                {
                    // Two messages of ICMP stand in the place of ports.
                    IcmpMessage? icmp = protocol == IPProtocol.Icmp ? new IcmpMessage((byte)from, (byte)to) : null;
                    var (sourcePort, port) = icmp is null ? (from, to) : (0, 0);
                    yield return (new Traffic(other, pod, protocol, sourcePort, port) { Icmp = icmp }, Direction.Ingress);
                    yield return (new Traffic(pod, other, protocol, sourcePort, port) { Icmp = icmp }, Direction.Egress);
                }
            }
        }
    }

    private static IEnumerable<(IPProtocol Protocol, int From, int To)> Services()
    {
        yield return (IPProtocol.Icmp, 8, 0);
        yield return (IPProtocol.Icmp, 3, 4);
        foreach (var port in Ports)
        {
            yield return (IPProtocol.Tcp, 40000, port);
            yield return (IPProtocol.Tcp, 80, port);
            yield return (IPProtocol.Udp, 53, port);
            yield return (IPProtocol.Sctp, 40000, port);
        }
    }
}
