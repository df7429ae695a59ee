using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>Brings the kernel from what it has to what a snapshot has. Not for use by several threads at once.</summary>
internal sealed class KernelLayer(KernelNamespaces namespaces, KernelSpaces spaces) : IAsyncDisposable
{
    public const int ArpRequestMilliseconds = 250;

    // Namespaces are emptied several at a time.
    private readonly ConcurrentDictionary<KernelNamespace, NamespaceLayout> _laid = new();
    private readonly KernelListeners _listeners = new(spaces);
    private FabricSnapshot? _last;

    /// <exception cref="MigrationException">The kernel refuses something.</exception>
    public async Task FollowAsync(FabricSnapshot snapshot, CancellationToken cancellationToken)
    {
        var gone = await spaces.FollowAsync(snapshot, cancellationToken).ConfigureAwait(false);

        // A device is made by the side that is earlier here, together with its other end in the later one's namespace.
        List<Change>[] stages =
        [
            Changes([(spaces.Fabric, FabricLayout.Of(snapshot, spaces))]),
            Changes(snapshot.Nodes.Select(node => (spaces[node], HostLayout.Of(snapshot, spaces, node)))),
            Changes(snapshot.Nodes.Where(node => node.Bridge is not null)
                .Select(node => (spaces[node.Bridge!], BridgeLayout.Of(snapshot, spaces, node, node.Bridge!)))),
            Changes(snapshot.Pods.Select(pod => (spaces[pod.Pod], PodLayout.Of(snapshot, spaces, pod)))),
        ];
        foreach (var one in stages.SelectMany(stage => stage).Where(one => one.What.SysctlsBefore.Length > 0))
        {
            KernelThread.Run(one.Space.Handle, () => Write(one.What.SysctlsBefore));
        }

        await ForEachAsync(stages.SelectMany(stage => stage), TakeAwayAsync, cancellationToken).ConfigureAwait(false);
        await ForEachAsync(gone, EmptyAsync, cancellationToken).ConfigureAwait(false);
        foreach (var stage in stages)
        {
            await ForEachAsync(stage, LayAsync, cancellationToken).ConfigureAwait(false);
            stage.ForEach(one => _laid[one.Space] = one.Layout);
        }

        await ForEachAsync(
            stages.SelectMany(stage => stage),
            async (one, token) => await KernelTools.IpAsync(one.Space.Name, one.What.LinksLast, token).ConfigureAwait(false),
            cancellationToken).ConfigureAwait(false);
        _last = snapshot;
        await _listeners.FollowAsync(snapshot).ConfigureAwait(false);
        await namespaces.RemoveAsync(gone).ConfigureAwait(false);
        foreach (var pod in snapshot.Pods.IntersectBy(stages[^1].Select(one => one.Space), pod => spaces[pod.Pod]))
        {
            WarmUp(spaces[pod.Pod], pod.State);
        }
    }

    /// <summary>Takes it that somebody else has changed a Node's namespace as its model changed.</summary>
    public void TakeAsLaid(HostNetns host, HostState before, HostState after)
    {
        if (_last?.Nodes.FirstOrDefault(node => node.Host == host) is not { } node || !_laid.TryGetValue(spaces[node], out var laid))
        {
            return;
        }

        var (was, @is) = (LayoutOf(before), LayoutOf(after));
        _laid[spaces[node]] = laid with
        {
            Links = Changed(laid.Links, was.Links, @is.Links),
            Forwarding = Changed(laid.Forwarding, was.Forwarding, @is.Forwarding),
            Sets = Changed(laid.Sets, was.Sets, @is.Sets),
            Rules6 = Changed(laid.Rules6, was.Rules6, @is.Rules6),
            Tables = ChangedTables(laid.Tables, was.Tables, @is.Tables),
            Tables6 = ChangedTables(laid.Tables6, was.Tables6, @is.Tables6),
        };

        // What else has changed meanwhile is left to the next pass.
        NamespaceLayout LayoutOf(HostState state) => HostLayout.Of(
            _last,
            spaces,
            node with { State = node.State with { Routing = state.Routing, Devices = state.Devices, Calico = state.Calico, AddressLabels = state.AddressLabels } });

        static List<LayoutPart> Changed(IEnumerable<LayoutPart> laid, IReadOnlyList<LayoutPart> was, IReadOnlyList<LayoutPart> @is) =>
            [.. laid.Except(was.Except(@is)), .. @is.Except(was)];

        static Dictionary<string, string> ChangedTables(
            IReadOnlyDictionary<string, string> laid, IReadOnlyDictionary<string, string> was, IReadOnlyDictionary<string, string> @is) =>
            laid.ToDictionary(table => table.Key, table => was[table.Key] == @is[table.Key] ? table.Value : @is[table.Key]);
    }

    public ValueTask DisposeAsync() => _listeners.DisposeAsync();

    private List<Change> Changes(IEnumerable<(KernelNamespace Space, NamespaceLayout Layout)> layouts) =>
    [
        .. layouts.Select(one => (one.Space, one.Layout, What: LayoutChange.Between(_laid.GetValueOrDefault(one.Space, NamespaceLayout.Empty), one.Layout)))
            .Where(one => one.What is not null).Select(one => new Change(one.Space, one.Layout, one.What!)),
    ];

    private static Task ForEachAsync<T>(IEnumerable<T> all, Func<T, CancellationToken, ValueTask> act, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(
            all,
            new ParallelOptions { MaxDegreeOfParallelism = Math.Max(2, Environment.ProcessorCount), CancellationToken = cancellationToken },
            act);

    private static async ValueTask TakeAwayAsync(Change change, CancellationToken cancellationToken)
    {
        await KernelTools.BridgeAsync(change.Space.Name, change.What.ForwardingOff, cancellationToken).ConfigureAwait(false);
        await KernelTools.Ip6Async(change.Space.Name, change.What.Rules6Off, cancellationToken).ConfigureAwait(false);
        await KernelTools.IpAsync(change.Space.Name, change.What.LinksOff, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The kernel ends a namespace some time after its removal, and a tunnel's port on the Node is taken until then.</summary>
    private async ValueTask EmptyAsync(KernelNamespace space, CancellationToken cancellationToken)
    {
        _laid.TryRemove(space, out _);
        await KernelTools.IpAsync(
            space.Name, new LayoutChange.Commands().TakeAway($"link del dev {BridgeLayout.TunnelPort}\n"), cancellationToken).ConfigureAwait(false);
    }

    private static async ValueTask LayAsync(Change change, CancellationToken cancellationToken)
    {
        var ((name, _, handle, _), what) = (change.Space, change.What);
        await KernelTools.IpAsync(name, what.LinksOn, cancellationToken).ConfigureAwait(false);
        await KernelTools.Ip6Async(name, what.Rules6On, cancellationToken).ConfigureAwait(false);
        await KernelTools.BridgeAsync(name, what.ForwardingOn, cancellationToken).ConfigureAwait(false);
        await KernelTools.IpsetAsync(name, what.SetsOn, cancellationToken).ConfigureAwait(false);
        await KernelTools.IptablesAsync(name, what.Tables, cancellationToken).ConfigureAwait(false);
        await KernelTools.Ip6tablesAsync(name, what.Tables6, cancellationToken).ConfigureAwait(false);
        await KernelTools.IpsetAsync(name, what.SetsOff, cancellationToken).ConfigureAwait(false);
        KernelThread.Run(handle, () =>
        {
            Write(what.SysctlsAfter);
            HurryNeighbours();
        });
    }

    /// <summary>Writes sysctls of the calling thread's namespace; IPv6's only where the kernel has it.</summary>
    private static void Write(string sysctls)
    {
        foreach (var line in sysctls.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var (path, value) = (line[..line.IndexOf('=')], line[(line.IndexOf('=') + 1)..]);
            if (!path.StartsWith("ipv6/", StringComparison.Ordinal) || Directory.Exists("/proc/sys/net/ipv6"))
            {
                File.WriteAllText($"/proc/sys/net/{path}", value);
            }
        }
    }

    /// <summary>Proxies answer at once, and nobody asks for long. A new namespace has no defaults of its own for these.</summary>
    private static void HurryNeighbours()
    {
        string[] families = ["/proc/sys/net/ipv4/neigh", "/proc/sys/net/ipv6/neigh"];
        foreach (var device in families.Where(Directory.Exists).SelectMany(Directory.GetDirectories))
        {
            File.WriteAllText($"{device}/proxy_delay", "0");
            File.WriteAllText($"{device}/retrans_time_ms", $"{ArpRequestMilliseconds}");
        }
    }

    /// <summary>One datagram to each gateway. A two-interface Pod that first asks for one interface's gateway in the other's name is not
    /// answered under rp_filter, and then waits for that neighbour with everything. IPv6 asks in the interface's own name.</summary>
    private static void WarmUp(KernelNamespace space, PodState state)
    {
        const int SocketLevel = 1;
        const int BindToDevice = 25;
        const int DiscardPort = 9;
        foreach (var (device, gateway) in state.Routing.Routes.Where(route => route is { Device: not null, Gateway.AddressFamily: AddressFamily.InterNetwork })
            .Select(route => (route.Device!, route.Gateway!)).Where(way => state.Interface(way.Item1) is not null).Distinct())
        {
            using var socket = KernelThread.OpenSocket(space.Handle, ProtocolType.Udp);
            socket.SetRawSocketOption(SocketLevel, BindToDevice, Encoding.ASCII.GetBytes(device + '\0'));
            socket.SendTo([0], new IPEndPoint(gateway, DiscardPort));
        }
    }

    private sealed record Change(KernelNamespace Space, NamespaceLayout Layout, LayoutChange What);
}
