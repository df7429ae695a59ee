using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>A Node at one moment.</summary>
/// <param name="Host">Which one.</param>
/// <param name="State">Its kernel.</param>
/// <param name="Bridge">Its bridge; null while there is none, or no device that leads to it.</param>
internal sealed record NodeSnapshot(HostNetns Host, HostState State, BridgeSnapshot? Bridge)
{
    public ImmutableArray<IPAddress> Addresses => Host.Addresses;

    public IPAddress? AddressOf(AddressFamily family) => Host.AddressOf(family);

    public bool HasIPv6 => AddressOf(AddressFamily.InterNetworkV6) is not null;

    /// <summary>What Calico enforces, by family and veth.</summary>
    public InterfacePolicies Policies { get; init; } = InterfacePolicies.None;

    public static NodeSnapshot Take(HostNetns host)
    {
        var state = host.State;
        return new(host, state, state.Ovs is { } bridge && state.Device(HostDeviceKind.AntreaGateway) is not null ? BridgeSnapshot.Take(bridge) : null)
        {
            Policies = InterfacePolicies.Take(state.Veths.Values.Select(veth => (veth.Name, veth.Policy, veth.Pod, veth.PodInterface))),
        };
    }
}

/// <summary>What policies say at the interfaces of one namespace, by device.</summary>
internal sealed record InterfacePolicies(ImmutableSortedDictionary<string, InterfacePolicy> IPv4, ImmutableSortedDictionary<string, InterfacePolicy> IPv6)
{
    public static readonly InterfacePolicies None = Take([]);

    public static InterfacePolicies Take(IEnumerable<(string Name, IPolicyEnforcer? Policy, PodNetns Pod, string PodInterface)> interfaces)
    {
        var all = interfaces.ToList();
        return new(Of(AddressFamily.InterNetwork), Of(AddressFamily.InterNetworkV6));

        ImmutableSortedDictionary<string, InterfacePolicy> Of(AddressFamily family) => all
            .Select(one => (one.Name, Policy: InterfacePolicy.Take(one.Policy, one.Pod, one.PodInterface, family)))
            .Where(one => one.Policy is not null).ToImmutableSortedDictionary(one => one.Name, one => one.Policy!, StringComparer.Ordinal);
    }

    public ImmutableSortedDictionary<string, InterfacePolicy> Of(bool isIPv6) => isIPv6 ? IPv6 : IPv4;
}

/// <summary>A bridge at one moment.</summary>
internal sealed record BridgeSnapshot(OvsBridge Bridge, OvsState State)
{
    /// <summary>What Antrea enforces, by family and port.</summary>
    public InterfacePolicies Policies { get; init; } = InterfacePolicies.None;

    public static BridgeSnapshot Take(OvsBridge bridge)
    {
        var state = bridge.State;
        return new(bridge, state)
        {
            Policies = InterfacePolicies.Take(state.Ports.Values.DistinctBy(port => port.Name).Select(port => (port.Name, port.Policy, port.Pod, port.PodInterface))),
        };
    }
}

/// <summary>A Pod at one moment.</summary>
/// <param name="Pod">Which one.</param>
/// <param name="State">Its kernel, without interfaces that have no other end.</param>
internal sealed record PodSnapshot(PodNetns Pod, PodState State);

/// <summary>The whole model, each namespace at one moment. Pods are looked at after what they are plugged into, so that each is found with its interfaces.</summary>
internal sealed class FabricSnapshot
{
    private FabricSnapshot(ImmutableArray<NodeSnapshot> nodes, ImmutableArray<PodSnapshot> pods, ImmutableArray<ServicePort> services)
    {
        Nodes = nodes;
        Pods = pods;
        Services = services;
    }

    public ImmutableArray<NodeSnapshot> Nodes { get; }

    public ImmutableArray<PodSnapshot> Pods { get; }

    public ImmutableArray<ServicePort> Services { get; }

    /// <summary>Whether any Node has an IPv6 address.</summary>
    public bool HasIPv6 => Nodes.Any(node => node.HasIPv6);

    /// <param name="fabric">The model.</param>
    /// <param name="about">Called for each Pod and bridge before it is looked at.</param>
    public static FabricSnapshot Take(SimulatedFabric fabric, Action<object> about)
    {
        var nodes = fabric.Nodes.Select(host =>
        {
            if (host.State.Ovs is { } bridge)
            {
                about(bridge);
            }

            about(host);
            return NodeSnapshot.Take(host);
        }).ToImmutableArray();
        var ends = nodes.SelectMany(node => node.State.Veths.Values.Select(veth => (veth.Pod, veth.PodInterface)))
            .Concat(nodes.SelectMany(node => node.Bridge is { } bridge ? bridge.State.Ports.Values.Select(port => (port.Pod, port.PodInterface)) : []))
            .ToLookup(end => end.Pod, end => end.PodInterface);
        return new FabricSnapshot(
            nodes,
            [
                .. ends.Select(end =>
                {
                    about(end.Key);
                    var state = end.Key.State;
                    return new PodSnapshot(end.Key, state with { Interfaces = state.Interfaces.RemoveAll(one => !end.Contains(one.Name)) });
                }),
            ],
            fabric.ServicePorts());
    }
}
