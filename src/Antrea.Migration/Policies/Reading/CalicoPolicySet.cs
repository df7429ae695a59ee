using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Reading;

/// <summary>Everything in a snapshot that takes part in Calico's verdicts on Pods.</summary>
internal sealed record CalicoPolicySet
{
    /// <summary>The API groups whose objects decide about traffic.</summary>
    private static readonly string[] DecidingGroups =
        [CalicoMetadata.V1Group, CalicoMetadata.V3Group, KubernetesPolicyReader.Group, "policy.networking.k8s.io", "migration.projectcalico.org", "crd.antrea.io"];

    /// <summary>The version whose rules apply.</summary>
    public required ReleaseVersion Version { get; init; }

    /// <summary>Each policy once, sorted by kind, Namespace and name.</summary>
    public required ImmutableArray<ReadPolicy> Policies { get; init; }

    /// <summary>Kubernetes NetworkPolicies, sorted by Namespace and name.</summary>
    public required ImmutableArray<ReadKubernetesPolicy> KubernetesPolicies { get; init; }

    /// <summary>The tiers that exist, tier default always among them, in evaluation order.</summary>
    public required ImmutableArray<CalicoTier> Tiers { get; init; }

    /// <summary>NetworkSets and GlobalNetworkSets.</summary>
    public required ImmutableArray<CalicoLabelledSet> NetworkSets { get; init; }

    /// <summary>HostEndpoints, and whether their only profile allows everything.</summary>
    public required ImmutableArray<(CalicoLabelledSet Endpoint, bool IsOpen)> HostEndpoints { get; init; }

    /// <summary>What was wrong with objects other than policies, and what reading the cluster left open.</summary>
    public required ImmutableArray<Finding> Findings { get; init; }

    public static CalicoPolicySet Read(ClusterSnapshot snapshot, ReleaseVersion version) => Read(snapshot, PolicyWorld.From(snapshot), version);

    /// <param name="snapshot">The cluster.</param>
    /// <param name="world">Who is in it.</param>
    /// <param name="version">The Calico version that runs.</param>
    public static CalicoPolicySet Read(ClusterSnapshot snapshot, PolicyWorld world, ReleaseVersion version)
    {
        var findings = ImmutableArray.CreateBuilder<Finding>();
        findings.AddRange(LeftOpen(snapshot));
        var sets = new CalicoSetReader(world, findings);
        return new CalicoPolicySet
        {
            Version = version,
            Policies = ReadPolicies(snapshot, version),
            KubernetesPolicies =
            [
                .. snapshot.OfKind(KubernetesPolicyReader.Group, "NetworkPolicy")
                    .Select(KubernetesPolicyReader.Read)
                    .OrderBy(p => p.Policy.Namespace, StringComparer.Ordinal)
                    .ThenBy(p => p.Policy.Name, StringComparer.Ordinal),
            ],
            Tiers = ReadTiers(snapshot, version, findings),
            NetworkSets =
            [
                .. OfCalico(snapshot, "NetworkSet").Select(sets.ReadNetworkSet),
                .. OfCalico(snapshot, "GlobalNetworkSet").Select(sets.ReadNetworkSet),
            ],
            HostEndpoints = [.. OfCalico(snapshot, "HostEndpoint").Select(sets.ReadHostEndpoint)],
            Findings = findings.ToImmutable(),
        };
    }

    /// <summary>Calico's objects of one kind, each once: the custom resource where both API groups show it.</summary>
    public static IEnumerable<ClusterObject> OfCalico(ClusterSnapshot snapshot, string kind) =>
        snapshot.OfKind(CalicoMetadata.V1Group, kind)
            .Concat(snapshot.OfKind(CalicoMetadata.V3Group, kind))
            .DistinctBy(o => (o.Namespace, o.Name))
            .OrderBy(o => o.Namespace, StringComparer.Ordinal)
            .ThenBy(o => o.Name, StringComparer.Ordinal);

    /// <summary>What a reader of the cluster could not get, or had to choose between: a set without it may not be what Calico enforces.</summary>
    private static IEnumerable<Finding> LeftOpen(ClusterSnapshot snapshot)
    {
        foreach (var finding in snapshot.ReadFindings)
        {
            switch (finding.Id)
            {
                case ReadFindingIds.ValueUnreadable:
                    yield return finding;
                    break;

                // Felix reads the custom resources, so where they are there the aggregated API of the same objects is not missed.
                case ReadFindingIds.ApiUnavailable when DecidingGroups.Any(g => finding.Subject.StartsWith($"API/{g}/", StringComparison.Ordinal)
                    && !(g == CalicoMetadata.V3Group && snapshot.Objects.Any(o => o.Group == CalicoMetadata.V1Group))):
                    yield return finding;
                    break;

                // Which of two policies counts is nobody's to choose.
                case ReadFindingIds.DuplicateObject when finding.Severity > Severity.Info:
                    var decides = snapshot.Objects.Any(o => DecidingGroups.Contains(o.Group) && o.ToString() == finding.Subject);
                    yield return decides ? finding with { Severity = Severity.Blocker } : finding;
                    break;
            }
        }
    }

    private static ImmutableArray<ReadPolicy> ReadPolicies(ClusterSnapshot snapshot, ReleaseVersion version)
    {
        var objects = new[] { CalicoMetadata.V1Group, CalicoMetadata.V3Group }
            .SelectMany(group => snapshot.OfKind(group, "GlobalNetworkPolicy").Concat(snapshot.OfKind(group, "NetworkPolicy")))
            .ToList();
        return
        [
            .. OrderedParallel.Map(objects, o => CalicoPolicyReader.Read(o, version))
                .GroupBy(p => (p.Policy.Kind, p.Policy.Namespace, p.Policy.Name))
                .OrderBy(g => g.Key.Kind, StringComparer.Ordinal)
                .ThenBy(g => g.Key.Namespace, StringComparer.Ordinal)
                .ThenBy(g => g.Key.Name, StringComparer.Ordinal)
                .Select(g => Single(g, version)),
        ];
    }

    /// <summary>One of several objects for one policy: two API groups, or the rename of v3.32, show it twice. They must agree. The custom
    /// resource counts, and of two the one that comes first in Calico's order: the other repeats its rules behind it.</summary>
    private static ReadPolicy Single(IGrouping<(string, string, string), ReadPolicy> group, ReleaseVersion version)
    {
        var first = group
            .OrderBy(p => p.Object.Group == CalicoMetadata.V1Group ? 0 : 1)
            .ThenBy(p => CalicoOrder.TieKey(p.Policy, version), ByteOrder.Comparer)
            .First();
        var other = group.FirstOrDefault(p => p.Policy.Tier != first.Policy.Tier || !JsonNode.DeepEquals(p.Object.Json["spec"], first.Object.Json["spec"]));
        return other is null
            ? first
            : first with
            {
                Findings =
                [
                    .. first.Findings,
                    PolicyCode.DuplicatePolicy.At(
                        "metadata.name", $"{first.Object.Source} ({first.Object.Name}) and {other.Object.Source} ({other.Object.Name}) differ"),
                ],
            };
    }

    private static ImmutableArray<CalicoTier> ReadTiers(
        ClusterSnapshot snapshot, ReleaseVersion version, ImmutableArray<Finding>.Builder findings)
    {
        if (version < CalicoTier.Since)
        {
            return [CalicoTier.Default];
        }

        var tiers = OfCalico(snapshot, "Tier")
            .Select(obj =>
            {
                var problems = new List<PolicyFinding>();
                var spec = new FieldReader(obj.Json, "", problems).Object("spec") ?? new FieldReader([], "spec", problems);
                var tier = new CalicoTier(
                    obj.Name, spec.Number("order") ?? CalicoTier.DefaultOrder, spec.Text("defaultAction") == "Pass");
                spec.Finish();
                findings.AddRange(problems.Select(p => p.ToFinding(obj.ToString())));
                return tier;
            })
            .ToList();
        if (tiers.All(t => t.Name != CalicoTier.DefaultName))
        {
            tiers.Add(CalicoTier.Default);
        }

        return [.. CalicoOrder.Sort(tiers)];
    }
}
