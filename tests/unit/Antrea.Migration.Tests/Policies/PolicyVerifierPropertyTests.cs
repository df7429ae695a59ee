using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;
using Antrea.Migration.Tests.Reference.Policies;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Random clusters and policies of every kind: the proof finds exactly the differences that asking both evaluators flow by flow finds.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PolicyVerifierPropertyTests
{
    private int _compared;
    private int _different;
    private int _future;

    [Test]
    public void Proof_of_unrelated_policies_finds_the_differences_that_flow_by_flow_finds() => Check(200, m => (m, m.AntreaObjects));

    [Test]
    public void Proof_of_Calico_policies_against_none_finds_what_they_deny() => Check(400, m => (m, []));

    [Test]
    public void Proof_of_Antrea_policies_against_none_finds_what_they_deny() => Check(400, m => (m.WithoutCalico, m.AntreaObjects));

    [Test]
    public void Proof_for_future_Pods_finds_whatever_differs_once_Pods_come()
    {
        WholePolicyGen.Any.Check(
            300,
            model =>
            {
                var apart = model.WithPodsInOnePlace();
                if (Differences(apart, apart.AntreaObjects) is { Count: > 0 } expected)
                {
                    var proof = PolicyVerifier.Verify(apart.Snapshot(pods: 0), apart.AntreaObjects, apart.Options, ProofScope.Future);
                    FailUnless(
                        proof is { Verdict: ProofVerdict.Different, Reason: null } && proof.CounterExamples.All(c => c.IsFuture),
                        () => $"{proof.Verdict} {proof.Reason}, but {expected.First().Value}");
                    Interlocked.Increment(ref _different);
                }
            });
        TestContext.Out.WriteLine($"{_different} sets differ");
        Assert.That(_different, Is.GreaterThan(100 * PropertyRuns.Factor), "sets that differ");
    }

    [Test]
    public void Proof_for_future_Pods_of_exact_conversions_is_equal()
    {
        PolicySetGen.Any.Check(
            300,
            model =>
            {
                var cluster = model.Build(allPods: false);
                var conversion = cluster.Convert();
                if (!conversion.HasRefusals && conversion.Policies.All(p => p.Fidelity == Fidelity.Exact))
                {
                    var proof = PolicyVerifier.Verify(cluster.Snapshot, conversion.Objects, cluster.Options, ProofScope.Future);
                    FailUnless(proof.Verdict == ProofVerdict.Equal, () => $"{proof.Verdict} {proof.Reason} {proof.CounterExample}");
                    Interlocked.Increment(ref _compared);
                    Interlocked.Add(ref _future, proof.FuturePods);
                }
            });
        TestContext.Out.WriteLine($"{_compared} sets compared, {_future} future Pods");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_compared, Is.GreaterThan(50 * PropertyRuns.Factor), "sets that were converted exactly");
            Assert.That(_future, Is.GreaterThan(3 * _compared), "future Pods");
        }
    }

    private void Check(int iterations, Func<WholePolicyGen.Model, (WholePolicyGen.Model Model, IEnumerable<JsonObject> Antrea)> select)
    {
        WholePolicyGen.Any.Check(
            iterations,
            model =>
            {
                var (cluster, antrea) = select(model);
                Compare(cluster, [.. antrea]);
            });
        TestContext.Out.WriteLine($"{_compared} sets compared, {_different} of them different");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_compared, Is.GreaterThan(iterations * PropertyRuns.Factor * 3 / 4), "sets that both evaluators could judge");
            Assert.That(_different, Is.GreaterThan(iterations * PropertyRuns.Factor / 10), "sets that differ");
            Assert.That(_compared - _different, Is.GreaterThan(iterations * PropertyRuns.Factor / 50), "sets that are equal");
        }
    }

    /// <summary>For each Pod's address and direction that has one, a flow that the evaluators judge differently; null when they cannot judge.</summary>
    private static SortedDictionary<string, string>? Differences(WholePolicyGen.Model model, IEnumerable<JsonObject> antreaObjects)
    {
        var snapshot = model.Snapshot();
        IPolicyEvaluator calico;
        IPolicyEvaluator antrea;
        try
        {
            calico = PolicyEvaluators.CalicoTables(snapshot, model.Options);
            antrea = PolicyEvaluators.AntreaTables(snapshot, antreaObjects, model.Options);
        }
        catch (NotSupportedException)
        {
            return null;
        }

        var differences = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var space = new FlowSpace(PolicyWorld.From(snapshot), WholePolicyGen.Nets, WholePolicyGen.SourcePorts, WholePolicyGen.Ports);
        foreach (var (traffic, direction) in space.Flows())
        {
            var before = calico.Evaluate(traffic, direction);
            var after = antrea.Evaluate(traffic, direction);
            if (before.Kind != after.Kind)
            {
                var subject = direction == Direction.Ingress ? traffic.Destination : traffic.Source;
                differences.TryAdd($"{subject} {direction}", $"{new PolicyCounterExample(traffic, direction, before, after)}");
            }
        }

        return differences;
    }

    private void Compare(WholePolicyGen.Model model, List<JsonObject> antreaObjects)
    {
        if (Differences(model, antreaObjects) is not { } expected)
        {
            return;
        }

        var snapshot = model.Snapshot();
        var world = PolicyWorld.From(snapshot);
        var set = CalicoPolicySet.Read(snapshot, PolicyConverter.CalicoVersion(snapshot, model.Options, []));
        var read = AntreaPolicySet.Read(antreaObjects.Select(o => new ClusterObject(o, "test")), PolicyEvaluators.AntreaVersion(model.Options));
        var space = new ProofSpace(
            world, new AddressSpace([.. world.Pods.Select(p => new ProofPod(p, IsSynthetic: false))], MentionedNetworks.Of(set, read, world)));
        var found = ProofRun.Compare(space, set, read, _ => false, CancellationToken.None)
            .Where(c => c.Comparison.Difference is not null)
            .SelectMany(c => c.Atoms, (c, atom) =>
                $"{new TrafficEndpoint(space.Addresses.AddressOf(atom), world.Pods[space.Addresses.PodOf(atom)])} {c.Direction}")
            .ToHashSet(StringComparer.Ordinal);
        FailUnless(found.SetEquals(expected.Keys), () =>
            $"""
            found only by the proof: {string.Join("; ", found.Except(expected.Keys))}
            found only flow by flow: {string.Join("; ", expected.Where(e => !found.Contains(e.Key)))}
            """);
        var proof = PolicyVerifier.Verify(snapshot, antreaObjects, model.Options);
        FailUnless(
            proof.Verdict == (expected.Count == 0 ? ProofVerdict.Equal : ProofVerdict.Different) && proof.Reason is null,
            () => $"{proof.Verdict}: {proof.Reason} {proof.CounterExample}");
        Interlocked.Increment(ref _compared);
        Interlocked.Add(ref _different, expected.Count > 0 ? 1 : 0);
    }

    /// <summary>A plain exception: CsCheck tries smaller cases after the first failure, and NUnit would count each.</summary>
    private static void FailUnless(bool condition, Func<string> message)
    {
        if (!condition)
        {
            throw new InvalidOperationException(message());
        }
    }
}
