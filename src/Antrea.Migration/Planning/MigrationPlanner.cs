using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>Makes a plan from a snapshot. Pure: nothing is asked, nothing is changed.</summary>
public static class MigrationPlanner
{
    /// <summary>The plan for <paramref name="snapshot"/>: in the gapless order, or without steps and with the reasons while something blocks.</summary>
    /// <exception cref="ArgumentException">The options are out of range.</exception>
    public static MigrationPlan Plan(ClusterSnapshot snapshot, MigrationOptions options)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var left = AllowanceObjects.Check(snapshot).ToList();
        snapshot = AllowanceObjects.Without(snapshot);
        var antreaVersion = options.AntreaVersion.Length > 0 ? options.AntreaVersion : ManifestVersion(options.AntreaManifest);
        var analysis = AddressAnalyzer.Analyze(
            snapshot, new AddressAnalysisOptions { SmallOverlapThreshold = options.SmallOverlapThreshold });
        var (bridge, reason) = BridgeChoice.Of(options, snapshot);
        var partition = (bridge as PartitionBridge)?.Partition;
        var readdressing = ReaddressingPlanner.Of(snapshot, analysis, bridge);
        var policyChanges = PolicyPrediction.Of(snapshot, bridge, readdressing, antreaVersion, options.PolicyMode, options.AntreaManifest);
        var findings = PlanFindings.Collect(snapshot, options, antreaVersion, analysis, bridge, readdressing, [.. left, .. PolicyPrediction.Judge(policyChanges, options.PolicyMode)]);
        var inputs = PlanFingerprint.Of(snapshot, options, analysis, antreaVersion, bridge, partition, readdressing, policyChanges);
        var fingerprint = PlanFingerprint.Join(inputs);
        var isBlocked = findings.Any(f => f.Severity == Severity.Blocker);
        return new MigrationPlan
        {
            Id = fingerprint[..12],
            Fingerprint = fingerprint,
            Inputs = inputs,
            Scenario = bridge.Kind == BridgeKind.Partition ? nameof(BridgeKind.Partition) : analysis.Scenario.ToString(),
            Bridge = bridge.Kind,
            BridgeReason = reason,
            Restart = options.Restart,
            Partition = partition,
            Readdressing = isBlocked ? null : readdressing,
            PredictedLosses = isBlocked ? []
                : partition is null ? LossPrediction.Of(snapshot, bridge, readdressing, options.AntreaManifest) : PartitionLosses.Of(snapshot, partition, options.AntreaManifest),
            PredictedPolicyChanges = isBlocked ? [] : [.. policyChanges.Changes, .. policyChanges.LetIn],
            PolicyAllowances = isBlocked ? [] : policyChanges.Allowances,
            PoliciesHash = isBlocked || policyChanges.Allowances.IsEmpty ? "" : AllowanceObjects.HashOf(snapshot),
            AntreaVersion = antreaVersion,
            Nodes = [.. snapshot.Nodes.Select(n => n.Name).Order(StringComparer.Ordinal)],
            PodCidrs = snapshot.Nodes.ToImmutableSortedDictionary(n => n.Name, n => n.PodCidrs, StringComparer.Ordinal),
            ServiceCidrs = snapshot.ServiceCidrs,
            CalicoCidrs = [.. snapshot.CalicoIpam.Pools.Select(p => p.Cidr).Concat(snapshot.CalicoIpam.Blocks.Select(b => b.Cidr))
                .Concat(readdressing?.Pools.Select(p => p.Cidr) ?? []).Distinct().Order()],
            ManifestHash = ManifestHash(options),
            Steps = isBlocked ? [] : PlanSteps.Of(snapshot, bridge, readdressing, options, policyChanges.Allowances),
            Findings = findings,
        };
    }

    /// <summary>The tag of the Antrea agent's image in a manifest, for example <c>v2.7.0</c>; empty when there is none or it is <c>latest</c>.</summary>
    public static string ManifestVersion(ImmutableArray<ClusterObject> antreaManifest)
    {
        var image = antreaManifest
            .Where(o => o.Kind == "DaemonSet")
            .SelectMany(o => o.Json["spec"]?["template"]?["spec"]?["containers"]?.AsArray() ?? [])
            .Select(c => c?["image"]?.ToString() ?? "")
            .FirstOrDefault(i => i.Contains("antrea/antrea-", StringComparison.Ordinal)) ?? "";
        var tag = image[(image.LastIndexOf(':') + 1)..];
        return tag.StartsWith('v') ? tag : "";
    }

    /// <summary>SHA-256 of both manifests' objects, in their order.</summary>
    internal static string ManifestHash(MigrationOptions options) =>
        PlanFingerprint.Hash(string.Concat(options.AntreaManifest.Concat(options.MultusManifest).Select(o => o.Json.ToJsonString() + "\n")));
}
