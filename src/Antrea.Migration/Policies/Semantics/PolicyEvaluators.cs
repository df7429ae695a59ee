using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Makes evaluators for the policies of a snapshot, over the snapshot's Pods.</summary>
/// <remarks>They judge the first packet of a flow as it is after a Service's address was replaced. What a Node sends to its own Pods passes; what a Pod sends
/// to itself is taken as sent through a Service.</remarks>
public static class PolicyEvaluators
{
    /// <summary>What Calico decides: its own policies and Kubernetes NetworkPolicies.</summary>
    /// <exception cref="NotSupportedException">Something takes part that the model lacks; the message names all of it.</exception>
    /// <exception cref="ArgumentException">A version in <paramref name="options"/> is malformed.</exception>
    public static IPolicyEvaluator ForCalico(ClusterSnapshot snapshot, PolicyConversionOptions options)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(options);
        return new LocalTraffic(CalicoTables(snapshot, options), snapshot, antrea: null);
    }

    /// <summary>What Calico's rules decide, for traffic that gets to them.</summary>
    /// <inheritdoc cref="ForCalico"/>
    internal static IPolicyEvaluator CalicoTables(ClusterSnapshot snapshot, PolicyConversionOptions options)
    {
        var findings = new List<Finding>();
        var set = CalicoPolicySet.Read(snapshot, PolicyConverter.CalicoVersion(snapshot, options, findings));
        findings.AddRange(set.Findings);
        findings.AddRange(set.Policies.SelectMany(p => p.Findings.Select(f => f.ToFinding(p.Policy.ToString()))));
        findings.AddRange(set.KubernetesPolicies.SelectMany(k => k.Findings.Select(f => f.ToFinding(k.Object.ToString()))));
        var world = PolicyWorld.From(snapshot);
        var enforcesHttp = new FelixSettings(snapshot).IsSetAnywhere("policySyncPathPrefix");
        var problems = findings
            .Where(f => f.Severity == Severity.Blocker && f.Id != PolicyCode.KubernetesPolicyTypes.Id)
            .Select(f => $"{f.Subject}: {f.Evidence}")
            .Concat(set.Policies.SelectMany(p => CalicoLimits.Check(p.Policy, set.Version, enforcesHttp).Select(l => $"{p.Policy} {l}")))
            .Concat(CalicoLimits.CheckKinds(snapshot, set.Version))
            .Concat(CalicoLimits.CheckInput(set, world))
            .ToList();
        return problems.Count == 0
            ? new CalicoEvaluator(set, world)
            : throw new NotSupportedException($"These policies cannot be evaluated: {string.Join("; ", problems)}.");
    }

    /// <summary>What Antrea decides: the given policies, groups and tiers (<c>crd.antrea.io</c>), and the snapshot's Kubernetes NetworkPolicies.</summary>
    /// <param name="snapshot">The cluster.</param>
    /// <param name="objects">ClusterNetworkPolicy, NetworkPolicy, ClusterGroup, Group and Tier of <c>crd.antrea.io/v1beta1</c>.</param>
    /// <param name="options">The versions to go by; null for the defaults.</param>
    /// <exception cref="InputException">A field is malformed, misread by Antrea or not known to the release; all are named.</exception>
    /// <exception cref="NotSupportedException">Something cannot be told from the objects; the message names all of it.</exception>
    /// <exception cref="ArgumentException">A version in <paramref name="options"/> is malformed.</exception>
    public static IPolicyEvaluator ForAntrea(ClusterSnapshot snapshot, IEnumerable<JsonObject> objects, PolicyConversionOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(objects);
        return new LocalTraffic(AntreaTables(snapshot, objects, options), snapshot, AntreaVersion(options ?? new()));
    }

    /// <summary>What Antrea's rules decide, for traffic that gets to them.</summary>
    /// <inheritdoc cref="ForAntrea"/>
    internal static IPolicyEvaluator AntreaTables(ClusterSnapshot snapshot, IEnumerable<JsonObject> objects, PolicyConversionOptions? options = null)
    {
        var set = AntreaPolicySet.Read(objects.Select(o => new ClusterObject(o, "conversion")), AntreaVersion(options ?? new()));
        var kubernetes = snapshot.OfKind(KubernetesPolicyReader.Group, "NetworkPolicy").Select(KubernetesPolicyReader.Read).ToList();

        // Antrea obeys rules of a direction that policyTypes leaves out, and so does its evaluator.
        var twice = snapshot.ReadFindings
            .Where(f => f is { Id: ReadFindingIds.DuplicateObject, Severity: > Severity.Info }
                && snapshot.OfKind(KubernetesPolicyReader.Group, "NetworkPolicy").Any(o => o.ToString() == f.Subject))
            .Select(f => $"{f.Subject}: {f.Evidence}");
        var blockers = kubernetes
            .SelectMany(k => k.Findings, (k, f) => (k.Policy, Finding: f))
            .Where(k => k.Finding.Severity == Severity.Blocker && k.Finding.Code != PolicyCode.KubernetesPolicyTypes.Id)
            .Select(k => $"Kubernetes NetworkPolicy {k.Policy} {k.Finding.Path}: {k.Finding.Message}")
            .Concat(twice)
            .ToList();
        return blockers.Count == 0
            ? new AntreaEvaluator(set, kubernetes.Select(k => k.Policy), PolicyWorld.From(snapshot))
            : throw new NotSupportedException($"These policies cannot be evaluated: {string.Join("; ", blockers)}.");
    }

    /// <summary>The Antrea release to go by.</summary>
    /// <exception cref="ArgumentException">It is not of the form <c>v2.7.0</c>.</exception>
    internal static ReleaseVersion AntreaVersion(PolicyConversionOptions options) =>
        ReleaseVersion.TryParse(options.AntreaVersion, out var version)
            ? version
            : throw new ArgumentException(
                $"'{options.AntreaVersion}' is not an Antrea version; write it as Antrea prints it, for example v2.7.0.", nameof(options));
}
