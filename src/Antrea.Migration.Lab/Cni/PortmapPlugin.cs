using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.Lab.Cni;

/// <summary>The plugin portmap: the hostPorts of a Pod's containers as rules on its Node, behind those that are there.</summary>
/// <remarks>DEL finds its rules by the network's name and the sandbox: by another network's configuration it finds none and succeeds. The port mappings, which a
/// runtime passes on, are read from the Pod. Source: containernetworking/plugins v1.9 <c>plugins/meta/portmap</c>.</remarks>
internal sealed class PortmapPlugin(ObjectStore store) : ICniPlugin
{
    public ImmutableArray<CniAddress> Add(CniInvocation invocation, JsonObject config)
    {
        var pod = invocation.Netns;
        if (!config.Flag("capabilities", "portMappings") || store.Peek(ResourceType.Pod, pod.PodNamespace, pod.PodName) is not { } json)
        {
            return [];
        }

        var addresses = (pod.State.Interface(invocation.IfName)?.Addresses ?? []).Select(a => a.Address).ToList();
        if (Rules(invocation, config, json, addresses).ToList() is { Count: > 0 } rules)
        {
            invocation.Node.Host.Update(state => state with { HostPorts = [.. state.HostPorts.Except(rules), .. rules] });
        }

        return [];
    }

    public void Delete(CniInvocation invocation, JsonObject config)
    {
        if (invocation.Node.Host.State.HostPorts.Any(IsOwn))
        {
            invocation.Node.Host.Update(state => state with { HostPorts = state.HostPorts.RemoveAll(rule => IsOwn(rule)) });
        }

        bool IsOwn(HostPortRule rule) => rule.Network == config.Text("name") && rule.ContainerId == invocation.ContainerId;
    }

    private static IEnumerable<HostPortRule> Rules(CniInvocation invocation, JsonObject config, JsonObject pod, List<IPAddress> addresses)
    {
        // One address of a family, as the plugin takes them.
        foreach (var address in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 }.Select(f => addresses.Find(a => a.AddressFamily == f)).OfType<IPAddress>())
        {
            foreach (var port in pod.Items("spec", "containers").SelectMany(c => c.Items("ports")).Where(p => p.Number("hostPort") > 0))
            {
                var hostIP = IPAddress.TryParse(port.Text("hostIP"), out var parsed) ? parsed : null;
                if (hostIP is not null && hostIP.AddressFamily != address.AddressFamily)
                {
                    continue;
                }

                yield return new HostPortRule(
                    config.Text("name") ?? "",
                    invocation.ContainerId,
                    port.Text("protocol") == "UDP" ? TransportProtocol.Udp : TransportProtocol.Tcp,
                    hostIP is null || hostIP.Equals(IPAddress.Any) || hostIP.Equals(IPAddress.IPv6Any) ? null : hostIP,
                    (int)port.Number("hostPort")!,
                    new IPEndPoint(address, (int)port.Number("containerPort")!));
            }
        }
    }
}
