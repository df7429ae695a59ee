using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Cni;

/// <summary>Antrea's CNI plugin: hands the request to the Node's agent, which makes an OVS port with an address of the PodCIDR.</summary>
/// <remarks>
/// <para>It knows no primary interface: unless the IPAM result has a default route, one by the gateway is put before what
/// the Pod has. From v2.4 on the configuration's <c>ipam.routes</c> are honoured, with table and priority; before, they are
/// not looked at.</para>
/// <para>Source: Antrea v1.14 and v2.7 <c>pkg/agent/cniserver/server.go</c>; containernetworking/plugins <c>pkg/ipam</c>.</para>
/// </remarks>
internal sealed class AntreaPlugin : ICniPlugin
{
    public ImmutableArray<CniAddress> Add(CniInvocation invocation, JsonObject config)
    {
        var agent = Agent(invocation);
        if (config.Text("ipam", "type") is var type && type != "host-local")
        {
            throw new CniException($"antrea: the lab has ipam type host-local only, not {type ?? "none"}");
        }

        var bridge = agent.Bridge;
        var routes = Routes(agent, config, invocation.IfName);
        var ipam = Ipam(invocation, config);
        ImmutableArray<LinkAddress> addresses =
        [
            .. bridge.PodCidrs.Zip(bridge.Gateways, (podCidr, gateway) =>
                new LinkAddress(ipam.Assign(podCidr, gateway.Address, invocation.ContainerId, invocation.IfName), podCidr.PrefixLength)),
        ];
        var pod = invocation.Netns;
        var port = PortName(invocation.ContainerId, invocation.IfName, invocation.Netns.PodName);
        pod.AddInterface(new PodInterface(invocation.IfName, addresses, AttachmentKind.OvsPort, invocation.Node.Host, port));
        foreach (var route in routes)
        {
            pod.PrependRoute(route);
        }

        foreach (var address in addresses)
        {
            bridge.AddPort(new OvsPort(port, address.Address, pod, invocation.IfName));
        }

        return [.. addresses.Select(address => new CniAddress(invocation.IfName, address.Address))];
    }

    public void Delete(CniInvocation invocation, JsonObject config)
    {
        // The interface is found by the sandbox alone, whatever its name; the address only by sandbox and name.
        Agent(invocation).Bridge.RemovePorts(invocation.Netns);
        foreach (var port in invocation.Netns.State.Interfaces.Where(i => i.Attachment == AttachmentKind.OvsPort))
        {
            invocation.Netns.RemoveInterface(port.Name);
        }

        Ipam(invocation, config).Release(invocation.ContainerId, invocation.IfName);
    }

    private static AntreaAgentState Agent(CniInvocation invocation) =>
        invocation.Node.AntreaAgent ?? throw new CniException(
            "antrea: rpc error: code = Unavailable desc = connection error: dial unix /var/run/antrea/cni.sock: connect: no such file or directory");

    private static HostLocalIpam Ipam(CniInvocation invocation, JsonObject config) =>
        new(invocation.Node.Files, config.Text("name") ?? "");

    /// <summary>The Node's end of a Pod's interface: eight letters of the Pod's name, and a hash of its sandbox and interface.</summary>
    public static string PortName(string containerId, string ifName, string podName)
    {
        var key = containerId + (ifName == "eth0" ? "" : ifName);
        var pod = podName.Replace("-", "", StringComparison.Ordinal);
        return $"{pod[..Math.Min(8, pod.Length)]}-{Convert.ToHexStringLower(SHA1.HashData(Encoding.UTF8.GetBytes(key)))[..6]}";
    }

    private static List<Route> Routes(AntreaAgentState agent, JsonObject config, string ifName)
    {
        var routes = new List<Route>();
        if (agent.HonoursIpamRoutes)
        {
            routes.AddRange(config.Items("ipam", "routes").Select(r => Read(r, agent.Bridge, ifName)));
        }

        routes.AddRange(agent.Bridge.Gateways
            .Select(gateway => new Route { Destination = Cidr.Containing(gateway.Address, 0), Gateway = gateway.Address, Device = ifName })
            .Where(everything => routes.TrueForAll(r => r.Destination != everything.Destination)));
        return routes;
    }

    private static Route Read(JsonObject route, OvsBridge bridge, string ifName)
    {
        if (!Cidr.TryParse(route.Text("dst"), out var destination, out var error))
        {
            throw new CniException($"antrea: invalid route in ipam: {error}");
        }

        var hop = LinkAddress.Of(bridge.Gateways, destination.FirstAddress.AddressFamily);
        if (route.Text("gw") is { Length: > 0 } given && !IPAddress.TryParse(given, out hop))
        {
            throw new CniException($"antrea: invalid gw {given} of route {destination} in ipam");
        }

        return new Route
        {
            Destination = destination,
            Gateway = hop,
            Device = ifName,
            Metric = (int)(route.Number("priority") ?? 0),
            Table = route.Number("table") is { } table and not (0 or 254)
                ? table.ToString(CultureInfo.InvariantCulture)
                : RoutingState.MainTable,
        };
    }
}
