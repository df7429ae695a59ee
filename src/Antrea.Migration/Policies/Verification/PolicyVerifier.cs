using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Compares what Calico decides about a cluster's Pods with what a set of Antrea policies decides, for every class of flows.</summary>
/// <remarks>It reads the Antrea objects as they are, and shares nothing with the converter but the models of both engines.</remarks>
public static class PolicyVerifier
{
    /// <summary>More flows than this are not compared; the outcome is <see cref="ProofVerdict.NotProven"/> then.</summary>
    public const long MaxFlows = 20_000_000;

    /// <summary>Whether the Antrea objects mean for the snapshot's Pods what Calico's policies mean.</summary>
    /// <param name="snapshot">The cluster with its Calico and Kubernetes policies.</param>
    /// <param name="antreaObjects">Policies and Tiers of <c>crd.antrea.io</c>, for example <see cref="PolicyConversion.Objects"/>.</param>
    /// <param name="options">The versions to go by.</param>
    /// <param name="cancellationToken">Stops the comparison.</param>
    /// <exception cref="ArgumentException">A version in <paramref name="options"/> is malformed.</exception>
    /// <exception cref="OperationCanceledException">The comparison was stopped.</exception>
    public static PolicyProof Verify(
        ClusterSnapshot snapshot,
        IEnumerable<JsonObject> antreaObjects,
        PolicyConversionOptions options,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(antreaObjects);
        ArgumentNullException.ThrowIfNull(options);
        var objects = antreaObjects.ToList();
        IPolicyEvaluator calico;
        IPolicyEvaluator antrea;
        try
        {
            calico = PolicyEvaluators.ForCalico(snapshot, options);
            antrea = PolicyEvaluators.ForAntrea(snapshot, objects);
        }
        catch (Exception e) when (e is NotSupportedException or FormatException)
        {
            return new PolicyProof(ProofVerdict.NotProven, 0, Reason: e.Message);
        }

        var set = CalicoPolicySet.Read(snapshot, PolicyConverter.CalicoVersion(snapshot, options, []));
        if (OutsideTheSpace(set) is { } outside)
        {
            return new PolicyProof(ProofVerdict.NotProven, 0, Reason: outside);
        }

        var space = SpaceOf(snapshot, set, objects);
        if (space.Count > MaxFlows)
        {
            return new PolicyProof(
                ProofVerdict.NotProven, 0, Reason: $"{space.Count} classes of flows are more than the {MaxFlows} that are compared.");
        }

        long compared = 0;
        foreach (var (traffic, direction) in space.Flows())
        {
            cancellationToken.ThrowIfCancellationRequested();
            compared++;
            var before = calico.Evaluate(traffic, direction);
            var after = antrea.Evaluate(traffic, direction);
            if (before.Kind != after.Kind)
            {
                return new PolicyProof(
                    ProofVerdict.Different, compared, new PolicyCounterExample(traffic, direction, before, after));
            }
        }

        return new PolicyProof(ProofVerdict.Equal, compared);
    }

    /// <summary>The first rule that tells flows apart which the space takes for one; null when there is none.</summary>
    private static string? OutsideTheSpace(CalicoPolicySet set) =>
        (from read in set.Policies
         from rule in read.Policy.Ingress.Concat(read.Policy.Egress)
         let numbers = new[] { rule.Protocol?.Number, rule.NotProtocol?.Number }
         where rule.Icmp is not null || rule.NotIcmp is not null || rule.Source.Services is not null || rule.Destination.Services is not null
             || numbers.Any(n => n is not (null or 6 or 17 or 132 or 1 or 47))
         select $"{read.Policy} has a rule about a Service, a kind of ICMP message or a protocol that is not compared.").FirstOrDefault();

    private static FlowSpace SpaceOf(ClusterSnapshot snapshot, CalicoPolicySet set, List<JsonObject> objects)
    {
        var calicoRules = set.Policies.SelectMany(p => p.Policy.Ingress.Concat(p.Policy.Egress)).ToList();
        var calicoSides = calicoRules.SelectMany(r => new[] { r.Source, r.Destination });
        var kubernetes = set.KubernetesPolicies.SelectMany(p => p.Policy.Ingress.Concat(p.Policy.Egress)).ToList();
        var kubernetesPeers = kubernetes.SelectMany(r => r.Peers);
        var antreaRules = objects
            .Where(o => o["kind"]?.ToString() != "Tier")
            .Select(o => AntreaPolicyReader.ReadPolicy(new ClusterObject(o, "conversion")))
            .SelectMany(p => p.Ingress.Concat(p.Egress))
            .ToList();
        var antreaPorts = antreaRules.SelectMany(r => r.Ports).ToList();
        var nets = calicoSides.SelectMany(s => s.Nets.Concat(s.NotNets))
            .Select(n => CalicoNet.TryParse(n, out var net) ? net : (Cidr?)null)
            .Concat(set.NetworkSets.Concat(set.HostEndpoints.Select(h => h.Endpoint)).SelectMany(s => s.Nets).Select(n => (Cidr?)n))
            .Concat(kubernetesPeers.SelectMany(p => p.Except.Select(e => (Cidr?)e).Append(p.Net)))
            .Concat(antreaRules.SelectMany(r => r.Peers.Select(p => p.Net)))
            .OfType<Cidr>();
        return new FlowSpace(
            PolicyWorld.From(snapshot),
            nets,
            calicoRules.SelectMany(r => r.Source.Ports.Concat(r.Source.NotPorts)).Where(p => p.Name is null).Select(p => (p.First, p.Last))
                .Concat(antreaPorts.Where(p => p.SourcePort is not null).Select(p => (p.SourcePort!.Value, p.SourceEndPort ?? p.SourcePort!.Value))),
            calicoRules.SelectMany(r => r.Destination.Ports.Concat(r.Destination.NotPorts)).Where(p => p.Name is null).Select(p => (p.First, p.Last))
                .Concat(kubernetes.SelectMany(r => r.Ports).Where(p => p.First is not null).Select(p => (p.First!.Value, p.Last!.Value)))
                .Concat(antreaPorts.Where(p => p.Port is not null).Select(p => (p.Port!.Value, p.EndPort ?? p.Port!.Value))));
    }
}
