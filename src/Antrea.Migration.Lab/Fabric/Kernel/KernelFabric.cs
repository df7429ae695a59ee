using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>The lab's network laid into the kernel: what the simulated fabric would walk, as network namespaces with real routes, rules and
/// connections.</summary>
/// <remarks>
/// <para>It follows the model: what changes there is changed here, and nothing else.</para>
/// <para>Nothing is programmed as an outcome: devices, routes, rules and sysctls are laid as the model has them, and the kernel decides. One
/// thing is quicker than real: an address that nobody answers for is given up after <see cref="ArpTime"/>.</para>
/// <para>Safe for use by several threads. Everything is removed on disposal, or, when the process ended before that, when the next lab is
/// made.</para>
/// </remarks>
internal sealed partial class KernelFabric : IConnectionCarrier, IAsyncDisposable
{
    /// <summary>How long ARP asks, thrice, before a connection fails with EHOSTUNREACH; 3 s outside the lab.</summary>
    public static readonly TimeSpan ArpTime = 3 * TimeSpan.FromMilliseconds(KernelLayer.ArpRequestMilliseconds);

    private readonly SimulatedFabric _model;
    private readonly KernelNamespaces _namespaces;
    private readonly KernelSpaces _spaces;
    private readonly KernelLayer _layer;
    private readonly HashSet<object> _followed = new(ReferenceEqualityComparer.Instance);
    private readonly Channel<Request?> _changes = Channel.CreateUnbounded<Request?>(new() { SingleReader = true });
    private readonly CancellationTokenSource _ended = new();
    private Task _following = Task.CompletedTask;
    private Exception? _failure;

    private KernelFabric(SimulatedFabric model, KernelNamespaces namespaces)
    {
        _model = model;
        _namespaces = namespaces;
        _spaces = new KernelSpaces(namespaces);
        _layer = new KernelLayer(namespaces, _spaces);
    }

    /// <summary>What the names of its namespaces begin with.</summary>
    public string Prefix => _namespaces.Prefix;

    /// <summary>Lays the network, opens the model's listening ports, lets every Pod find its gateways, and follows the model from then on.</summary>
    /// <param name="fabric">The model.</param>
    /// <param name="cancellationToken">Cancels the work; what was made is removed.</param>
    /// <exception cref="MigrationException">A tool is missing or the kernel refuses something.</exception>
    /// <exception cref="IOException">The namespaces cannot be made or entered.</exception>
    public static async Task<KernelFabric> LayAsync(SimulatedFabric fabric, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(fabric);
        var laid = new KernelFabric(fabric, await KernelNamespaces.CreateAsync().ConfigureAwait(false));
        try
        {
            fabric.Changed += laid.OnChanged;
            await laid.PassAsync(cancellationToken).ConfigureAwait(false);
            laid._following = laid.FollowAsync();
            return laid;
        }
        catch
        {
            await laid.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Why this machine cannot have such a fabric; null when it can. Tries the rarest thing it needs.</summary>
    public static async Task<string?> FindObstacleAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess)
        {
            return "network namespaces need Linux and root";
        }

        try
        {
            var node = new HostNetns("trial", IPAddress.Parse("172.18.0.2"));
            var bridge = new OvsBridge(Addressing.Cidr.Parse("10.10.0.0/24"));
            node.Update(state => state with
            {
                Calico = new CalicoNetfilter([], []),
                Antrea = new AntreaNetfilter(bridge.PodCidrs, []),
                Ovs = bridge,
            });
            node.AddDevice(new HostDevice("tunl0", HostDeviceKind.IpipTunnel, IPAddress.Parse("10.20.0.0")));
            node.AddDevice(new HostDevice("antrea-gw0", HostDeviceKind.AntreaGateway, bridge.Gateways));
            var fabric = new SimulatedFabric(TimeProvider.System);
            fabric.Register(node);
            await using var laid = await LayAsync(fabric, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (e is MigrationException or IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    /// <summary>Waits until the kernel has what the model has now.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="MigrationException">The kernel refused something; it does not follow any more.</exception>
    public Task CaughtUpAsync(CancellationToken cancellationToken) => AskAsync(null, cancellationToken);

    /// <summary>Runs a command in the namespace of a Pod or Node, that changes nothing there.</summary>
    /// <param name="owner">The Pod or Node.</param>
    /// <param name="argv">The program and its arguments.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">The kernel has no such namespace.</exception>
    public Task<(int Code, string Output, string Error)> RunInsideAsync(NetworkNamespace owner, IReadOnlyList<string> argv, CancellationToken cancellationToken) =>
        KernelTools.RunInsideAsync(_spaces.Find(owner) ?? throw new IOException($"{owner.Name} has no network."), argv[0], [.. argv.Skip(1)], cancellationToken);

    /// <summary>Lets somebody else change a Node's namespace as the model changes: the kernel is then taken to have what the model says.</summary>
    /// <param name="node">The Node.</param>
    /// <param name="model">Changes the model.</param>
    /// <param name="act">Changes the kernel; when it fails, the fabric does it instead.</param>
    /// <param name="succeeded">Whether it did not fail.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<T> ActAsync<T>(
        HostNetns node,
        Action model,
        Func<KernelNamespace, CancellationToken, Task<T>> act,
        Func<T, bool> succeeded,
        CancellationToken cancellationToken)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        await AskAsync(
            async token =>
            {
                try
                {
                    var before = node.State;
                    model();
                    var after = node.State;
                    result.SetResult(await act(_spaces.Find(node) ?? throw new IOException($"{node.Name} has no network."), token).ConfigureAwait(false));
                    if (succeeded(await result.Task.ConfigureAwait(false)))
                    {
                        _layer.TakeAsLaid(node, before, after);
                    }
                }
                catch (Exception e)
                {
                    result.TrySetException(e);
                }
            },
            cancellationToken).ConfigureAwait(false);
        ObjectDisposedException.ThrowIf(!result.Task.IsCompleted, this);
        return await result.Task.ConfigureAwait(false);
    }

    /// <summary>Leaves everything in the kernel as it is, as the end of the process does.</summary>
    public async Task AbandonAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _namespaces.Abandon();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await _namespaces.DisposeAsync().ConfigureAwait(false);
    }

    private Task AskAsync(Func<CancellationToken, Task>? then, CancellationToken cancellationToken)
    {
        var request = new Request(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), then);
        return _changes.Writer.TryWrite(request) ? request.Done.Task.WaitAsync(cancellationToken) : Task.CompletedTask;
    }

    private void OnChanged() => _changes.Writer.TryWrite(null);

    private async Task FollowAsync()
    {
        var pending = new List<Request>();
        while (await _changes.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            // One pass for a burst of changes; whoever waits had made theirs before.
            while (_changes.Reader.TryRead(out var one))
            {
                pending.AddRange(one is null ? [] : [one]);
            }

            try
            {
                if (_failure is null)
                {
                    await PassAsync(_ended.Token).ConfigureAwait(false);
                }
            }
            catch (Exception e)
            {
                _failure = e;
            }

            foreach (var (done, then) in pending)
            {
                if (_failure is { } failure)
                {
                    done.TrySetException(failure);
                    continue;
                }

                await (then is null ? Task.CompletedTask : then(_ended.Token)).ConfigureAwait(false);
                done.TrySetResult();
            }

            pending.Clear();
        }
    }

    private Task PassAsync(CancellationToken cancellationToken)
    {
        var here = new HashSet<object>(ReferenceEqualityComparer.Instance);
        var snapshot = FabricSnapshot.Take(_model, one =>
        {
            here.Add(one);
            if (_followed.Add(one))
            {
                Follow(one);
            }
        });
        foreach (var gone in _followed.Where(one => !here.Contains(one)).ToList())
        {
            _followed.Remove(gone);
            Forget(gone);
        }

        return _layer.FollowAsync(snapshot, cancellationToken);
    }

    private void Follow(object one)
    {
        switch (one)
        {
            case OvsBridge bridge:
                bridge.Changed += OnChanged;
                break;
            case NetworkNamespace netns:
                netns.Changed += OnChanged;
                break;
        }
    }

    private void Forget(object one)
    {
        switch (one)
        {
            case OvsBridge bridge:
                bridge.Changed -= OnChanged;
                break;
            case NetworkNamespace netns:
                netns.Changed -= OnChanged;
                break;
        }
    }

    private async Task StopAsync()
    {
        _model.Changed -= OnChanged;
        _changes.Writer.TryComplete();
        await _ended.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(false);
        foreach (var one in _followed)
        {
            Forget(one);
        }

        _followed.Clear();
        await _layer.DisposeAsync().ConfigureAwait(false);
    }

    /// <param name="Done">Set when a pass that began after the request has ended.</param>
    /// <param name="Then">What is to be done then, before the next pass; it does not throw.</param>
    private sealed record Request(TaskCompletionSource Done, Func<CancellationToken, Task>? Then);
}
