using System.Globalization;
using System.Text;

namespace Antrea.Migration.Kind;

/// <summary>The configuration file that kind reads.</summary>
public static class KindConfig
{
    private const string NoAllocation = """
        kind: ClusterConfiguration
        controllerManager:
          extraArgs:
            allocate-node-cidrs: "false"
        """;

    /// <summary>The YAML for <paramref name="options"/>: no default CNI, one control plane, then the workers.</summary>
    /// <exception cref="ArgumentException">The options cannot be used; the message names every fault.</exception>
    /// <remarks>Source: kind's documentation, "Configuration", API version <c>kind.x-k8s.io/v1alpha4</c>. The image is not
    /// in it: <c>kind create cluster --image</c> sets that of every Node.</remarks>
    public static string Render(KindClusterOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        ThrowIfInvalid(options);
        var yaml = new StringBuilder();
        yaml.Append(CultureInfo.InvariantCulture, $"""
            kind: Cluster
            apiVersion: kind.x-k8s.io/v1alpha4
            name: {options.Name}
            networking:
              disableDefaultCNI: true
              ipFamily: {(options.PodSubnet.IsIPv6 ? "ipv6" : "ipv4")}
              kubeProxyMode: {ToYaml(options.KubeProxyMode)}
              podSubnet: "{options.PodSubnet}"
              serviceSubnet: "{options.ServiceSubnet}"

            """);
        string[] patches = options.AllocatePodCidrs ? [.. options.KubeadmPatches] : [NoAllocation, .. options.KubeadmPatches];
        if (patches.Length > 0)
        {
            yaml.Append("kubeadmConfigPatches:\n");
            foreach (var patch in patches)
            {
                yaml.Append("  - |2\n");
                foreach (var line in patch.TrimEnd().Split('\n'))
                {
                    yaml.Append("    ").Append(line.TrimEnd('\r')).Append('\n');
                }
            }
        }

        yaml.Append("nodes:\n  - role: control-plane\n");
        for (var i = 0; i < options.Workers; i++)
        {
            yaml.Append("  - role: worker\n");
        }

        return yaml.ToString();
    }

    internal static void ThrowIfInvalid(KindClusterOptions options)
    {
        var faults = options.Validate();
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(" ", faults), nameof(options));
        }
    }

    private static string ToYaml(KubeProxyMode mode) => mode switch
    {
        KubeProxyMode.IpTables => "iptables",
        KubeProxyMode.Ipvs => "ipvs",
        KubeProxyMode.NfTables => "nftables",
        _ => "none",
    };
}
