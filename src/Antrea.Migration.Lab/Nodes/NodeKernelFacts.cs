using System.Collections.Immutable;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What a hollow Node's kernel says of itself where the fabric computes nothing from it: a KinD Node's answers, unless told otherwise.</summary>
internal sealed record NodeKernelFacts
{
    private const int Ipip = 20;
    private const int Vxlan = 50;

    /// <summary>Modules that the kernel does not have.</summary>
    public ImmutableHashSet<string> MissingModules { get; init; } = [];

    /// <summary>What listens on the Node beside Antrea.</summary>
    public ImmutableArray<(string Protocol, int Port)> Listening { get; init; } = [];

    /// <summary><c>net.ipv4.conf.all.rp_filter</c>.</summary>
    public int ReversePathFilter { get; init; }

    /// <summary>The MTU of <c>eth0</c>.</summary>
    public int Mtu { get; init; } = 1500;

    /// <summary>The MTU of a device.</summary>
    public int MtuOf(HostDeviceKind kind) => kind switch
    {
        HostDeviceKind.IpipTunnel => Mtu - Ipip,
        HostDeviceKind.VxlanTunnel or HostDeviceKind.AntreaGateway => Mtu - Vxlan,
        _ => Mtu,
    };
}
