using System.Text.Json.Nodes;
using System.Threading.Channels;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Scenarios;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>The Tigera operator: keeps Calico as its Installation and APIServer say, whoever changes it, and takes it away when they are to go.</summary>
/// <remarks>Both carry its finalizer, which it takes off when the Pods are gone; without it they never go. Source: Calico v3.26
/// <c>manifests/tigera-operator.yaml</c>, and its chart's uninstall job.</remarks>
internal sealed class TigeraOperatorProgram(ContainerContext context) : NodeProgram(context)
{
    private const string Finalizer = "tigera.io/operator-cleanup";
    private const string Version = "v3.26.1";

    private readonly Channel<bool> _wakes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private IDisposable? _subscription;
    private Task _loop = Task.CompletedTask;

    public override void Start()
    {
        _subscription = Services.Store.Subscribe(
            e =>
            {
                if (e.Resource.Group == TigeraManifest.Group || e.Object.NamespaceOf() is TigeraManifest.CalicoNamespace or TigeraManifest.ApiServerNamespace)
                {
                    _wakes.Writer.TryWrite(true);
                }
            },
            Services.Store.Version);
        _wakes.Writer.TryWrite(true);
        _loop = Task.Run(RunAsync);
    }

    public override async ValueTask DisposeAsync()
    {
        _subscription?.Dispose();
        _wakes.Writer.TryComplete();
        await _loop.ConfigureAwait(false);
    }

    private async Task RunAsync()
    {
        await foreach (var _ in _wakes.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                Keep(TigeraManifest.Installation, TigeraManifest.CalicoNamespace, TigeraManifest.CalicoOf);
                Keep(TigeraManifest.ApiServerRequest, TigeraManifest.ApiServerNamespace, TigeraManifest.ApiServerOf);
            }
            catch (StoreConflictException)
            {
                // Somebody wrote at the same moment, which wakes it again.
                _wakes.Writer.TryWrite(true);
            }
        }
    }

    private void Keep(ResourceType type, string @namespace, Func<JsonObject, string, string> manifest)
    {
        if (Services.Store.PeekAll(type).FirstOrDefault() is not { } request)
        {
            return;
        }

        if (!request.IsTerminating())
        {
            Services.Store.Mutate(type, "", request.NameOf(), json =>
            {
                var finalizers = json.Ensure("metadata")["finalizers"] as JsonArray ?? [];
                if (finalizers.Any(f => f?.GetValue<string>() == Finalizer))
                {
                    return false;
                }

                json["metadata"]!["finalizers"] = new JsonArray([.. finalizers.Select(f => f?.DeepClone()), Finalizer]);
                return true;
            });
            ObjectApplier.Apply(Services.Store, manifest(request, Version), []);
            return;
        }

        if (Remove(@namespace))
        {
            Services.Store.Mutate(type, "", request.NameOf(), json =>
            {
                json["metadata"]!.AsObject().Remove("finalizers");
                return true;
            });
        }
    }

    /// <summary>Takes the workloads of a Namespace away, then its locks, then itself; whether all Pods are gone.</summary>
    private bool Remove(string @namespace)
    {
        foreach (var type in (ResourceType[])[ResourceType.Deployment, ResourceType.DaemonSet])
        {
            foreach (var workload in Services.Store.PeekAll(type, @namespace).Where(w => !w.IsTerminating()))
            {
                Services.Store.MarkForDeletion(type, @namespace, workload.NameOf(), 0);
            }
        }

        if (Services.Store.PeekAll(ResourceType.Pod, @namespace).Count > 0)
        {
            return false;
        }

        foreach (var account in Services.Store.PeekAll(ResourceType.ServiceAccount, @namespace))
        {
            Services.Store.Mutate(ResourceType.ServiceAccount, @namespace, account.NameOf(), json => json["metadata"]!.AsObject().Remove("finalizers"));
        }

        if (Services.Store.Peek(ResourceType.Namespace, "", @namespace) is { } space && !space.IsTerminating())
        {
            Services.Store.MarkForDeletion(ResourceType.Namespace, "", @namespace, 0);
        }

        return true;
    }
}
