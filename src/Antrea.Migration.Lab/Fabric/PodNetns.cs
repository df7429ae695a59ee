using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>A Pod's network namespace at one moment.</summary>
internal sealed record PodState : NamespaceState
{
    public ImmutableArray<PodInterface> Interfaces { get; init; } = [];

    public PodInterface? Interface(string? name) =>
        Interfaces.FirstOrDefault(candidate => string.Equals(candidate.Name, name, StringComparison.Ordinal));

    public override IEnumerable<LinkAddress> Addresses => Interfaces.SelectMany(candidate => candidate.Addresses);

    public bool Holds(IPAddress address) => Interfaces.Any(candidate => candidate.Holds(address));
}

/// <summary>The network namespace of one Pod sandbox: its interfaces, routes, rules and listening ports.</summary>
internal sealed class PodNetns : NetworkNamespace
{
    private readonly Lock _gate = new();
    private volatile PodState _state = new();

    /// <summary>An empty namespace, as before the first CNI ADD.</summary>
    public PodNetns(string podNamespace, string podName)
        : base($"{podNamespace}/{podName}")
    {
        PodNamespace = podNamespace;
        PodName = podName;
    }

    public string PodNamespace { get; }

    public string PodName { get; }

    public PodState State => _state;

    public override NamespaceState Snapshot => _state;

    /// <summary>What the Pod's kernel knows of its gateways' MAC addresses, and which default route it used last.</summary>
    public NeighbourTable Neighbours { get; } = new();

    public override bool Holds(IPAddress address) => _state.Holds(address);

    /// <summary>Adds an interface with its addresses and, as the kernel does, their connected routes.</summary>
    /// <remarks>The other end is added apart: <see cref="HostNetns.AddVeth"/> or <see cref="OvsBridge.AddPort"/>.</remarks>
    /// <exception cref="InvalidOperationException">The Pod has an interface of that name (EEXIST).</exception>
    public void AddInterface(PodInterface added) => Change(state =>
    {
        var pod = (PodState)state;
        if (pod.Interface(added.Name) is not null)
        {
            throw new InvalidOperationException($"{Name}: interface {added.Name} exists.");
        }

        var routing = LinkAddress.ConnectedBy(added.Addresses, added.Name).Aggregate(pod.Routing, (all, route) => all.Replace(route));
        return pod with { Interfaces = pod.Interfaces.Add(added), Routing = routing };
    });

    /// <summary>Removes an interface and every route by it; nothing happens when there is none.</summary>
    public void RemoveInterface(string name)
    {
        Change(state => ((PodState)state) with
        {
            Interfaces = ((PodState)state).Interfaces.RemoveAll(
                candidate => string.Equals(candidate.Name, name, StringComparison.Ordinal)),
            Routing = state.Routing.Remove(route => string.Equals(route.Device, name, StringComparison.Ordinal)),
        });
        Neighbours.Forget(name);
    }

    /// <summary>Sets the Pod's <c>rp_filter</c>: 0, 1 or 2.</summary>
    public void SetRpFilter(int value) => Change(state => state with { RpFilter = value });

    protected override void Swap(Func<NamespaceState, NamespaceState> change)
    {
        lock (_gate)
        {
            _state = (PodState)change(_state);
        }
    }
}
