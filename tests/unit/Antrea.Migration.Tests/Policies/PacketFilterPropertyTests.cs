using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;
using Antrea.Migration.Tests.Reference.Policies;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Random clusters and policies of every kind: the rules for a packet filter let pass exactly the flows that the evaluators allow.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PacketFilterPropertyTests
{
    private int _flows;
    private int _denied;
    private int _answered;

    [Test]
    public void Calico_is_filtered_as_it_is_evaluated() => Check(
        model => (PolicyEvaluators.CalicoTables(model.Snapshot(), model.Options), PacketFilter.ForCalico(model.Snapshot(), model.Options)));

    [Test]
    public void Antrea_is_filtered_as_it_is_evaluated()
    {
        Check(model => (
            PolicyEvaluators.AntreaTables(model.Snapshot(), model.AntreaObjects), PacketFilter.ForAntrea(model.Snapshot(), model.AntreaObjects)));
        Assert.That(_answered, Is.Positive, "denials that are answered");
    }

    private void Check(Func<WholePolicyGen.Model, (IPolicyEvaluator, PacketFilter)> make)
    {
        WholePolicyGen.Any.Check(
            200,
            model =>
            {
                IPolicyEvaluator evaluator;
                PacketFilter filter;
                try
                {
                    (evaluator, filter) = make(model);
                }
                catch (NotSupportedException)
                {
                    return;
                }

                foreach (var (traffic, direction) in new FlowSpace(
                    PolicyWorld.From(model.Snapshot()), WholePolicyGen.Nets, WholePolicyGen.SourcePorts, WholePolicyGen.Ports).Flows()
                    .Where(f => f.Traffic.Protocol.Number is 6 or 17 && f.Traffic.Source.Address.AddressFamily == AddressFamily.InterNetwork))
                {
                    Compare(evaluator.Evaluate(traffic, direction), filter, traffic, direction);
                }
            });
        TestContext.Out.WriteLine($"{_flows} flows, {_denied} of them denied, {_answered} with an answer");
        Assert.That(_denied, Is.GreaterThan(_flows / 50), "flows that are denied");
    }

    private void Compare(Verdict verdict, PacketFilter filter, Traffic traffic, Direction direction)
    {
        var subject = direction == Direction.Ingress ? traffic.Destination : traffic.Source;
        if (subject.Pod is not { } pod || verdict.Kind == VerdictKind.Ambiguous)
        {
            return;
        }

        var expected = verdict.Kind == VerdictKind.Allow ? FilterAction.Allow : verdict.IsAnswered ? FilterAction.Reject : FilterAction.Drop;
        var actual = Decide(filter.Find(pod.Namespace, pod.Name, subject.Address, direction)!.Value, traffic, direction);
        if (actual != expected)
        {
            throw new AssertionException($"{direction} {traffic}: the filter says {actual}, the evaluator {verdict}");
        }

        Interlocked.Increment(ref _flows);
        Interlocked.Add(ref _denied, expected == FilterAction.Allow ? 0 : 1);
        Interlocked.Add(ref _answered, expected == FilterAction.Reject ? 1 : 0);
    }

    /// <summary>What a packet filter does with the rules.</summary>
    private static FilterAction Decide(IEnumerable<FilterRule> rules, Traffic traffic, Direction direction)
    {
        var left = int.MinValue;
        var peer = Cidr.ToValue((direction == Direction.Ingress ? traffic.Source : traffic.Destination).Address);
        foreach (var rule in rules)
        {
            if (rule.Section > left
                && (rule.Peers is not { } peers || peers.Any(p => Cidr.ToValue(p.First) <= peer && peer <= Cidr.ToValue(p.Last)))
                && (rule.Protocol is not { } protocol || protocol == traffic.Protocol.Number)
                && Holds(rule.To, traffic.DestinationPort) && Holds(rule.From, traffic.SourcePort))
            {
                if (rule.Action != FilterAction.Skip)
                {
                    return rule.Action;
                }

                left = rule.Section;
            }
        }

        return FilterAction.Allow;
    }

    private static bool Holds((int First, int Last)? ports, int port) => ports is not { } some || (some.First <= port && port <= some.Last);
}
