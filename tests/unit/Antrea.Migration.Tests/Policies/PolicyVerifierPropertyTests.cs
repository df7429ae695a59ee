using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;
using Antrea.Migration.Tests.Reference.Policies;
using CsCheck;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Random clusters and policies of every kind: the proof finds exactly the differences that asking both evaluators flow by flow finds.</summary>
/// <remarks><c>ANTREA_MIGRATION_PROPERTY_RUNS</c> multiplies the number of cases; the seed is printed when one fails.</remarks>
public sealed class PolicyVerifierPropertyTests
{
    private static readonly int Runs =
        int.TryParse(Environment.GetEnvironmentVariable("ANTREA_MIGRATION_PROPERTY_RUNS"), CultureInfo.InvariantCulture, out var runs) ? runs : 1;

    private int _compared;
    private int _different;

    [Test]
    public void Proof_of_unrelated_policies_finds_the_differences_that_flow_by_flow_finds() => Check(200, m => (m, m.AntreaObjects));

    [Test]
    public void Proof_of_Calico_policies_against_none_finds_what_they_deny() => Check(400, m => (m, []));

    [Test]
    public void Proof_of_Antrea_policies_against_none_finds_what_they_deny() => Check(400, m => (m.WithoutCalico, m.AntreaObjects));

    private void Check(int iterations, Func<WholePolicyGen.Model, (WholePolicyGen.Model Model, IEnumerable<JsonObject> Antrea)> select)
    {
        WholePolicyGen.Any.Sample(
            model =>
            {
                var (cluster, antrea) = select(model);
                Compare(cluster, [.. antrea]);
            },
            iter: iterations * Runs,
            threads: 2);
        TestContext.Out.WriteLine($"{_compared} sets compared, {_different} of them different");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_compared, Is.GreaterThan(iterations * Runs * 3 / 4), "sets that both evaluators could judge");
            Assert.That(_different, Is.GreaterThan(iterations * Runs / 10), "sets that differ");
            Assert.That(_compared - _different, Is.GreaterThan(iterations * Runs / 50), "sets that are equal");
        }
    }

    private void Compare(WholePolicyGen.Model model, List<JsonObject> antreaObjects)
    {
        var snapshot = model.Snapshot();
        IPolicyEvaluator calico;
        IPolicyEvaluator antrea;
        try
        {
            calico = PolicyEvaluators.ForCalico(snapshot, model.Options);
            antrea = PolicyEvaluators.ForAntrea(snapshot, antreaObjects, model.Options);
        }
        catch (NotSupportedException)
        {
            return;
        }

        var world = PolicyWorld.From(snapshot);
        var expected = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (traffic, direction) in new FlowSpace(world, WholePolicyGen.Nets, WholePolicyGen.SourcePorts, WholePolicyGen.Ports).Flows())
        {
            var before = calico.Evaluate(traffic, direction);
            var after = antrea.Evaluate(traffic, direction);
            if (before.Kind != after.Kind)
            {
                var subject = direction == Direction.Ingress ? traffic.Destination : traffic.Source;
                expected.TryAdd($"{subject} {direction}", $"{new PolicyCounterExample(traffic, direction, before, after)}");
            }
        }

        var set = CalicoPolicySet.Read(snapshot, Antrea.Migration.Policies.Conversion.PolicyConverter.CalicoVersion(snapshot, model.Options, []));
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
