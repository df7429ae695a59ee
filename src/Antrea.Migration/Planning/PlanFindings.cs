using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Planning;

/// <summary>Everything that speaks against a plan, collected from all who can tell.</summary>
internal static class PlanFindings
{
    public static ImmutableArray<Finding> Collect(
        ClusterSnapshot snapshot, MigrationOptions options, string antreaVersion, AddressAnalysis analysis, BridgeStrategy bridge, Readdressing? readdressing,
        IEnumerable<Finding> policyChanges)
    {
        IEnumerable<Finding> findings =
        [
            .. Preflight.Check(snapshot, new PreflightOptions
            {
                AntreaVersion = antreaVersion, Bridge = bridge.Kind, MaxUnavailable = options.MaxUnavailable, MovesAddresses = readdressing is not null,
                Restart = options.Restart,
            }),
            .. ReaddressingPlanner.Judge(analysis.Findings, bridge, readdressing),
            .. Policies(snapshot, antreaVersion),
            .. policyChanges,
            .. AntreaManifest(options),
            .. bridge.Check(snapshot, options),
            .. AntreaConfigFindings.Check(snapshot, options.AntreaManifest),
        ];

        // Not to be ignored: addresses that clash and have nowhere to go, bare Pods, at which the executor stops, and what no partition can do without.
        return Preflight.Judge([.. Preflight.Judge(findings, [.. options.IgnoredFindings.Where(id => id != "bare-pod" && !PartitionBridge.Refusals.Contains(id))]), .. ReaddressingPlanner.Check(snapshot, analysis, bridge, readdressing)], []);
    }

    /// <summary>What cannot be converted is better known before anything is installed. An unusable version, and what reading the cluster found, are
    /// the preflight's findings.</summary>
    private static IEnumerable<Finding> Policies(ClusterSnapshot snapshot, string antreaVersion) =>
        ReleaseVersion.TryParse(antreaVersion, out _)
            ? PolicyConverter.Convert(snapshot, new PolicyConversionOptions { AntreaVersion = antreaVersion }).Findings.Where(f => !snapshot.ReadFindings.Contains(f))
            : [];

    private static IEnumerable<Finding> AntreaManifest(MigrationOptions options)
    {
        if (options.AntreaManifest.IsEmpty)
        {
            yield return new Finding(
                "antrea-manifest-missing", Severity.Blocker, "Options", "No Antrea manifest was named, so Antrea could not be installed",
                "Name the release's antrea.yml with --antrea-manifest");
        }
    }
}
