using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Fabric;

/// <summary>A kernel network namespace of the simulated fabric: a Pod's or a Node's.</summary>
/// <remarks>Safe for use by several threads. State is an immutable snapshot that changes replace whole; a walk reads each
/// namespace once, so it never sees half a change.</remarks>
internal abstract class NetworkNamespace
{
    protected NetworkNamespace(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        Name = name;
    }

    /// <summary>Raised after every change, on the thread that made it.</summary>
    public event Action? Changed;

    /// <summary><c>NAMESPACE/POD</c>, or the Node's name.</summary>
    public string Name { get; }

    public abstract NamespaceState Snapshot { get; }

    /// <summary>Whether an interface of the namespace has this address.</summary>
    public abstract bool Holds(IPAddress address);

    /// <summary><c>ip route add</c>: false when a route with that destination, metric and table is there already.</summary>
    public bool TryAddRoute(Route route)
    {
        var added = false;
        ChangeRouting(routing =>
        {
            added = routing.TryAdd(route, out var changed);
            return changed;
        });
        return added;
    }

    /// <summary><c>ip route replace</c>: the last writer of a destination wins.</summary>
    public void ReplaceRoute(Route route) => ChangeRouting(routing => routing.Replace(route));

    /// <summary><c>ip route prepend</c>: what the CNI library's <c>RouteAddEcmp</c> does with a second default route.</summary>
    public void PrependRoute(Route route) => ChangeRouting(routing => routing.Prepend(route));

    /// <summary>Removes the routes that <paramref name="which"/> picks, from every table.</summary>
    public void RemoveRoutes(Func<Route, bool> which) => ChangeRouting(routing => routing.Remove(which));

    public void AddRule(RoutingRule rule) => ChangeRouting(routing => routing.Add(rule));

    public void RemoveRules(Func<RoutingRule, bool> which) => ChangeRouting(routing => routing.RemoveRules(which));

    /// <summary>Opens a port on every address of the namespace.</summary>
    /// <param name="port">1–65535.</param>
    /// <param name="endPoint">The loopback socket that really answers; null where only walks are asked.</param>
    /// <param name="protocol">TCP unless said otherwise.</param>
    /// <param name="owner">Who listens; see <see cref="Listener.Owner"/>.</param>
    /// <param name="serve">See <see cref="Listener.Serve"/>.</param>
    /// <exception cref="InvalidOperationException">The port is taken (EADDRINUSE).</exception>
    public Listener Listen(
        int port,
        IPEndPoint? endPoint = null,
        TransportProtocol protocol = TransportProtocol.Tcp,
        string? owner = null,
        Action<Socket>? serve = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(port, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        var listener = new Listener(protocol, port, endPoint, owner) { Serve = serve };
        Change(state => state.ListenerOn(protocol, port) is { } taken
            ? throw new InvalidOperationException($"{Name}: {protocol} port {port} is taken by {taken.Owner ?? "a listener"}.")
            : state with { Listeners = state.Listeners.Add(listener) });
        return listener;
    }

    /// <summary>Closes the ports that <paramref name="which"/> picks; connections that run on are not cut.</summary>
    public void StopListening(Func<Listener, bool> which) =>
        Change(state => state with { Listeners = state.Listeners.RemoveAll(listener => which(listener)) });

    public override string ToString() => Name;

    /// <summary>Swaps the snapshot under a lock; <paramref name="change"/> must keep the state's own type.</summary>
    protected abstract void Swap(Func<NamespaceState, NamespaceState> change);

    protected void Change(Func<NamespaceState, NamespaceState> change)
    {
        Swap(change);
        Changed?.Invoke();
    }

    private void ChangeRouting(Func<RoutingState, RoutingState> change) =>
        Change(state => state with { Routing = change(state.Routing) });
}
