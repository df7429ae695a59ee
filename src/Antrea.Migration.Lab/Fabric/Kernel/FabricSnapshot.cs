using System.Collections.Immutable;
using System.Net;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>A Node at one moment.</summary>
/// <param name="Host">Which one.</param>
/// <param name="State">Its kernel.</param>
/// <param name="Bridge">Its bridge; null while there is none, or no device that leads to it.</param>
internal sealed record NodeSnapshot(HostNetns Host, HostState State, BridgeSnapshot? Bridge)
{
    public IPAddress Address => Host.Address;

    /// <summary>What Calico enforces, by veth.</summary>
    public ImmutableSortedDictionary<string, InterfacePolicy> Policies { get; init; } = ImmutableSortedDictionary.Create<string, InterfacePolicy>(StringComparer.Ordinal);

    public static NodeSnapshot Take(HostNetns host)
    {
        var state = host.State;
        return new(host, state, state.Ovs is { } bridge && state.Device(HostDeviceKind.AntreaGateway) is not null ? BridgeSnapshot.Take(bridge) : null)
        {
            Policies = state.Veths.Values.Select(veth => (veth.Name, Policy: InterfacePolicy.Take(veth.Policy, veth.Pod, veth.PodInterface)))
                .Where(one => one.Policy is not null).ToImmutableSortedDictionary(one => one.Name, one => one.Policy!, StringComparer.Ordinal),
        };
    }
}

/// <summary>A bridge at one moment.</summary>
internal sealed record BridgeSnapshot(OvsBridge Bridge, OvsState State)
{
    /// <summary>What Antrea enforces, by port.</summary>
    public ImmutableSortedDictionary<string, InterfacePolicy> Policies { get; init; } = ImmutableSortedDictionary.Create<string, InterfacePolicy>(StringComparer.Ordinal);

    public static BridgeSnapshot Take(OvsBridge bridge)
    {
        var state = bridge.State;
        return new(bridge, state)
        {
            Policies = state.Ports.Values.Select(port => (port.Name, Policy: InterfacePolicy.Take(port.Policy, port.Pod, port.PodInterface)))
                .Where(one => one.Policy is not null).ToImmutableSortedDictionary(one => one.Name, one => one.Policy!, StringComparer.Ordinal),
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
