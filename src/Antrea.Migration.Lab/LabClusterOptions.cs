using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Lab;

/// <summary>What a lab cluster looks like. The defaults are the seed's shape under a name whose blocks overlap nothing.</summary>
public sealed record LabClusterOptions
{
    /// <summary>The cluster's name; Nodes are NAME-control-plane, NAME-worker, NAME-worker2… See <see cref="LabScenario"/>.</summary>
    public string Name { get; init; } = LabScenario.Simple;

    /// <summary>Workers beside the one control plane Node: 1–2,000.</summary>
    public int Workers { get; init; } = 20;

    /// <summary>Where PodCIDRs come from: /24 of IPv4, or, in a cluster of IPv6 alone, /64. Must have one for every Node. <see cref="ServiceSubnet"/>
    /// and <see cref="CalicoPool"/> are of the same family.</summary>
    public Cidr PodSubnet { get; init; } = Cidr.Parse("10.10.0.0/16");

    /// <summary>Where IPv6 PodCIDRs (/64) beside IPv4's come from, which makes Nodes and Pods dual stack; null for IPv4 alone. Services that
    /// ask for both families have a second ClusterIP.</summary>
    public Cidr? PodSubnet6 { get; init; }

    /// <summary>Calico's default IPv6 pool, with blocks of 64 addresses; null for <see cref="PodSubnet6"/>.</summary>
    public Cidr? CalicoPool6 { get; init; }

    /// <summary>Where ClusterIPs come from: /28 or larger, of IPv6 /124 to /108.</summary>
    public Cidr ServiceSubnet { get; init; } = Cidr.Parse("10.96.0.0/16");

    /// <summary>Calico's default pool; null for the scenario's: the same as <see cref="PodSubnet"/>, as on KinD, unless the name says otherwise. Of IPv6 it
    /// is /64 to /116, and null is a range of its own.</summary>
    public Cidr? CalicoPool { get; init; }

    /// <summary>Prefix length of Calico's IPv4 blocks: 20–32. IPv6's are /122.</summary>
    public int BlockSize { get; init; } = 26;

    /// <summary>How Calico's default pool gets from Node to Node.</summary>
    public CalicoEncapsulation CalicoEncapsulation { get; init; }

    /// <summary>Antrea's <c>trafficEncapMode</c> in <see cref="LabCluster.AntreaManifest"/>. The lab's Nodes share one link, so
    /// <see cref="AntreaEncapMode.Hybrid"/> routes as <see cref="AntreaEncapMode.NoEncap"/> does, beside a tunnel that nothing uses.</summary>
    public AntreaEncapMode AntreaEncap { get; init; }

    /// <summary>Calico's release, for images and ClusterInformation.</summary>
    public string CalicoVersion { get; init; } = "v3.26.1";

    /// <summary>Whether the Tigera operator runs Calico, instead of a manifest having installed it.</summary>
    public bool CalicoByOperator { get; init; }

    /// <summary>A folder with etcd, kube-apiserver, kube-controller-manager and kube-scheduler to run the cluster on Kubernetes' own
    /// control plane: what <c>KUBEBUILDER_ASSETS</c> names for envtest. Null for the lab's own, in this process.</summary>
    /// <remarks>Nodes then get PodCIDRs in the order they join, whatever the name, and <see cref="KubernetesVersion"/> is the programs'.</remarks>
    public string? KubernetesBinaries { get; init; }

    /// <summary>Who decides what gets through.</summary>
    public LabFabricKind Fabric { get; init; }

    /// <summary>What the API server and the Nodes say they are.</summary>
    public string KubernetesVersion { get; init; } = "v1.27.3";

    /// <summary>Whether the seed's workloads run: nginx on every worker behind Service nginx-origin, and a client.</summary>
    public bool Workloads { get; init; } = true;

    /// <summary>Whether the seed's workloads have policies of Calico's: nginx takes TCP port 80 only (it listens on 9090 as well), the
    /// client takes nothing. Without <see cref="Workloads"/> there are none.</summary>
    public bool Policies { get; init; } = true;

    /// <summary>YAML documents of further objects, applied when Calico runs and before the workloads: policies, for example.</summary>
    public string ExtraObjects { get; init; } = "";

    /// <summary>The lab's clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The pool that counts.</summary>
    internal Cidr DefaultPool => CalicoPool ?? (PodSubnet.IsIPv6 ? Cidr.Parse("fd00:10:20::/64") : LabScenario.CalicoPool(Name, PodSubnet, Workers + 1));

    /// <summary>The IPv6 pool that counts; null without IPv6.</summary>
    internal Cidr? DefaultPool6 => PodSubnet6 is null ? null : CalicoPool6 ?? PodSubnet6;

    /// <summary>Where second ClusterIPs come from: as many as in <see cref="ServiceSubnet"/>.</summary>
    internal Cidr? ServiceSubnet6 => PodSubnet6 is null ? null : Cidr.Parse("fd00:10:96::/64").Subnet(96 + ServiceSubnet.PrefixLength, 0);

    /// <summary>Where ClusterIPs come from, all families, IPv4's first.</summary>
    internal string ServiceSubnets => ServiceSubnet6 is { } ipv6 ? $"{ServiceSubnet},{ipv6}" : ServiceSubnet.ToString();

    /// <summary>PodCIDRs' ranges of all families, IPv4's first.</summary>
    internal string PodSubnets => PodSubnet6 is { } ipv6 ? $"{PodSubnet},{ipv6}" : PodSubnet.ToString();

    /// <summary>What goes wrong with which API request; null for nothing.</summary>
    internal Func<LabApiRequest, LabApiFault?>? Faults { get; init; }

    /// <summary>CustomResourceDefinitions in place of the lab's own of the same name, which have no schema.</summary>
    internal ImmutableArray<ClusterObject> Definitions { get; init; } = [];

    /// <summary>How fast the kubelets are. A kernel takes longer to be told of a Service's new ends than a simulation, so Pods drain for longer there.</summary>
    internal KubeletOptions Kubelet
    {
        get => field ?? (Fabric == LabFabricKind.Kernel ? new KubeletOptions { Drain = TimeSpan.FromMilliseconds(750) } : new KubeletOptions());
        init;
    }

    /// <summary>Refuses what the lab cannot build.</summary>
    /// <exception cref="ArgumentException">One option is out of range; the message names it.</exception>
    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Name);
        ArgumentOutOfRangeException.ThrowIfLessThan(Workers, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Workers, 2000);
        ArgumentOutOfRangeException.ThrowIfLessThan(BlockSize, 20);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BlockSize, 32);
        if (KubernetesBinaries is not null && Faults is not null)
        {
            throw new ArgumentException("Faults happen on the lab's own control plane only.");
        }

        if (CalicoByOperator && CalicoEncapsulation != CalicoEncapsulation.Ipip)
        {
            throw new ArgumentException($"The lab's operator installs Calico with {CalicoEncapsulation.Ipip} only.");
        }

        if (Fabric == LabFabricKind.Kernel && Time != TimeProvider.System)
        {
            throw new ArgumentException("The kernel has no clock but the machine's.");
        }

        var pool = DefaultPool;
        if (PodSubnet.IsIPv6 != ServiceSubnet.IsIPv6 || PodSubnet.IsIPv6 != pool.IsIPv6 || (PodSubnet.IsIPv6 && PodSubnet6 is not null))
        {
            throw new ArgumentException($"{nameof(PodSubnet)}, {nameof(ServiceSubnet)} and {nameof(CalicoPool)} are of one family; {nameof(PodSubnet6)} adds IPv6 to IPv4.");
        }

        if (PodSubnet.IsIPv6)
        {
            ValidateIPv6(PodSubnet, nameof(PodSubnet), pool, nameof(CalicoPool));
            if (ServiceSubnet.PrefixLength is < 108 or > 124)
            {
                throw new ArgumentException($"{nameof(ServiceSubnet)} {ServiceSubnet} is no range from /108 to /124.");
            }

            return;
        }

        if (DefaultPool6 is { } pool6 && PodSubnet6 is { } subnet6)
        {
            ValidateIPv6(subnet6, nameof(PodSubnet6), pool6, nameof(CalicoPool6));
        }

        if (PodSubnet.PrefixLength > 24 || PodSubnet.AddressCount / 256 < (UInt128)(Workers + 1))
        {
            throw new ArgumentException($"{nameof(PodSubnet)} {PodSubnet} has no /24 for each of {Workers + 1} Nodes.");
        }

        if (ServiceSubnet.PrefixLength > 28)
        {
            throw new ArgumentException($"{nameof(ServiceSubnet)} {ServiceSubnet} is smaller than a /28.");
        }

        if (pool.PrefixLength > BlockSize)
        {
            throw new ArgumentException($"{nameof(CalicoPool)} {pool} is smaller than one block (/{BlockSize}).");
        }

        if (PodSubnet.Overlaps(ServiceSubnet) || pool.Overlaps(ServiceSubnet))
        {
            throw new ArgumentException($"{nameof(ServiceSubnet)} {ServiceSubnet} overlaps Pod addresses.");
        }
    }

    private void ValidateIPv6(Cidr subnet, string subnetName, Cidr pool, string poolName)
    {
        if (!subnet.IsIPv6 || subnet.PrefixLength > 64 || subnet.PrefixLength <= 32 || 1L << (64 - subnet.PrefixLength) < Workers + 1)
        {
            throw new ArgumentException($"{subnetName} {subnet} has no IPv6 /64 for each of {Workers + 1} Nodes.");
        }

        if (!pool.IsIPv6 || pool.PrefixLength is > 116 or < 64)
        {
            throw new ArgumentException($"{poolName} {pool} is no IPv6 range from /64 to /116.");
        }

        if (KubernetesBinaries is not null || CalicoByOperator)
        {
            throw new ArgumentException("A lab with IPv6 has the lab's own control plane and a Calico of a manifest.");
        }
    }
}
