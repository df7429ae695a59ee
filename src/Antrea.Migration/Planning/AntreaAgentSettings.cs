using System.Globalization;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>What an Antrea manifest asks of its agents, with Antrea's defaults for what is commented out.</summary>
/// <remarks>Source: Antrea v2.7 ConfigMap <c>antrea-config</c>, key <c>antrea-agent.conf</c>, and <c>pkg/agent/config/node_config.go</c> for the
/// bytes that encapsulation takes.</remarks>
internal sealed record AntreaAgentSettings
{
    public string EncapMode { get; init; } = "encap";

    public string TunnelType { get; init; } = "geneve";

    public int TunnelPort { get; init; }

    public int ApiPort { get; init; } = 10350;

    public int ClusterPort { get; init; } = 10351;

    /// <summary>The MTU of Pods; 0: that of the Node's link less the encapsulation.</summary>
    public int DefaultMtu { get; init; }

    public string EncryptionMode { get; init; } = "none";

    /// <summary>The UDP port that tunnels use; null where they use none.</summary>
    public int? UdpPort => TunnelType switch
    {
        "geneve" => TunnelPort > 0 ? TunnelPort : 6081,
        "vxlan" => TunnelPort > 0 ? TunnelPort : 4789,
        _ => null,
    };

    /// <summary>The kernel module that its tunnels need beside openvswitch.</summary>
    public string TunnelModule => TunnelType switch
    {
        "gre" => "ip_gre",
        "stt" => "openvswitch",
        var type => type,
    };

    /// <summary>How many bytes of a packet between Nodes are not the Pod's.</summary>
    /// <param name="isIPv6">Whether the Nodes talk IPv6.</param>
    public int Overhead(bool isIPv6) =>
        (TunnelType == "gre" ? 38 : 50) + (isIPv6 ? 20 : 0)
        + (EncryptionMode.ToLowerInvariant() switch { "wireguard" => 80, "ipsec" => 38, _ => 0 });

    /// <summary>Reads the manifest's ConfigMap; the defaults where there is none.</summary>
    public static AntreaAgentSettings Of(IEnumerable<ClusterObject> manifest)
    {
        var text = manifest.FirstOrDefault(o => o.Kind == "ConfigMap" && o.Name.StartsWith("antrea-config", StringComparison.Ordinal))
            ?.Json["data"]?[AntreaConfigFindings.Key]?.ToString() ?? "";
        var defaults = new AntreaAgentSettings();
        return new AntreaAgentSettings
        {
            EncapMode = Text("trafficEncapMode", defaults.EncapMode).ToLowerInvariant(),
            TunnelType = Text("tunnelType", defaults.TunnelType).ToLowerInvariant(),
            EncryptionMode = Text("trafficEncryptionMode", defaults.EncryptionMode),
            TunnelPort = Number("tunnelPort", defaults.TunnelPort),
            ApiPort = Number("apiPort", defaults.ApiPort),
            ClusterPort = Number("clusterPort", defaults.ClusterPort),
            DefaultMtu = Number("defaultMTU", defaults.DefaultMtu),
        };

        string Text(string key, string fallback) => AntreaConfigFindings.Value(text, key) is { Length: > 0 } value ? value : fallback;

        int Number(string key, int fallback) => int.TryParse(Text(key, ""), CultureInfo.InvariantCulture, out var number) ? number : fallback;
    }
}
