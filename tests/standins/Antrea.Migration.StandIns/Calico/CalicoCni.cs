using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.StandIns.Kernel;
using Antrea.Migration.StandIns.Kube;

namespace Antrea.Migration.StandIns.Calico;

/// <summary>Calico's CNI plugin on a real Node: an address from the blocks in the API, a <c>cali…</c> veth and its route.</summary>
/// <remarks>What it lays is said at <see cref="CalicoPlugin"/>, the lab's; addresses are chosen by the lab's code.</remarks>
internal sealed class CalicoCni : ICniPlugin
{
    public JsonObject Add(CniCall call)
    {
        var node = call.Config.Text("nodename") ?? throw new StandInException("the configuration has no nodename");
        using var objects = Connect(call);
        var attributes = new JsonObject
        {
            ["namespace"] = call.PodNamespace,
            ["node"] = node,
            ["pod"] = call.PodName,
            ["timestamp"] = objects.Now,
        };
        var address = CalicoAddresses.Assign(objects, node, Handle(call), attributes, "Workload");
        var veth = CalicoPlugin.VethName(call.PodNamespace, call.PodName);
        try
        {
            Wire(call, veth, address);
        }
        catch (StandInException)
        {
            CalicoAddresses.Release(objects, Handle(call));
            throw;
        }

        var annotations = new JsonObject
        {
            ["cni.projectcalico.org/containerID"] = call.ContainerId,
            ["cni.projectcalico.org/podIP"] = $"{address}/32",
            ["cni.projectcalico.org/podIPs"] = $"{address}/32",
        };
        objects.PatchStatus(
            ResourceType.Pod, call.PodNamespace, call.PodName,
            new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } });
        return CniPlugin.Result(call, veth, $"{address}/32", null, []);
    }

    public void Delete(CniCall call)
    {
        using (var objects = Connect(call))
        {
            CalicoAddresses.Release(objects, Handle(call));
        }

        // By the Pod's end: the Node's may be of a successor of the same name already.
        Shell.Run($"[ ! -e '{call.Netns}' ] || [ -z '{call.Netns}' ] || ip -n '{call.NetnsName}' link del '{call.IfName}' 2>/dev/null || true");
    }

    private static string Handle(CniCall call) => $"{call.Config.Text("name")}.{call.ContainerId}";

    private static KubeObjects Connect(CniCall call) => new(KubeCredentials.FromKubeconfig(
        call.Config.Text("kubernetes", "kubeconfig") ?? throw new StandInException("the configuration names no kubeconfig")));

    private static void Wire(CniCall call, string veth, IPAddress address)
    {
        var mtu = call.Config.Number("mtu") ?? 1450;
        Shell.Run(
            $"""
            ip link del {veth} 2>/dev/null || true
            ip link add {veth} address ee:ee:ee:ee:ee:ee mtu {mtu} type veth peer name {call.IfName} mtu {mtu} netns {call.NetnsName}
            ip -n {call.NetnsName} -batch - <<END
            link set lo up
            link set {call.IfName} up
            addr add {address}/32 dev {call.IfName}
            route add 169.254.1.1 dev {call.IfName} scope link
            route add default via 169.254.1.1 dev {call.IfName}
            END
            echo 1 > /proc/sys/net/ipv4/conf/{veth}/proxy_arp
            echo 0 > /proc/sys/net/ipv4/neigh/{veth}/proxy_delay
            echo 1 > /proc/sys/net/ipv4/conf/{veth}/forwarding
            ip link set {veth} up
            ip route replace {address} dev {veth} scope link
            """);
    }
}
