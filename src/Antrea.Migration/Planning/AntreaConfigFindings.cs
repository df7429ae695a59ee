using System.Collections.Immutable;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>What the Antrea manifest's own configuration asks for that the bridge cannot live with.</summary>
/// <remarks>Source: Antrea v2.7 ConfigMap <c>antrea-config</c>, key <c>antrea-agent.conf</c>; commented-out keys have their defaults.</remarks>
internal static class AntreaConfigFindings
{
    public const string Key = "antrea-agent.conf";

    public static IEnumerable<Finding> Check(ClusterSnapshot snapshot, ImmutableArray<ClusterObject> manifest)
    {
        foreach (var configMap in manifest.Where(o => o.Kind == "ConfigMap" && o.Name.StartsWith("antrea-config", StringComparison.Ordinal)))
        {
            var text = configMap.Json["data"]?[Key]?.ToString() ?? "";
            if (Value(text, "trafficEncapMode") is { Length: > 0 } mode && !mode.Equals("encap", StringComparison.OrdinalIgnoreCase))
            {
                yield return new Finding(
                    "antrea-encap-mode-unsupported",
                    Severity.Blocker,
                    $"{configMap.Source}: {configMap} {Key}",
                    $"trafficEncapMode is {mode}; what is known here of who reaches whom during a migration holds for encap",
                    "Migrate with trafficEncapMode encap; the mode can be changed afterwards");
            }

            if (Value(text, "tunnelType") == "vxlan" && snapshot.CalicoIpam.Pools.Any(p => p.VxlanMode != EncapsulationMode.Never))
            {
                yield return new Finding(
                    "antrea-vxlan-beside-calico-vxlan",
                    Severity.Blocker,
                    $"{configMap.Source}: {configMap} {Key}",
                    "tunnelType is vxlan and Calico has VXLAN pools: both would open UDP 4789 on every Node",
                    "Use Antrea's default, geneve");
            }
        }
    }

    /// <summary>The value of a top-level key; null when it is absent or commented out.</summary>
    public static string? Value(string text, string key) => text.Split('\n')
        .Where(l => l.StartsWith(key + ":", StringComparison.Ordinal))
        .Select(l => l[(key.Length + 1)..].Split('#')[0].Trim().Trim('"'))
        .LastOrDefault();
}
