using System.Text.Json.Nodes;
using System.Threading.Channels;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>Runs the controllers: one queue of changes, one set of objects to look at, one thread.</summary>
/// <remarks>Works only when something changed or a controller asked to be called again; many changes of one object are one
/// look at it. A controller that breaks is reported as a Warning Event in <c>default</c> and by <see cref="SettledAsync"/>.</remarks>
internal sealed class ControllerLoop : IAsyncDisposable
{
    private const int Attempts = 5;
    private readonly Channel<object> _inbox = Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Queue<(IController Controller, WorkKey Key)> _work = [];
    private readonly HashSet<(IController Controller, WorkKey Key)> _queued = [];
    private readonly List<TaskCompletionSource> _waiting = [];
    private readonly Dictionary<(IController Controller, WorkKey Key), ITimer> _timers = [];
    private readonly ObjectStore _store;
    private readonly TimeProvider _time;
    private readonly IController[] _controllers;
    private readonly IDisposable _subscription;
    private readonly Task _running;
    private Exception? _broken;

    private ControllerLoop(ObjectStore store, TimeProvider time, IController[] controllers)
    {
        (_store, _time, _controllers) = (store, time, controllers);
        _subscription = store.Follow(happened => _inbox.Writer.TryWrite(happened));
        _running = Task.Run(RunAsync);
    }

    /// <summary>Starts all controllers on a store; objects that are there already count as new.</summary>
    public static ControllerLoop Start(ObjectStore store, TimeProvider time) => new(
        store,
        time,
        [
            new NamespaceController(store),
            new DefinitionController(store),
            new GarbageCollector(store),
            new DeploymentController(store),
            new ReplicaSetController(store, time),
            new StatefulSetController(store, time),
            new DaemonSetController(store, time),
            new Scheduler(store),
            new EndpointsController(store),
            new DisruptionController(store),
            new OrphanedPods(store),
        ]);

    /// <summary>Waits until every change made so far is dealt with, those included that the controllers make meanwhile.</summary>
    /// <exception cref="InvalidOperationException">A controller broke.</exception>
    public async Task SettledAsync(CancellationToken cancellationToken)
    {
        var settled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_inbox.Writer.TryWrite(settled))
        {
            throw new InvalidOperationException("The controllers are stopped.");
        }

        await settled.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
        if (_broken is { } broken)
        {
            throw new InvalidOperationException(broken.Message, broken);
        }
    }

    /// <summary>Stops after the object at hand.</summary>
    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        _inbox.Writer.TryComplete();
        await _running.ConfigureAwait(false);
        foreach (var timer in _timers.Values)
        {
            await timer.DisposeAsync().ConfigureAwait(false);
        }

        foreach (var waiting in _waiting)
        {
            waiting.TrySetException(new InvalidOperationException("The controllers are stopped."));
        }
    }

    private async Task RunAsync()
    {
        while (await _inbox.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            Receive();
            while (_work.TryDequeue(out var next))
            {
                _queued.Remove(next);
                Reconcile(next.Controller, next.Key);
                Receive();
                if (_inbox.Reader.Completion.IsCompleted)
                {
                    return;
                }
            }

            foreach (var waiting in _waiting)
            {
                waiting.TrySetResult();
            }

            _waiting.Clear();
        }
    }

    private void Receive()
    {
        while (_inbox.Reader.TryRead(out var item))
        {
            switch (item)
            {
                case StoreEvent happened:
                    foreach (var controller in _controllers)
                    {
                        foreach (var key in controller.KeysFor(happened))
                        {
                            Enqueue(controller, key);
                        }
                    }

                    break;
                case (IController controller, WorkKey key):
                    Enqueue(controller, key);
                    break;
                case TaskCompletionSource waiting:
                    _waiting.Add(waiting);
                    break;
            }
        }
    }

    private void Enqueue(IController controller, WorkKey key)
    {
        if (_queued.Add((controller, key)))
        {
            _work.Enqueue((controller, key));
        }
    }

    private void Reconcile(IController controller, WorkKey key)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (controller.Reconcile(key) is { } again)
                {
                    CallAgain(controller, key, again);
                }

                return;
            }
            catch (StoreConflictException) when (attempt < Attempts)
            {
                // Somebody wrote in between; the controller looks at the store anew.
            }
            catch (Exception e)
            {
                Report(controller, key, e);
                return;
            }
        }
    }

    private void CallAgain(IController controller, WorkKey key, TimeSpan after)
    {
        if (_timers.Remove((controller, key), out var old))
        {
            old.Dispose();
        }

        _timers[(controller, key)] = _time.CreateTimer(
            _ => _inbox.Writer.TryWrite((controller, key)), null, after, Timeout.InfiniteTimeSpan);
    }

    private void Report(IController controller, WorkKey key, Exception e)
    {
        var message = $"{controller.GetType().Name} broke at {key}: {e.Message}";
        _broken ??= new InvalidOperationException(message, e);
        LabEvents.Warn(
            _store,
            "ControllerBroke",
            message,
            new JsonObject { ["kind"] = key.Type.Kind, ["namespace"] = key.Namespace, ["name"] = key.Name });
    }
}
