using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Makes evaluators for the policies of a snapshot, over the snapshot's Pods.</summary>
public static class PolicyEvaluators
{
    /// <summary>What Calico decides: its own policies and Kubernetes NetworkPolicies.</summary>
    /// <exception cref="NotSupportedException">Something takes part that the model lacks; the message names all of it.</exception>
    /// <exception cref="ArgumentException">A version in <paramref name="options"/> is malformed.</exception>
    public static IPolicyEvaluator ForCalico(ClusterSnapshot snapshot, PolicyConversionOptions options)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(options);
        var findings = new List<Finding>();
        var set = CalicoPolicySet.Read(snapshot, PolicyConverter.CalicoVersion(snapshot, options, findings));
        findings.AddRange(set.Findings);
        findings.AddRange(set.Policies.SelectMany(p => p.Findings.Select(f => f.ToFinding(p.Policy.ToString()))));
        findings.AddRange(set.KubernetesPolicies.SelectMany(k => k.Findings.Select(f => f.ToFinding(k.Object.ToString()))));
        var enforcesHttp = new FelixSettings(snapshot).IsSetAnywhere("policySyncPathPrefix");
        var problems = findings
            .Where(f => f.Severity == Severity.Blocker && f.Id != PolicyCode.KubernetesPolicyTypes.Id)
            .Select(f => $"{f.Subject}: {f.Evidence}")
            .Concat(set.Policies.SelectMany(p => CalicoLimits.Check(p.Policy, set.Version, enforcesHttp).Select(l => $"{p.Policy} {l}")))
            .Concat(CalicoLimits.CheckKinds(snapshot, set.Version))
            .ToList();
        return problems.Count == 0
            ? new CalicoEvaluator(set, PolicyWorld.From(snapshot))
            : throw new NotSupportedException($"These policies cannot be evaluated: {string.Join("; ", problems)}.");
    }

    /// <summary>What Antrea decides: the given policies and tiers (ClusterNetworkPolicy, NetworkPolicy and Tier of
    /// <c>crd.antrea.io</c>), and the snapshot's Kubernetes NetworkPolicies.</summary>
    /// <exception cref="FormatException">An object holds something the model lacks; the message names it.</exception>
    public static IPolicyEvaluator ForAntrea(ClusterSnapshot snapshot, IEnumerable<JsonObject> objects)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(objects);
        var read = objects.Select(o => new ClusterObject(o, "conversion")).ToList();
        if (read.Find(o => o.Group != "crd.antrea.io" || o.Kind is not ("Tier" or "ClusterNetworkPolicy" or "NetworkPolicy")) is { } other)
        {
            throw new FormatException($"{other.Source}: {other} of {other.ApiVersion} is no Antrea policy or Tier.");
        }

        return new AntreaEvaluator(
            read.Where(o => o.Kind != "Tier").Select(AntreaPolicyReader.ReadPolicy),
            read.Where(o => o.Kind == "Tier").Select(AntreaPolicyReader.ReadTier),
            snapshot.OfKind(KubernetesPolicyReader.Group, "NetworkPolicy").Select(o => KubernetesPolicyReader.Read(o).Policy),
            PolicyWorld.From(snapshot));
    }
}
