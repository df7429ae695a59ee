using System.Globalization;
using System.Net.Sockets;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>What the Nodes' kernels must be like for Antrea to start beside Calico: modules, ports, MTU, reverse-path filters.</summary>
/// <remarks>Sources: Antrea <c>docs/getting-started.md</c> (modules), <c>docs/network-requirements.md</c> (ports),
/// <c>pkg/agent/config/node_config.go</c> (MTU).</remarks>
internal static class KernelRules
{
    private static readonly string[] CalicoTunnels = ["tunl0", "vxlan.calico"];

    /// <summary>The modules to ask Nodes for.</summary>
    public static IEnumerable<string> Modules(AntreaAgentSettings settings) => new[] { "openvswitch", settings.TunnelModule }.Distinct();

    /// <summary>Everything found on all Nodes, each Node by its own name.</summary>
    /// <param name="nodes">The Nodes, with what their kernels said.</param>
    /// <param name="settings">What Antrea will ask of them.</param>
    public static IEnumerable<Finding> Check(IReadOnlyCollection<(NodeInfo Node, NodeKernel Kernel)> nodes, AntreaAgentSettings settings) =>
        nodes.SelectMany(n => OfRuntime(n.Node, n.Kernel).Concat(OfNode(n.Node, n.Kernel, settings))).Concat(OfAll(nodes, settings));

    /// <summary>The migration, Calico and Antrea all put their files where containerd looks by default, and the first file alone is to count. Source: containerd
    /// <c>internal/cri/config/config_unix.go</c>.</summary>
    private static IEnumerable<Finding> OfRuntime(NodeInfo node, NodeKernel kernel)
    {
        // k3s and RKE2 bring a containerd of their own, with its own configuration; another one beside kubelet's runtime is not asked by it.
        if (!node.ContainerRuntime.StartsWith("containerd://", StringComparison.Ordinal) || node.ContainerRuntime.Contains("-k3s", StringComparison.Ordinal))
        {
            yield break;
        }

        if (kernel.Containerd.TryGetValue("max_conf_num", out var most) && most != "1")
        {
            yield return new Finding(
                "cni-files-several",
                Severity.Blocker,
                $"Node/{node.Name}",
                $"containerd's max_conf_num is {most}: each Pod gets the networks of {(most == "0" ? "all" : $"the first {most}")} CNI files, so Calico's and Antrea's at once.",
                "Set it to 1 in /etc/containerd/config.toml and restart containerd there.");
        }

        foreach (var (setting, expected) in ((string, string)[])[("conf_dir", NodeCommands.CniConfigDirectory), ("bin_dir", "/opt/cni/bin"), ("bin_dirs", "/opt/cni/bin")])
        {
            if (kernel.Containerd.TryGetValue(setting, out var value) && !value.Split(' ').Select(d => d.TrimEnd('/')).Contains(expected))
            {
                yield return new Finding(
                    "cni-directory-differs",
                    Severity.Blocker,
                    $"Node/{node.Name}",
                    $"containerd's {setting} is {value}; the manifests of Antrea and Multus, and the migration, put their files into {expected}.",
                    $"Set it to {expected} in /etc/containerd/config.toml, move the files there and restart containerd, or mount one over the other.");
            }
        }
    }

    private static IEnumerable<Finding> OfNode(NodeInfo node, NodeKernel kernel, AntreaAgentSettings settings)
    {
        var subject = $"Node/{node.Name}";
        foreach (var module in Modules(settings))
        {
            switch (kernel.Modules.GetValueOrDefault(module))
            {
                case ModuleState.Missing:
                    yield return new Finding(
                        "node-module-missing",
                        Severity.Blocker,
                        subject,
                        $"The kernel has no module {module}: antrea-agent cannot start there.",
                        module == "openvswitch"
                            ? "Install the kernel's extra modules (on Ubuntu linux-modules-extra) or another kernel."
                            : $"Install the kernel's extra modules, or choose a tunnelType other than {settings.TunnelType} in Antrea's manifest.");
                    break;
                case ModuleState.Unknown:
                    yield return new Finding(
                        "node-modules-unknown",
                        Severity.Warning,
                        subject,
                        $"Nobody can tell whether the kernel has the module {module}: /lib/modules has no list for it.",
                        $"Try 'modprobe {module}' on the Node.");
                    break;
            }
        }

        foreach (var (protocol, port, what) in Ports(settings).Where(p => kernel.Listening.Contains((p.Protocol, p.Port))))
        {
            yield return new Finding(
                "node-port-taken",
                Severity.Blocker,
                subject,
                string.Create(CultureInfo.InvariantCulture, $"Something listens on {protocol.ToUpperInvariant()} {port} already, where Antrea has its {what}."),
                $"See who it is with 'ss -lnp{protocol[0]} sport = :{port}' on the Node; move it, or give Antrea another port in its manifest.");
        }

        if (Underlay(node, kernel) is not { } underlay)
        {
            yield return new Finding(
                "node-mtu-unknown",
                Severity.Warning,
                subject,
                "No device has the Node's InternalIP, so the MTU of its link is not known.",
                "See that Antrea's MTU plus its encapsulation fits the link.");
            yield break;
        }

        var overhead = settings.Overhead(underlay.IsIPv6);
        var mtu = settings.DefaultMtu > 0 ? settings.DefaultMtu : underlay.Mtu - overhead;
        if (mtu + overhead > underlay.Mtu)
        {
            yield return new Finding(
                "node-mtu-too-small",
                Severity.Blocker,
                subject,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"defaultMTU {mtu} and {overhead} bytes of {settings.TunnelType} make {mtu + overhead}; {underlay.Device} takes {underlay.Mtu}: full packets between Nodes are lost."),
                string.Create(CultureInfo.InvariantCulture, $"Set defaultMTU to {underlay.Mtu - overhead} at most, or 0, which computes it."));
        }
        else if (PodsNow(kernel, underlay.Mtu) is var now && mtu < now)
        {
            yield return new Finding(
                "pod-mtu-shrinks",
                Severity.Info,
                subject,
                string.Create(CultureInfo.InvariantCulture, $"Pods have an MTU of {now} now and of {mtu} ({underlay.Mtu} - {overhead} for {settings.TunnelType}) with Antrea."),
                "Nothing for TCP, which agrees on a size when it connects; datagrams larger than that need ICMP 'fragmentation needed' to pass, as between any two MTUs.");
        }

        if (kernel.ReversePathFilters.GetValueOrDefault("all") == 1 || kernel.ReversePathFilters.GetValueOrDefault("default") == 1)
        {
            yield return new Finding(
                "node-rp-filter-strict",
                Severity.Info,
                subject,
                "rp_filter is 1 (strict): a device takes only what it would answer by.",
                "Nothing: over every bridge both directions of a connection take the same devices, with Antrea's tunnel and without.");
        }
    }

    /// <summary>A packet that fills one Node's link does not fit a smaller one's.</summary>
    private static IEnumerable<Finding> OfAll(IReadOnlyCollection<(NodeInfo Node, NodeKernel Kernel)> nodes, AntreaAgentSettings settings)
    {
        var mtus = nodes.Select(n => (n.Node, Underlay: Underlay(n.Node, n.Kernel))).Where(n => n.Underlay is not null)
            .GroupBy(n => n.Underlay!.Value.Mtu).OrderBy(g => g.Key).ToList();
        if (mtus.Count > 1 && settings.DefaultMtu == 0)
        {
            yield return new Finding(
                "node-mtu-differs",
                Severity.Warning,
                "Cluster",
                $"The Nodes' links differ in MTU: {string.Join(", ", mtus.Select(g => string.Create(CultureInfo.InvariantCulture, $"{g.Key} on {g.Count()} Nodes ({g.First().Node.Name})")))}.",
                string.Create(CultureInfo.InvariantCulture, $"Set defaultMTU in Antrea's manifest to what fits all of them: {mtus[0].Key - settings.Overhead(mtus[0].First().Underlay!.Value.IsIPv6)}."));
        }
    }

    private static IEnumerable<(string Protocol, int Port, string What)> Ports(AntreaAgentSettings settings)
    {
        if (settings.UdpPort is { } tunnel)
        {
            yield return ("udp", tunnel, "tunnel");
        }

        yield return ("tcp", settings.ApiPort, "agent's API");
        yield return ("tcp", settings.ClusterPort, "agents' cluster membership");
        yield return ("udp", settings.ClusterPort, "agents' cluster membership");
    }

    private static (string Device, int Mtu, bool IsIPv6)? Underlay(NodeInfo node, NodeKernel kernel)
    {
        foreach (var address in node.InternalIPs)
        {
            if (kernel.Devices.TryGetValue(address, out var device) && kernel.Mtus.TryGetValue(device, out var mtu))
            {
                return (device, mtu, address.AddressFamily == AddressFamily.InterNetworkV6);
            }
        }

        return null;
    }

    private static int PodsNow(NodeKernel kernel, int underlay) =>
        CalicoTunnels.Where(kernel.Mtus.ContainsKey).Select(t => kernel.Mtus[t]).DefaultIfEmpty(underlay).Min();
}
