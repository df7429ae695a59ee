using System.Collections.Immutable;
using System.Net;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>The cluster's network: the Nodes on one flat L2, and what all proxies share.</summary>
/// <remarks>Safe for use by several threads; walks and changes may run at once.</remarks>
internal sealed class SimulatedFabric
{
    private readonly Lock _gate = new();
    private volatile NodeSet _nodes = NodeSet.Empty;
    private int _lastPort;

    /// <param name="time">The clock neighbour tables age by.</param>
    public SimulatedFabric(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        Time = time;
    }

    /// <summary>Raised when Nodes or Services have changed; each Node, bridge and Pod tells of its own changes.</summary>
    public event Action? Changed;

    public TimeProvider Time { get; }

    /// <summary>The Service table; no Services unless set.</summary>
    public ServiceLookup Services { get; set; } = static (_, _, _) => null;

    /// <summary>The rows that <see cref="Services"/> looks up in, for those who need them all; none unless set.</summary>
    public Func<ImmutableArray<ServicePort>> ServicePorts { get; set; } = static () => [];

    /// <summary>How a proxy picks an endpoint; in turn by the client's port unless set.</summary>
    public EndpointChoice ChooseEndpoint { get; set; } = static (endpoints, source) => source.Port % endpoints.Length;

    /// <summary>The Nodes, in the order they were registered.</summary>
    public ImmutableArray<HostNetns> Nodes => _nodes.InOrder;

    /// <summary>Plugs a Node in.</summary>
    /// <exception cref="InvalidOperationException">Another Node has its address or name.</exception>
    public void Register(HostNetns node)
    {
        ArgumentNullException.ThrowIfNull(node);
        lock (_gate)
        {
            _nodes = _nodes.Add(node);
        }

        Changed?.Invoke();
    }

    /// <summary>Unplugs a Node for good.</summary>
    public void Remove(HostNetns node)
    {
        ArgumentNullException.ThrowIfNull(node);
        lock (_gate)
        {
            _nodes = _nodes.Remove(node);
        }

        Changed?.Invoke();
    }

    /// <summary>Says that <see cref="ServicePorts"/> answers differently now.</summary>
    public void ServicesChanged() => Changed?.Invoke();

    /// <summary>Tells that what policies say has changed.</summary>
    public void PoliciesChanged() => Changed?.Invoke();

    /// <summary>Switches a Node off or on; its state stays.</summary>
    public static void SetDown(HostNetns node, bool down)
    {
        ArgumentNullException.ThrowIfNull(node);
        node.Update(state => state with { IsDown = down });
    }

    /// <summary>The Node with this address on the physical network; null when there is none.</summary>
    public HostNetns? NodeAt(IPAddress address) => _nodes.ByAddress.GetValueOrDefault(address);

    /// <summary>The Node or Pod of this name (<c>NAMESPACE/POD</c>, or a Node's name); null when none is plugged in.</summary>
    public NetworkNamespace? Find(string name) =>
        (NetworkNamespace?)Nodes.FirstOrDefault(node => string.Equals(node.Name, name, StringComparison.Ordinal))
        ?? Nodes.SelectMany(PodsOf).FirstOrDefault(pod => string.Equals(pod.Name, name, StringComparison.Ordinal));

    /// <summary>The Pods and Nodes that have this address; more than one where addresses clash.</summary>
    public ImmutableArray<NetworkNamespace> HoldersOf(IPAddress address) =>
    [
        .. Nodes.SelectMany(node => PodsOf(node).Cast<NetworkNamespace>().Append(node))
            .Distinct().Where(holder => holder.Holds(address)),
    ];

    /// <summary>Walks a connection from an unbound socket of <paramref name="source"/> and says what became of it.</summary>
    /// <param name="source">The Pod or Node that connects.</param>
    /// <param name="destination">The address asked for: a Pod's, a Service's or a Node's.</param>
    /// <param name="port">The port asked for.</param>
    /// <param name="protocol">TCP unless said otherwise.</param>
    /// <param name="intended">Whom the caller means by the address, for <see cref="ConnectionVerdict.IsWrongReceiver"/>.</param>
    public ConnectionVerdict Connect(
        NetworkNamespace source,
        IPAddress destination,
        int port,
        TransportProtocol protocol = TransportProtocol.Tcp,
        NetworkNamespace? intended = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(destination);
        return ConnectionWalk.Run(this, source, new IPEndPoint(destination, port), protocol, intended);
    }

    /// <summary>An ephemeral port, in turn through 32768–60999.</summary>
    internal int NextPort() => 32768 + (int)((uint)Interlocked.Increment(ref _lastPort) % 28232);

    /// <summary>The Pods plugged in at a Node.</summary>
    internal static IEnumerable<PodNetns> PodsOf(HostNetns node)
    {
        var state = node.State;
        return state.Veths.Values.Select(veth => veth.Pod)
            .Concat(state.Ovs is { } ovs ? ovs.State.Ports.Values.Select(port => port.Pod) : [])
            .Distinct();
    }

    private sealed record NodeSet(
        ImmutableArray<HostNetns> InOrder, ImmutableDictionary<IPAddress, HostNetns> ByAddress)
    {
        public static readonly NodeSet Empty = new([], ImmutableDictionary<IPAddress, HostNetns>.Empty);

        public NodeSet Add(HostNetns node) =>
            node.Addresses.Any(ByAddress.ContainsKey)
            || InOrder.Any(other => string.Equals(other.Name, node.Name, StringComparison.Ordinal))
                ? throw new InvalidOperationException($"The fabric has a Node {node.Name} or one at {string.Join(" or ", node.Addresses)}.")
                : new(InOrder.Add(node), ByAddress.AddRange(node.Addresses.Select(address => KeyValuePair.Create(address, node))));

        public NodeSet Remove(HostNetns node) => new(InOrder.Remove(node), ByAddress.RemoveRange(node.Addresses));
    }
}
