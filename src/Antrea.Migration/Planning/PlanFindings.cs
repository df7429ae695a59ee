using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Internal;
using Antrea.Migration.Policies.Conversion;

namespace Antrea.Migration.Planning;

/// <summary>Everything that speaks against a plan, collected from all who can tell.</summary>
internal static class PlanFindings
{
    public static ImmutableArray<Finding> Collect(
        ClusterSnapshot snapshot, MigrationOptions options, string antreaVersion, AddressAnalysis analysis)
    {
        IEnumerable<Finding> findings =
        [
            .. Preflight.Check(snapshot, new PreflightOptions { AntreaVersion = antreaVersion }),
            .. analysis.Findings,
            .. Policies(snapshot, antreaVersion),
            .. Manifests(options),
            .. AntreaConfigFindings.Check(snapshot, options.AntreaManifest),
        ];

        // Two things are not to be ignored: the Simple order is wrong for any other scenario, and the executor stops at bare Pods.
        return Preflight.Judge([.. Preflight.Judge(findings, [.. options.IgnoredFindings.Where(id => id != "bare-pod")]), .. Scenario(analysis)], []);
    }

    private static IEnumerable<Finding> Scenario(AddressAnalysis analysis)
    {
        if (analysis.Scenario != MigrationScenario.Simple)
        {
            yield return new Finding(
                "scenario-not-simple",
                Severity.Blocker,
                "Cluster",
                $"The scenario is {analysis.Scenario}: the Calico ranges of {analysis.OverlappedNodes.Length} Nodes overlap PodCIDRs ({string.Join(", ", analysis.OverlappedNodes)})",
                "Move those Nodes' Calico addresses out of the PodCIDRs first (a new IPPool, the old one emptied and deleted), then plan again; only the Simple scenario can be executed");
        }
    }

    /// <summary>What cannot be converted is better known before anything is installed. An unusable version, and what reading the cluster found, are
    /// the preflight's findings.</summary>
    private static IEnumerable<Finding> Policies(ClusterSnapshot snapshot, string antreaVersion) =>
        ReleaseVersion.TryParse(antreaVersion, out _)
            ? PolicyConverter.Convert(snapshot, new PolicyConversionOptions { AntreaVersion = antreaVersion }).Findings.Where(f => !snapshot.ReadFindings.Contains(f))
            : [];

    private static IEnumerable<Finding> Manifests(MigrationOptions options)
    {
        if (options.AntreaManifest.IsEmpty)
        {
            yield return new Finding(
                "antrea-manifest-missing", Severity.Blocker, "Options", "No Antrea manifest was named, so Antrea could not be installed",
                "Name the release's antrea.yml with --antrea-manifest");
        }

        if (options.MultusManifest.IsEmpty)
        {
            yield return new Finding(
                "multus-manifest-missing", Severity.Blocker, "Options", "No Multus manifest was named, so the bridge could not be installed",
                "Name the thin release's multus-daemonset.yml with --multus-manifest");
            yield break;
        }

        string? fault = null;
        try
        {
            MultusManifest.WithoutGenerator(options.MultusManifest);
        }
        catch (FormatException e)
        {
            fault = e.Message;
        }

        if (fault is not null)
        {
            yield return new Finding(
                "multus-manifest-unusable", Severity.Blocker, "Options", fault, "Name the thin release's multus-daemonset.yml with --multus-manifest");
        }
    }
}
