using System.Collections.Concurrent;
using System.Threading.Channels;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Policies;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>All hollow Nodes of a lab: one loop that follows the store, tells programs what changed, and runs each Node's Pods.</summary>
/// <remarks>Made before there are Nodes. Thread-safe.</remarks>
internal sealed class NodeFleet : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, LabNode> _nodes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, (PodWorker Worker, Task Task)> _pods = new(StringComparer.Ordinal);
    private readonly Channel<Action> _work = Channel.CreateUnbounded<Action>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentQueue<Exception> _failures = new();
    private readonly CancellationTokenSource _lab = new();
    private readonly SimulatedFabric _fabric;
    private readonly IConnectionCarrier _carrier;
    private readonly KubeletOptions _options;
    private readonly IDisposable _subscription;
    private readonly Task _loop;

    public NodeFleet(ObjectStore store, SimulatedFabric fabric, IConnectionCarrier carrier, KubeletOptions options, TimeProvider time)
    {
        _fabric = fabric;
        _carrier = carrier;
        _options = options;
        var ipam = new CalicoIpamPlugin(store);
        Plugins = new CniPlugins(store, ipam);
        Table = new ServiceTable(store);
        var policies = new LabPolicies(store, _failures.Enqueue, () => _work.Writer.TryWrite(static () => { }));
        Services = new LabServices(store, new ClusterView(store), ipam, policies, time);
        _subscription = store.Follow(change => _work.Writer.TryWrite(() => Handle(change)));
        _loop = RunAsync();
    }

    public LabServices Services { get; }

    public CniPlugins Plugins { get; }

    /// <summary>The Services as the Nodes' proxies know them.</summary>
    public ServiceTable Table { get; }

    /// <summary>By name.</summary>
    public IReadOnlyCollection<LabNode> Nodes => [.. _nodes.Values.OrderBy(n => n.Name, StringComparer.Ordinal)];

    /// <summary>What went wrong inside the lab itself; empty unless it has a bug.</summary>
    public IReadOnlyCollection<Exception> Failures => _failures;

    public LabNode? Find(string name) => _nodes.GetValueOrDefault(name);

    /// <summary>Plugs a Node in and registers it with the API.</summary>
    public void Add(LabNode node)
    {
        if (!_nodes.TryAdd(node.Name, node))
        {
            throw new InvalidOperationException($"The lab has a Node {node.Name} already.");
        }

        _fabric.Register(node.Host);
        NodeRegistration.Create(Services.Store, node, _options);
        node.Cni.Reloaded += () => NodeRegistration.ReportNetwork(Services.Store, node);
    }

    /// <summary>Loses a Node, as a failed switch or hypervisor does: see <see cref="LabNode.IsLost"/>. What its programs learn meanwhile is as if it were not.</summary>
    /// <exception cref="InvalidOperationException">There is no such Node.</exception>
    public void Lose(string name)
    {
        var node = Find(name) ?? throw new InvalidOperationException($"The lab has no Node {name}.");
        node.IsLost = true;
        SimulatedFabric.SetDown(node.Host, true);
        NodeRegistration.ReportLost(Services.Store, node);
    }

    /// <summary>Brings a lost Node back with all that it had; one whose object was deleted registers anew.</summary>
    /// <exception cref="InvalidOperationException">There is no such Node.</exception>
    public void BringBack(string name)
    {
        var node = Find(name) ?? throw new InvalidOperationException($"The lab has no Node {name}.");
        SimulatedFabric.SetDown(node.Host, false);
        node.IsLost = false;
        if (Services.Store.Peek(ResourceType.Node, "", name) is null)
        {
            NodeRegistration.Create(Services.Store, node, _options);
        }
        else
        {
            NodeRegistration.ReportBack(Services.Store, node);
        }
    }

    /// <summary>Waits until every change made so far has been dealt with by programs and handed to kubelets.</summary>
    public async Task SettledAsync(CancellationToken cancellationToken)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (_work.Writer.TryWrite(Reach))
        {
            await reached.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        }

        void Reach()
        {
            try
            {
                Services.View.TellChanges();
                Services.Policies.Refresh();
            }
            finally
            {
                reached.SetResult();
            }
        }
    }

    /// <summary>Stops everything as it is: no Pod drains, no network is taken down.</summary>
    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        Services.Policies.Dispose();
        _work.Writer.Complete();
        await _lab.CancelAsync().ConfigureAwait(false);
        await _loop.ConfigureAwait(false);
        await Task.WhenAll(_pods.Values.Select(p => p.Task)).ConfigureAwait(false);
        foreach (var uid in _pods.Keys)
        {
            Forget(uid);
        }

        _lab.Dispose();
    }

    private async Task RunAsync()
    {
        await foreach (var work in _work.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                work();
                if (!_work.Reader.TryPeek(out _))
                {
                    // Once for a burst of changes.
                    Services.View.TellChanges();
                    Services.Policies.Refresh();
                }
            }
            catch (Exception e)
            {
                _failures.Enqueue(e);
            }
        }
    }

    private void Handle(StoreEvent change)
    {
        Table.Apply(change);
        Services.View.Apply(change);
        if (change.Resource == ResourceType.Pod)
        {
            HandlePod(change);
        }
    }

    private void HandlePod(StoreEvent change)
    {
        var pod = change.Object;
        if (pod.Text("spec", "nodeName") is not { } nodeName || !_nodes.TryGetValue(nodeName, out var node))
        {
            return;
        }

        var uid = pod.UidOf();
        if (change.Type == StoreEventType.Deleted)
        {
            if (_pods.TryGetValue(uid, out var vanished))
            {
                vanished.Worker.Vanish();
            }
        }
        else if (_pods.TryGetValue(uid, out var running))
        {
            if (pod.IsTerminating())
            {
                running.Worker.Terminate();
            }
        }
        else if (!_lab.IsCancellationRequested)
        {
            var worker = new PodWorker(pod, node, Services, _carrier, _options, _lab.Token);
            _pods[uid] = (worker, RunPodAsync(uid, worker));
        }
    }

    private void Forget(string uid)
    {
        if (_pods.TryRemove(uid, out var ended))
        {
            ended.Worker.Dispose();
        }
    }

    private async Task RunPodAsync(string uid, PodWorker worker)
    {
        await Task.Yield();
        try
        {
            await worker.RunAsync(_lab.Token).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _failures.Enqueue(e);
        }
        finally
        {
            _work.Writer.TryWrite(() => Forget(uid));
        }
    }
}
