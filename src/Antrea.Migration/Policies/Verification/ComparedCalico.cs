using System.Collections.Immutable;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Verification;

/// <summary>Calico's side of a comparison.</summary>
/// <param name="Set">All policies; those without a defined meaning select all that they could select.</param>
/// <param name="Obstacles">What makes every comparison pointless, in sentences.</param>
/// <param name="Undefined">What has no defined meaning, in sentences.</param>
internal sealed record ComparedCalico(CalicoPolicySet Set, ImmutableArray<string> Obstacles, ImmutableArray<string> Undefined)
{
    private ImmutableHashSet<CalicoPolicy> UndefinedPolicies { get; init; } = ImmutableHashSet<CalicoPolicy>.Empty.WithComparer(ReferenceEqualityComparer.Instance);

    /// <summary>The policies with a defined meaning.</summary>
    public CalicoPolicySet Defined => Set with { Policies = [.. Set.Policies.Where(p => !IsUndefined(p.Policy))] };

    /// <summary>Whether nobody can tell what becomes of a flow that a policy is asked about.</summary>
    public bool IsUndefined(CalicoPolicy policy) => UndefinedPolicies.Contains(policy);

    /// <param name="snapshot">The cluster.</param>
    /// <param name="options">The versions to go by.</param>
    /// <param name="origin">Policies that were read already, and from what; null when none were. Those of the same snapshot and version are not read again.</param>
    /// <exception cref="ArgumentException">A version in <paramref name="options"/> is malformed.</exception>
    public static ComparedCalico Read(
        ClusterSnapshot snapshot, PolicyConversionOptions options, (ClusterSnapshot Snapshot, PolicyWorld World, CalicoPolicySet Set)? origin)
    {
        var findings = new List<Finding>();
        var version = PolicyConverter.CalicoVersion(snapshot, options, findings);
        var set = origin is { } known && ReferenceEquals(known.Snapshot, snapshot) && known.Set.Version == version
            ? known.Set
            : CalicoPolicySet.Read(snapshot, version);
        findings.AddRange(set.Findings);
        findings.AddRange(set.KubernetesPolicies.SelectMany(k => k.Findings.Select(f => f.ToFinding(k.Object.ToString()))));
        var enforcesHttp = new FelixSettings(snapshot).IsSetAnywhere("policySyncPathPrefix");
        var undefined = ImmutableArray.CreateBuilder<string>();
        var policies = ImmutableHashSet.CreateBuilder<CalicoPolicy>(ReferenceEqualityComparer.Instance);
        var limits = OrderedParallel.Map(set.Policies, p => CalicoLimits.Check(p.Policy, set.Version, enforcesHttp).ToArray());
        var read = set.Policies.Select((p, i) =>
        {
            var faults = p.Findings.Where(f => f.Severity == Severity.Blocker).Select(f => $"{f.Path}: {f.Message}").ToList();
            if (faults.Count == 0 && limits[i].Length == 0)
            {
                return p;
            }

            undefined.AddRange(faults.Concat(limits[i]).Select(f => $"{p.Policy} {f}"));

            // A policy that could not be read may select anything in its scope.
            var wide = faults.Count == 0
                ? p.Policy
                : p.Policy with { Selector = null, NamespaceSelector = null, ServiceAccountSelector = null, GovernsIngress = true, GovernsEgress = true };
            policies.Add(wide);
            return p with { Policy = wide };
        });
        return new ComparedCalico(
            set with { Policies = [.. read] },
            [
                .. findings.Where(f => f.Severity == Severity.Blocker && f.Id != PolicyCode.KubernetesPolicyTypes.Id).Select(f => $"{f.Subject}: {f.Evidence}"),
                .. CalicoLimits.CheckKinds(snapshot, set.Version),
            ],
            undefined.ToImmutable()) with
        { UndefinedPolicies = policies.ToImmutable() };
    }
}
