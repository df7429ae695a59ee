using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>One Pod on one Node, from binding to removal: sandbox and network, containers, readiness, graceful end.</summary>
/// <remarks>A terminating Pod leaves its Endpoints first, goes on serving for a short while, then its containers end, then
/// its network goes (DEL), then its object. Deleted by force, it ends at once. When the container runtime ends its sandbox, nobody drains: the kubelet notices
/// afterwards, and makes another sandbox for the same Pod.</remarks>
internal sealed class PodWorker : IDisposable
{
    private readonly JsonObject _pod;
    private readonly LabNode _node;
    private readonly LabServices _services;
    private readonly IConnectionCarrier _carrier;
    private readonly KubeletOptions _options;
    private readonly PodStatusWriter _status;
    private readonly CancellationTokenSource _terminating;
    private readonly CancellationTokenSource _gone;
    private readonly List<NodeProgram> _programs = [];
    private readonly Lock _gate = new();
    private PodNetns? _netns;
    private Sandbox? _sandbox;
    private string _containerId = "";
    private ImmutableArray<IPAddress> _addresses = [];

    /// <param name="pod">The Pod, bound to the Node.</param>
    /// <param name="node">The Node.</param>
    /// <param name="services">What programs need.</param>
    /// <param name="carrier">Carries the kubelet's probes.</param>
    /// <param name="options">How fast.</param>
    /// <param name="lab">The end of the lab: everything stops as it is.</param>
    public PodWorker(
        JsonObject pod, LabNode node, LabServices services, IConnectionCarrier carrier, KubeletOptions options, CancellationToken lab)
    {
        _pod = pod.Copy();
        _node = node;
        _services = services;
        _carrier = carrier;
        _options = options;
        _status = new PodStatusWriter(services.Store, _pod, node);
        _gone = CancellationTokenSource.CreateLinkedTokenSource(lab);
        _terminating = CancellationTokenSource.CreateLinkedTokenSource(_gone.Token);
    }

    /// <summary>Its sandbox's network; null while it has none, and for a Pod of the Node's own.</summary>
    public PodNetns? Netns => Volatile.Read(ref _netns);

    private bool IsHostNetwork => _pod.Flag("spec", "hostNetwork");

    /// <summary>The container runtime ends the sandbox, if it has this address: containers first, then the network.</summary>
    /// <returns>The sandbox's id when it is gone; null when there is none with that address.</returns>
    public async Task<string?> EndSandboxAsync(IPAddress address, CancellationToken cancellationToken)
    {
        Sandbox? sandbox;
        lock (_gate)
        {
            sandbox = _sandbox?.Address.Equals(address) == true ? _sandbox : null;
            sandbox?.Ending.CancelAsync();
        }

        if (sandbox is null)
        {
            return null;
        }

        await sandbox.Ended.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        return sandbox.Id;
    }

    /// <summary>The Pod is marked for deletion.</summary>
    public void Terminate() => _terminating.Cancel();

    /// <summary>The object is gone: the Pod was deleted by force.</summary>
    public void Vanish() => _gone.Cancel();

    /// <summary>Runs the Pod to its end.</summary>
    /// <param name="lab">The end of the lab, as given to the constructor.</param>
    public async Task RunAsync(CancellationToken lab)
    {
        _node.Pods[_pod.UidOf()] = this;
        try
        {
            while (!_pod.IsTerminating())
            {
                await LiveInSandboxAsync(lab).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_terminating.IsCancellationRequested)
        {
            // The normal end of a Pod's life. What follows must not run inside the canceller's call.
            await Task.Yield();
        }

        // What is deleted of a lost Node goes on, and goes, when its kubelet is back.
        try
        {
            await _node.BackAsync(lab).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lab.IsCancellationRequested)
        {
            // The lab ends first.
        }

        try
        {
            await DrainAsync(_gone.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_gone.IsCancellationRequested)
        {
            // Deleted by force meanwhile, or the lab ends: no more time to drain.
        }

        await StopProgramsAsync().ConfigureAwait(false);
        try
        {
            await RemoveNetworkAsync(lab).ConfigureAwait(false);
            RemoveObject();
        }
        catch (OperationCanceledException) when (lab.IsCancellationRequested)
        {
            // The lab ends; nobody will ask for this Pod's network again.
        }
        finally
        {
            _node.Pods.TryRemove(_pod.UidOf(), out _);
        }
    }

    /// <summary>To be called when <see cref="RunAsync"/> has ended, and <see cref="Terminate"/> and <see cref="Vanish"/> are not called any more.</summary>
    public void Dispose()
    {
        _terminating.Dispose();
        _gone.Dispose();
    }

    /// <summary>Returns when the sandbox was ended and the kubelet has seen it; throws when the Pod ends.</summary>
    private async Task LiveInSandboxAsync(CancellationToken lab)
    {
        var terminating = _terminating.Token;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(terminating);
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        try
        {
            await LiveAsync(address => new Sandbox(_containerId, address, ending, ended), ending.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested && !terminating.IsCancellationRequested)
        {
            await Task.Yield();
            await StopProgramsAsync().ConfigureAwait(false);
            await RemoveNetworkAsync(lab).ConfigureAwait(false);
        }
        finally
        {
            lock (_gate)
            {
                _sandbox = null;
            }

            ended.SetResult();
        }

        await Task.Delay(_options.RetryInterval, _services.Time, terminating).ConfigureAwait(false);
        _status.Restarting();
    }

    private async Task LiveAsync(Func<IPAddress, Sandbox> sandboxOf, CancellationToken terminating)
    {
        var netns = await RetryAsync("ContainerCreating", CreateSandbox, terminating).ConfigureAwait(false);
        lock (_gate)
        {
            _sandbox = IsHostNetwork ? null : sandboxOf(_addresses[0]);
        }

        await _carrier.CaughtUpAsync(terminating).ConfigureAwait(false);
        await _node.BackAsync(terminating).ConfigureAwait(false);
        await RetryAsync("CreateContainerError", () => StartPrograms(netns), terminating).ConfigureAwait(false);

        // Policies know a Pod by the address in its status. They are in force before the first Service leads there.
        _status.Running(_addresses, _containerId, isReady: false);
        await _carrier.CaughtUpAsync(terminating).ConfigureAwait(false);
        var reported = false;
        var losses = _node.Losses;
        var looked = _services.Time.GetTimestamp();
        while (true)
        {
            if (_node.Losses != losses)
            {
                losses = _node.Losses;
                await _node.BackAsync(terminating).ConfigureAwait(false);
                reported = false;
            }

            var isReady = _programs.TrueForAll(p => p.IsReady);
            foreach (var workload in _programs.OfType<WorkloadProgram>())
            {
                isReady = isReady && await AnswersAsync(workload.Container, terminating).ConfigureAwait(false);
            }

            var looks = _services.Time.GetElapsedTime(looked) >= _options.StatusInterval;
            if (isReady != reported || (looks && _status.ShowsReady != isReady))
            {
                _status.Running(_addresses, _containerId, isReady);
                reported = isReady;
            }

            looked = looks ? _services.Time.GetTimestamp() : looked;

            await Task.Delay(isReady ? _options.ProbeInterval : _options.RetryInterval, _services.Time, terminating).ConfigureAwait(false);
        }
    }

    private async Task<T> RetryAsync<T>(string reason, Func<T> attempt, CancellationToken cancellationToken)
    {
        string? reported = null;
        while (true)
        {
            await _node.BackAsync(cancellationToken).ConfigureAwait(false);
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                return attempt();
            }
            catch (Exception e) when (e is CniException or StoreConflictException)
            {
                // A program that the API server refuses ends, and is started again.
                if (e.Message != reported)
                {
                    reported = e.Message;
                    _status.Waiting(reason, e.Message);
                }

                await Task.Delay(_options.RetryInterval, _services.Time, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    private NetworkNamespace CreateSandbox()
    {
        // A new id for each attempt, like a real runtime's.
        _containerId = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(_pod.UidOf() + _containerId)));
        if (IsHostNetwork)
        {
            _addresses = _node.Addresses;
            return _node.Host;
        }

        var netns = new PodNetns(_pod.NamespaceOf(), _pod.NameOf());
        _addresses = [.. _node.Cni.Add(_containerId, netns).Where(one => one.IfName == CniRuntime.IfName).Select(address => address.Address)];
        if (_addresses.IsEmpty)
        {
            throw new CniException("the CNI result has no address");
        }

        _netns = netns;
        return netns;
    }

    private bool StartPrograms(NetworkNamespace netns)
    {
        foreach (var container in _pod.Items("spec", "containers").Skip(_programs.Count).ToList())
        {
            var program = NodePrograms.Create(new ContainerContext(_node, _pod, container, netns, _services));
            program.Start();
            _programs.Add(program);
        }

        return true;
    }

    /// <summary>The readiness probe, as a connection from the Node; true for a container without one. The CNIs' own programs
    /// say themselves whether they are ready.</summary>
    private async Task<bool> AnswersAsync(JsonObject container, CancellationToken cancellationToken)
    {
        var probe = container.Object("readinessProbe");
        var target = (probe.Object("httpGet") ?? probe.Object("tcpSocket")).At("port");
        if (target is null)
        {
            return true;
        }

        var port = target.Number() ?? container.Items("ports").FirstOrDefault(p => p.Text("name") == target.Text()).Number("containerPort");
        return port is >= 1 and <= ushort.MaxValue
            && await _carrier.AnswersAsync(
                _node.Host, new IPEndPoint(_addresses[0], (int)port), TimeSpan.FromSeconds(probe.Number("timeoutSeconds") ?? 1), cancellationToken)
                .ConfigureAwait(false);
    }

    private async Task DrainAsync(CancellationToken gone)
    {
        gone.ThrowIfCancellationRequested();
        if (_programs.Count == 0)
        {
            return;
        }

        _status.Running(_addresses, _containerId, isReady: false);
        await _options.ControllersSettledAsync(gone).ConfigureAwait(false);
        await _carrier.CaughtUpAsync(gone).ConfigureAwait(false);
        var grace = TimeSpan.FromSeconds(
            _services.Store.Peek(ResourceType.Pod, _pod.NamespaceOf(), _pod.NameOf()).Number("metadata", "deletionGracePeriodSeconds") ?? 0);
        await Task.Delay(grace < _options.Drain ? grace : _options.Drain, _services.Time, gone).ConfigureAwait(false);
    }

    private async Task StopProgramsAsync()
    {
        foreach (var program in _programs)
        {
            await program.DisposeAsync().ConfigureAwait(false);
        }

        _programs.Clear();
    }

    private async Task RemoveNetworkAsync(CancellationToken lab)
    {
        lab.ThrowIfCancellationRequested();
        if (_netns is not { } netns)
        {
            return;
        }

        while (true)
        {
            try
            {
                _node.Cni.Delete(_containerId, netns);
                _netns = null;
                return;
            }
            catch (CniException) when (!lab.IsCancellationRequested)
            {
                // As a kubelet: the Pod stays Terminating until the network can be taken down.
                await Task.Delay(_options.RetryInterval, _services.Time, lab).ConfigureAwait(false);
            }
        }
    }

    private void RemoveObject()
    {
        if (_services.Store.Peek(ResourceType.Pod, _pod.NamespaceOf(), _pod.NameOf()) is { } current && current.UidOf() == _pod.UidOf())
        {
            _services.Store.MarkForDeletion(ResourceType.Pod, _pod.NamespaceOf(), _pod.NameOf(), 0);
        }
    }

    /// <summary>A sandbox that can be ended: its network is there.</summary>
    private sealed record Sandbox(string Id, IPAddress Address, CancellationTokenSource Ending, TaskCompletionSource Ended);
}
