using System.Collections.Immutable;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Kind;

/// <summary>What a KinD cluster looks like. The defaults are the seed's: one control plane, 20 workers, Pods in
/// 10.10.0.0/16.</summary>
public sealed record KindClusterOptions
{
    /// <summary>Room for <c>-control-plane</c> in a host name of 63 characters.</summary>
    private const int LongestName = 63 - 14;

    /// <summary>The cluster's name, from which kind makes the Nodes' (<c>test-worker2</c>): lower-case letters, digits, <c>-</c>
    /// and <c>.</c>, starting with a letter or digit, at most 49. Default <c>test</c>.</summary>
    public string Name { get; init; } = "test";

    /// <summary>How many workers, beside one control plane. Default 20; 0–250.</summary>
    public int Workers { get; init; } = 20;

    /// <summary>Where Nodes get their PodCIDRs from, a /24 each (a /64 in IPv6). Default 10.10.0.0/16.</summary>
    public Cidr PodSubnet { get; init; } = Cidr.Parse("10.10.0.0/16");

    /// <summary>Where Services get their addresses from. Default 10.96.0.0/16; same family as the Pods', and apart
    /// from them.</summary>
    public Cidr ServiceSubnet { get; init; } = Cidr.Parse("10.96.0.0/16");

    /// <summary>The image of all Nodes; <see langword="null"/> for the one kind was built with (it is then pulled).</summary>
    public string? NodeImage { get; init; }

    /// <summary>How kube-proxy works. Default <see cref="KubeProxyMode.IpTables"/>.</summary>
    public KubeProxyMode KubeProxyMode { get; init; }

    /// <summary>Whether Nodes get PodCIDRs by themselves, from <see cref="PodSubnet"/>. Default yes; else whoever makes the cluster sets <c>spec.podCIDR</c> of each.</summary>
    public bool AllocatePodCidrs { get; init; } = true;

    /// <summary>Changes to what kind asks kubeadm for, each a YAML document that says its <c>kind</c>, for example <c>ClusterConfiguration</c>. Default
    /// none. Source: kind's documentation, "Kubeadm Config Patches".</summary>
    public ImmutableArray<string> KubeadmPatches { get; init; } = [];

    /// <summary>Whether the cluster and its kubeconfig stay when the <see cref="KindCluster"/> is disposed. Default no.</summary>
    public bool KeepCluster { get; init; }

    /// <summary>Everything that is wrong with these options, one sentence each; empty when they can be used.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (!KindNames.IsName(Name) || Name.Length > LongestName)
        {
            faults.Add($"{nameof(Name)} is '{Name}', but must be lower-case letters, digits, '-' and '.', "
                + $"start with a letter or digit, and have at most {LongestName} characters.");
        }

        if (Workers is < 0 or > 250)
        {
            faults.Add($"{nameof(Workers)} is {Workers}, but must be between 0 and 250.");
        }

        CheckSubnets(faults);
        if (NodeImage is not null && (NodeImage.Length == 0 || NodeImage[0] == '-' || NodeImage.Any(char.IsWhiteSpace)))
        {
            faults.Add($"{nameof(NodeImage)} is '{NodeImage}', but must be an image name, or null for kind's own.");
        }

        if (KubeadmPatches.IsDefault || KubeadmPatches.Any(string.IsNullOrWhiteSpace))
        {
            faults.Add($"{nameof(KubeadmPatches)} has an empty one.");
        }

        if (!Enum.IsDefined(KubeProxyMode))
        {
            faults.Add($"{nameof(KubeProxyMode)} is {(int)KubeProxyMode}, which is none of its values.");
        }

        return faults;
    }

    private void CheckSubnets(List<string> faults)
    {
        if (PodSubnet.IsIPv6 != ServiceSubnet.IsIPv6)
        {
            faults.Add($"{nameof(PodSubnet)} {PodSubnet} and {nameof(ServiceSubnet)} {ServiceSubnet} are not of one family.");
        }
        else if (PodSubnet.Overlaps(ServiceSubnet))
        {
            faults.Add($"{nameof(PodSubnet)} {PodSubnet} and {nameof(ServiceSubnet)} {ServiceSubnet} overlap.");
        }

        // kube-controller-manager's default masks (--node-cidr-mask-size-ipv4, -ipv6), which kind leaves as they are.
        var nodeMask = PodSubnet.IsIPv6 ? 64 : 24;
        var room = nodeMask < PodSubnet.PrefixLength ? 0 : UInt128.One << (nodeMask - PodSubnet.PrefixLength);
        if (AllocatePodCidrs && Workers is >= 0 and <= 250 && room < (UInt128)(Workers + 1))
        {
            faults.Add($"{nameof(PodSubnet)} {PodSubnet} has room for {room} Nodes with a /{nodeMask} each, "
                + $"but there are {Workers + 1}, the control plane included.");
        }
    }
}
