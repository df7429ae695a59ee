using System.Globalization;

namespace Antrea.Migration.Clusters;

/// <summary>What Antrea's ConfigMap asks of its agents, with Antrea's defaults for what is commented out.</summary>
/// <remarks>Source: Antrea v2.7 ConfigMap <c>antrea-config</c>, key <c>antrea-agent.conf</c>, and <c>pkg/agent/config/node_config.go</c> for the
/// bytes that encapsulation takes.</remarks>
internal sealed record AntreaAgentSettings
{
    /// <summary>The key of the ConfigMap that has them.</summary>
    public const string Key = "antrea-agent.conf";

    /// <summary><c>trafficEncapMode</c>, in lower case: <c>encap</c>, <c>noencap</c>, <c>hybrid</c>, or what else is written there.</summary>
    public string EncapMode { get; init; } = "encap";

    /// <summary><c>noSNAT</c>: Antrea Pods keep their address when they leave Antrea.</summary>
    public bool NoSnat { get; init; }

    public string TunnelType { get; init; } = "geneve";

    public int TunnelPort { get; init; }

    public int ApiPort { get; init; } = 10350;

    public int ClusterPort { get; init; } = 10351;

    /// <summary>The MTU of Pods; 0: that of the Node's link less the encapsulation.</summary>
    public int DefaultMtu { get; init; }

    public string EncryptionMode { get; init; } = "none";

    /// <summary>Whether agents make a tunnel at all.</summary>
    public bool HasTunnel => EncapMode != "noencap";

    /// <summary>Whether a Node's own routes lead to the PodCIDRs of other Nodes, of some at least.</summary>
    public bool RoutesDirectly => EncapMode is "noencap" or "hybrid";

    /// <summary>The UDP port that tunnels use; null where they use none.</summary>
    public int? UdpPort => !HasTunnel ? null : TunnelType switch
    {
        "geneve" => TunnelPort > 0 ? TunnelPort : 6081,
        "vxlan" => TunnelPort > 0 ? TunnelPort : 4789,
        _ => null,
    };

    /// <summary>The kernel module that its tunnels need beside openvswitch.</summary>
    public string TunnelModule => !HasTunnel ? "openvswitch" : TunnelType switch
    {
        "gre" => "ip_gre",
        "stt" => "openvswitch",
        var type => type,
    };

    /// <summary>How many bytes of a packet between Nodes are not the Pod's.</summary>
    /// <param name="isIPv6">Whether the Nodes talk IPv6.</param>
    public int Overhead(bool isIPv6) =>
        (!HasTunnel ? 0 : (TunnelType == "gre" ? 38 : 50) + (isIPv6 ? 20 : 0))
        + (EncryptionMode.ToLowerInvariant() switch { "wireguard" => 80, "ipsec" => 38, _ => 0 });

    /// <summary>The ConfigMaps of a manifest, or of a cluster, that have them.</summary>
    public static IEnumerable<ClusterObject> ConfigMapsOf(IEnumerable<ClusterObject> objects) =>
        objects.Where(o => o.Kind == "ConfigMap" && o.Name.StartsWith("antrea-config", StringComparison.Ordinal));

    /// <summary>Reads the ConfigMap of a manifest or a cluster; null where there is none.</summary>
    public static AntreaAgentSettings? Find(IEnumerable<ClusterObject> objects) =>
        ConfigMapsOf(objects).FirstOrDefault() is { } configMap ? Parse(configMap.Json["data"]?[Key]?.ToString() ?? "") : null;

    /// <summary>The same; the defaults where there is none.</summary>
    public static AntreaAgentSettings Of(IEnumerable<ClusterObject> objects) => Find(objects) ?? new AntreaAgentSettings();

    /// <summary>Reads the text of <see cref="Key"/>.</summary>
    public static AntreaAgentSettings Parse(string text)
    {
        var defaults = new AntreaAgentSettings();
        return new AntreaAgentSettings
        {
            EncapMode = Text("trafficEncapMode", defaults.EncapMode).ToLowerInvariant(),
            NoSnat = Text("noSNAT", "false").ToLowerInvariant() == "true",
            TunnelType = Text("tunnelType", defaults.TunnelType).ToLowerInvariant(),
            EncryptionMode = Text("trafficEncryptionMode", defaults.EncryptionMode),
            TunnelPort = Number("tunnelPort", defaults.TunnelPort),
            ApiPort = Number("apiPort", defaults.ApiPort),
            ClusterPort = Number("clusterPort", defaults.ClusterPort),
            DefaultMtu = Number("defaultMTU", defaults.DefaultMtu),
        };

        string Text(string key, string fallback) => Value(text, key) is { Length: > 0 } value ? value : fallback;

        int Number(string key, int fallback) => int.TryParse(Text(key, ""), CultureInfo.InvariantCulture, out var number) ? number : fallback;
    }

    /// <summary>The value of a top-level key; null when it is absent or commented out.</summary>
    private static string? Value(string text, string key) => text.Split('\n')
        .Where(l => l.StartsWith(key + ":", StringComparison.Ordinal))
        .Select(l => l[(key.Length + 1)..].Split('#')[0].Trim().Trim('"', '\''))
        .LastOrDefault();
}
