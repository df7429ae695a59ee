using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Cni;

/// <summary>Calico's CNI plugin: a /32 address, a gateway by proxy ARP, a <c>cali…</c> veth with its route on the Node.</summary>
/// <remarks>Source: Calico v3.26 <c>cni-plugin/pkg/dataplane/linux/dataplane_linux.go</c> and <c>pkg/k8s/k8s.go</c>.
/// Only <c>calico-ipam</c>; Pod annotations that ask for pools or addresses are refused by name.</remarks>
internal sealed class CalicoPlugin(ObjectStore store, CalicoIpamPlugin ipam) : ICniPlugin
{
    private static readonly IPAddress Gateway = IPAddress.Parse("169.254.1.1");

    /// <summary>The link-local address that the MAC address ee:ee:ee:ee:ee:ee gives every veth.</summary>
    private static readonly IPAddress Gateway6 = IPAddress.Parse("fe80::ecee:eeff:feee:eeee");
    private static readonly string[] RefusedAnnotations =
    [
        "cni.projectcalico.org/ipv4pools", "cni.projectcalico.org/ipAddrs", "cni.projectcalico.org/ipAddrsNoIpam",
    ];

    public ImmutableArray<CniAddress> Add(CniInvocation invocation, JsonObject config)
    {
        var pod = invocation.Netns;
        Check(invocation, config);
        if (pod.State.Routing.Routes.Any(r => r.Destination.PrefixLength == 0 && r.Table == RoutingState.MainTable))
        {
            throw new CniException("calico: failed to add route (Dst: 0.0.0.0/0): file exists");
        }

        var node = config.Text("nodename") ?? NodeNameOf(invocation);
        AddressFamily[] families =
        [
            .. config.Text("ipam", "assign_ipv4") != "false" ? [AddressFamily.InterNetwork] : (AddressFamily[])[],
            .. config.Text("ipam", "assign_ipv6") == "true" ? [AddressFamily.InterNetworkV6] : (AddressFamily[])[],
        ];
        ImmutableArray<IPAddress> addresses =
        [
            .. families.Select(family => ipam.Assign(
                node,
                Handle(invocation, config),
                new JsonObject
                {
                    ["namespace"] = pod.PodNamespace,
                    ["node"] = node,
                    ["pod"] = pod.PodName,
                    ["timestamp"] = store.Now,
                },
                "Workload",
                family)),
        ];
        var veth = VethName(pod.PodNamespace, pod.PodName);
        pod.AddInterface(new PodInterface(invocation.IfName, [.. addresses.Select(LinkAddress.Host)], AttachmentKind.CalicoVeth, invocation.Node.Host, veth));
        if (families.Contains(AddressFamily.InterNetwork))
        {
            pod.ReplaceRoute(new Route { Destination = Cidr.Host(Gateway), Device = invocation.IfName, Scope = "link" });
        }

        invocation.Node.Host.AddVeth(new WorkloadVeth(veth, pod, invocation.IfName));
        foreach (var address in addresses)
        {
            var isIPv6 = address.AddressFamily == AddressFamily.InterNetworkV6;
            pod.TryAddRoute(new Route { Destination = Cidr.Containing(address, 0), Gateway = isIPv6 ? Gateway6 : Gateway, Device = invocation.IfName });
            invocation.Node.Host.ReplaceRoute(new Route { Destination = Cidr.Host(address), Device = veth, Scope = isIPv6 ? null : "link" });
        }

        store.Mutate(ResourceType.Pod, pod.PodNamespace, pod.PodName, json =>
        {
            var annotations = json.Ensure("metadata").Ensure("annotations");
            annotations["cni.projectcalico.org/containerID"] = invocation.ContainerId;
            annotations["cni.projectcalico.org/podIP"] = $"{Cidr.Host(addresses[0])}";
            annotations["cni.projectcalico.org/podIPs"] = string.Join(',', addresses.Select(Cidr.Host));
            return true;
        });
        return [.. addresses.Select(address => new CniAddress(invocation.IfName, address))];
    }

    public void Delete(CniInvocation invocation, JsonObject config)
    {
        CheckKubeconfig(invocation, config);
        ipam.Release(Handle(invocation, config));
        ipam.Release($"{invocation.Netns.PodNamespace}.{invocation.Netns.PodName}");
        foreach (var port in invocation.Netns.State.Interfaces.Where(i => i.Attachment == AttachmentKind.CalicoVeth))
        {
            if (invocation.Node.Host.State.Veths.TryGetValue(port.HostSide, out var veth) && veth.Pod == invocation.Netns)
            {
                invocation.Node.Host.RemoveVeth(port.HostSide);
            }

            invocation.Netns.RemoveInterface(port.Name);
        }
    }

    /// <summary>The Node's end of a Pod's interface: from Namespace and name, so a Pod of the same name gets the same.</summary>
    public static string VethName(string podNamespace, string podName) =>
        "cali" + Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes($"{podNamespace}.{podName}")))[..11];

    private static string Handle(CniInvocation invocation, JsonObject config) =>
        $"{config.Text("name")}.{invocation.ContainerId}";

    private static string NodeNameOf(CniInvocation invocation) =>
        invocation.Node.Files.TryRead("/var/lib/calico/nodename", out var name) ? name.Trim() : invocation.Node.Name;

    private static void CheckKubeconfig(CniInvocation invocation, JsonObject config)
    {
        if (config.Text("kubernetes", "kubeconfig") is { } kubeconfig && !invocation.Node.Files.FileExists(kubeconfig))
        {
            throw new CniException($"calico: stat {kubeconfig}: no such file or directory");
        }
    }

    private void Check(CniInvocation invocation, JsonObject config)
    {
        CheckKubeconfig(invocation, config);
        if (config.Text("ipam", "type") is var type && type != "calico-ipam")
        {
            throw new CniException($"calico: the lab has ipam type calico-ipam only, not {type ?? "none"}");
        }

        var pod = store.Peek(ResourceType.Pod, invocation.Netns.PodNamespace, invocation.Netns.PodName)
            ?? throw new CniException($"calico: pods \"{invocation.Netns.PodName}\" not found");
        foreach (var refused in RefusedAnnotations)
        {
            if (pod.At("metadata", "annotations", refused) is not null)
            {
                throw new CniException($"calico: the lab does not support the Pod annotation {refused}");
            }
        }
    }
}
