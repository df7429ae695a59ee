using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Compares what Calico decides about a cluster's Pods with what a set of Antrea policies decides, for every flow.</summary>
/// <remarks>
/// <para>Every address and every service is looked at, none is sampled: addresses, protocols, ports and ICMP messages are put into classes that
/// no policy of the Pods concerned tells apart, and one flow of each class is compared. ICMP is compared over IPv4 and ICMPv6 over IPv6; ports are 1–65535.</para>
/// <para>It reads the Antrea objects as they are, and knows nothing of the converter. Every counter-example is confirmed by both evaluators,
/// which share nothing with the comparison but the meaning of selectors. Equal inputs give equal proofs.</para>
/// </remarks>
public static class PolicyVerifier
{
    /// <summary>How many counter-examples a proof holds.</summary>
    public const int MaxCounterExamples = 10;

    /// <summary>Whether a conversion means what Calico's policies mean, as far as it says so: for every Pod to come when all of it is
    /// <see cref="Fidelity.Exact"/>, and otherwise for the Pods that exist.</summary>
    /// <inheritdoc cref="Verify(ClusterSnapshot, IEnumerable{JsonObject}, PolicyConversionOptions, ProofScope, CancellationToken)"/>
    public static PolicyProof Verify(
        ClusterSnapshot snapshot,
        PolicyConversion conversion,
        PolicyConversionOptions options,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(conversion);
        var scope = conversion.Policies.All(p => p.Fidelity == Fidelity.Exact) ? ProofScope.Future : ProofScope.Existing;
        return Verify(snapshot, conversion, options, scope, cancellationToken);
    }

    /// <summary>Whether a conversion means what Calico's policies mean.</summary>
    /// <param name="snapshot">The cluster with its Calico and Kubernetes policies.</param>
    /// <param name="conversion">What was made of them.</param>
    /// <param name="options">The versions to go by.</param>
    /// <param name="scope">Whose flows are compared.</param>
    /// <param name="cancellationToken">Stops the comparison.</param>
    /// <exception cref="ArgumentException">A version in <paramref name="options"/> is malformed.</exception>
    /// <exception cref="InputException">An Antrea object is malformed, misread by Antrea or of a kind that is none of its policies; all are named.</exception>
    /// <exception cref="OperationCanceledException">The comparison was stopped.</exception>
    public static PolicyProof Verify(
        ClusterSnapshot snapshot,
        PolicyConversion conversion,
        PolicyConversionOptions options,
        ProofScope scope,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(conversion);
        ArgumentNullException.ThrowIfNull(options);
        return Verify(snapshot, conversion.Objects, options, scope, conversion.Origin, cancellationToken);
    }

    /// <summary>Whether the Antrea objects mean for the snapshot's Pods what Calico's policies mean.</summary>
    /// <inheritdoc cref="Verify(ClusterSnapshot, IEnumerable{JsonObject}, PolicyConversionOptions, ProofScope, CancellationToken)"/>
    public static PolicyProof Verify(
        ClusterSnapshot snapshot,
        IEnumerable<JsonObject> antreaObjects,
        PolicyConversionOptions options,
        CancellationToken cancellationToken = default) => Verify(snapshot, antreaObjects, options, ProofScope.Existing, cancellationToken);

    /// <summary>Whether the Antrea objects mean what Calico's policies mean.</summary>
    /// <param name="snapshot">The cluster with its Calico and Kubernetes policies.</param>
    /// <param name="antreaObjects">Policies, groups and Tiers of <c>crd.antrea.io</c>, for example <see cref="PolicyConversion.Objects"/>.</param>
    /// <param name="options">The versions to go by.</param>
    /// <param name="scope">Whose flows are compared.</param>
    /// <param name="cancellationToken">Stops the comparison.</param>
    /// <exception cref="ArgumentException">A version in <paramref name="options"/> is malformed.</exception>
    /// <exception cref="InputException">An Antrea object is malformed, misread by Antrea or of a kind that is none of its policies; all are named.</exception>
    /// <exception cref="OperationCanceledException">The comparison was stopped.</exception>
    public static PolicyProof Verify(
        ClusterSnapshot snapshot,
        IEnumerable<JsonObject> antreaObjects,
        PolicyConversionOptions options,
        ProofScope scope,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(antreaObjects);
        ArgumentNullException.ThrowIfNull(options);
        return Verify(snapshot, antreaObjects, options, scope, origin: null, cancellationToken);
    }

    private static PolicyProof Verify(
        ClusterSnapshot snapshot,
        IEnumerable<JsonObject> antreaObjects,
        PolicyConversionOptions options,
        ProofScope scope,
        (ClusterSnapshot Snapshot, PolicyWorld World, CalicoPolicySet Set)? origin,
        CancellationToken cancellationToken)
    {
        var calico = ComparedCalico.Read(snapshot, options, origin);
        var antrea = AntreaPolicySet.Read(
            antreaObjects.Select(o => new ClusterObject(o, "conversion")), PolicyEvaluators.AntreaVersion(options));
        var existing = origin is { } known && ReferenceEquals(known.Snapshot, snapshot) ? known.World : PolicyWorld.From(snapshot);
        var selectors = SelectorSpace.Of(calico.Set, antrea).ToList();
        List<string> obstacles = [.. calico.Obstacles, .. CalicoLimits.CheckInput(calico.Set, existing, selectors)];
        if (obstacles.Count > 0)
        {
            return new PolicyProof(ProofVerdict.NotProven, 0, string.Join("; ", obstacles)) { Scope = scope, UnprovenShare = 1 };
        }

        var nets = MentionedNetworks.Of(calico.Set, antrea, existing);
        var (world, incomplete) = scope == ProofScope.Existing
            ? (existing, [])
            : FuturePods.Join(existing, calico.Set, antrea, selectors, PodPlaces.Of(snapshot, existing, nets));
        cancellationToken.ThrowIfCancellationRequested();
        var space = new ProofSpace(
            world, new AddressSpace([.. world.Pods.Select((p, i) => new ProofPod(p, i >= existing.Pods.Length))], nets));
        var classes = ProofRun.Compare(space, calico.Set, antrea, calico.IsUndefined, cancellationToken);
        return Conclude(space, calico, antrea, classes, incomplete) with { Scope = scope };
    }

    private static PolicyProof Conclude(
        ProofSpace space, ComparedCalico calico, AntreaPolicySet antrea, IReadOnlyList<SubjectClass> classes, ImmutableArray<string> incomplete)
    {
        var reasons = new List<string>();
        var unproven = classes.Sum(c => c.Comparison.UnprovenFlows * (double)c.Count);
        if (unproven > 0)
        {
            reasons.AddRange(calico.Undefined.Concat(antrea.Policies.SelectMany(p => AntreaUndecidable.Of(p, antrea).Select(f => $"{p} {f}"))));
        }

        // Left out are, too, kinds of future Pods: nobody can count these, but the Namespaces that they are of.
        var namespaces = space.World.Pods.Select(p => p.Namespace).Distinct(StringComparer.Ordinal).Count();
        var leftOut = incomplete.Length / (double)Math.Max(1, Math.Max(namespaces, incomplete.Length));
        if (namespaces == 0 && (!calico.Set.Policies.IsEmpty || !calico.Set.KubernetesPolicies.IsEmpty || !antrea.Policies.IsEmpty))
        {
            leftOut = 1;
            reasons.Add("there is nothing to compare: no Pod with an address of its own is in the input, and no future one was looked at");
        }

        if (incomplete.Length > 0)
        {
            reasons.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"policies tell too many kinds of future Pods apart, and not all were looked at in {incomplete.Length} Namespaces: {Shown(incomplete)}"));
        }

        var counterExamples = Confirm(space, calico, antrea, classes, reasons);
        var flows = classes.Sum(c => c.Comparison.Flows * (double)c.Count);
        return new PolicyProof(
            !counterExamples.IsEmpty ? ProofVerdict.Different : reasons.Count > 0 ? ProofVerdict.NotProven : ProofVerdict.Equal,
            classes.Sum(c => c.Comparison.Classes),
            reasons.Count == 0 ? null : string.Join("; ", reasons))
        {
            Pods = space.World.Pods.Length,
            FuturePods = space.Addresses.Pods.Count(p => p.IsSynthetic),
            SubjectClasses = classes.Count,
            Flows = (long)Math.Min(flows, long.MaxValue / 2),
            UnprovenShare = Math.Max(leftOut, unproven / Math.Max(1, flows + unproven)),
            CounterExamples = counterExamples,
        };
    }

    private static ImmutableArray<PolicyCounterExample> Confirm(
        ProofSpace space, ComparedCalico calico, AntreaPolicySet antrea, IReadOnlyList<SubjectClass> classes, List<string> reasons)
    {
        var different = classes.Where(c => c.Comparison.Difference is not null).OrderBy(c => Simplicity(space, c)).Take(MaxCounterExamples).ToList();
        if (different.Count == 0)
        {
            return [];
        }

        var check = new CounterExampleCheck(space, calico.Defined, CounterExampleCheck.WithoutUndecidable(antrea));
        var asked = different.ConvertAll(c => check.Ask(c, c.Comparison.Difference!.Value));
        foreach (var flow in asked.Where(a => a.Calico.Kind == a.Antrea.Kind))
        {
            reasons.Add($"internal disagreement: the comparison says that verdicts differ, the evaluators that they do not: {flow}");
        }

        return
        [
            .. asked.Where(a => a.Calico.Kind != a.Antrea.Kind)
                .OrderBy(a => a.IsFuture)
                .ThenBy(a => a.Calico.Reasons.Length + a.Antrea.Reasons.Length),
        ];
    }

    /// <summary>Existing Pods first, then well-known protocols and low ports.</summary>
    private static (bool IsFuture, int Peer, int Protocol, int To, int From) Simplicity(ProofSpace space, SubjectClass subject)
    {
        var (atom, service) = subject.Comparison.Difference!.Value;
        var peer = space.Addresses.PodOf(atom) is var pod && pod < 0 ? 1 : space.Addresses.Pods[pod].IsSynthetic ? 2 : 0;
        return (space.Addresses.Pods[subject.Pod].IsSynthetic || peer == 2, peer, ServiceComparison.PlaceOf(service.Protocol), service.To, service.From);
    }

    private static string Shown(ImmutableArray<string> names) =>
        string.Join(", ", names.Take(5)) + (names.Length > 5 ? ", …" : "");
}
