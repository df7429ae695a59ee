using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What the Node's running antrea-agent offers its CNI plugin.</summary>
/// <param name="Bridge">The Node's <c>br-int</c>.</param>
/// <param name="HonoursIpamRoutes">Whether a configuration's <c>ipam.routes</c> count (v2.4 and newer).</param>
internal sealed record AntreaAgentState(OvsBridge Bridge, bool HonoursIpamRoutes);

/// <summary>One hollow Node: files, a kernel in the simulated fabric, and the container runtime's CNI.</summary>
internal sealed class LabNode
{
    private volatile AntreaAgentState? _antreaAgent;
    private volatile TaskCompletionSource? _back;

    /// <summary>A Node as KinD makes one: base CNI plugins installed, no CNI configuration.</summary>
    /// <param name="name">The Node's name.</param>
    /// <param name="addresses">Its InternalIPs, one of a family.</param>
    /// <param name="gateways">The physical network's gateways.</param>
    /// <param name="podCidrs">The <c>spec.podCIDRs</c> it registers with; empty when it has none, or a controller gives it some.</param>
    /// <param name="plugins">The CNI plugins of the lab.</param>
    public LabNode(string name, ImmutableArray<LinkAddress> addresses, ImmutableArray<IPAddress> gateways, ImmutableArray<Cidr> podCidrs, CniPlugins plugins)
    {
        Name = name;
        PodCidrs = podCidrs;
        Host = new HostNetns(name, addresses, gateways);
        Host.Update(state => state with { KubeProxy = null });
        foreach (var binary in (string[])["host-local", "loopback", "portmap", "ptp"])
        {
            Files.Write($"{CniPlugins.BinDirectory}/{binary}", "");
        }

        Cni = new CniRuntime(this, plugins);
    }

    public string Name { get; }

    public IPAddress Address => Host.Address;

    public ImmutableArray<IPAddress> Addresses => Host.Addresses;

    public ImmutableArray<Cidr> PodCidrs { get; }

    public LabFileSystem Files { get; } = new();

    public HostNetns Host { get; }

    public CniRuntime Cni { get; }

    /// <summary>Its kubelet's Pods, by uid.</summary>
    public ConcurrentDictionary<string, PodWorker> Pods { get; } = new(StringComparer.Ordinal);

    /// <summary>What its kernel says when asked.</summary>
    public NodeKernelFacts Kernel { get; set; } = new();

    /// <summary>Whether the Node is lost: its kubelet neither reports nor starts nor ends a Pod, nobody reaches it, and it has what it had.</summary>
    public bool IsLost
    {
        get => _back is not null;
        set
        {
            var back = _back;
            _back = value ? back ?? new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously) : null;
            Losses += value && back is null ? 1 : 0;
            if (!value)
            {
                back?.SetResult();
            }
        }
    }

    /// <summary>How often it was lost: a Pod's worker that looks seldom may miss one.</summary>
    public int Losses { get; private set; }

    /// <summary>Returns when the Node is not lost.</summary>
    public Task BackAsync(CancellationToken cancellationToken) => _back?.Task.WaitAsync(cancellationToken) ?? Task.CompletedTask;

    /// <summary>Set while antrea-agent runs and serves CNI requests.</summary>
    public AntreaAgentState? AntreaAgent
    {
        get => _antreaAgent;
        set => _antreaAgent = value;
    }
}
