using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Execution;

/// <summary>The Lease that lets one migrator act: taken, renewed while it acts, given back.</summary>
/// <remarks>Who holds it is alive when its version changes while one looks: clocks of two machines are never compared, as in client-go's
/// <c>leaderelection</c>. A holder that did not renew for <see cref="Duration"/> is taken for dead. The Lease
/// also says what its holder does.</remarks>
internal sealed class MigratorLease : IAsyncDisposable
{
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    public const string Path = $"{Collection}/migrator";
    public const string DoingAnnotation = "antrea-migration.io/doing";

    private const string Collection = $"apis/coordination.k8s.io/v1/namespaces/{NodeAgentManifest.Namespace}/leases";
    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>A request that hangs must not keep the next renewals back until the Lease has run out.</summary>
    private static readonly TimeSpan RequestLimit = TimeSpan.FromSeconds(5);

    private readonly KubernetesApi _api;
    private readonly TimeProvider _time;
    private readonly string _holder;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _keeping;
    private volatile string _doing = "";
    private volatile string? _lostTo;

    private MigratorLease(KubernetesApi api, TimeProvider time, string holder)
    {
        _api = api;
        _time = time;
        _holder = holder;
        _keeping = KeepAsync();
    }

    /// <summary>Who took the Lease away meanwhile; null while it is held.</summary>
    public string? LostTo => _lostTo;

    /// <summary>Says what the holder does now; published with the next renewal.</summary>
    public void Say(string doing) => _doing = doing;

    /// <summary>Takes the Lease: at once when nobody has it or <paramref name="holder"/> had it, else when its holder has not renewed it for <see cref="Duration"/>.</summary>
    /// <exception cref="MigrationException">Another migrator is at work, and the message says which.</exception>
    public static async Task<MigratorLease> TakeAsync(KubernetesApi api, string holder, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            return await LookAndTakeAsync(api, holder, time, cancellationToken).ConfigureAwait(false);
        }
        catch (KubernetesApiException e)
        {
            throw new MigrationException(
                $"The Lease that keeps a second migrator away cannot be had: {e.Message}", "Remedy what the API server says, then run the command again.", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _keeping.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stop.Dispose();

        // Of real time, whatever the clock: somebody has pressed Ctrl-C and waits.
        using var limit = new CancellationTokenSource(RequestLimit);
        try
        {
            if (_lostTo is null && await _api.GetAsync(Path, limit.Token).ConfigureAwait(false) is { } lease && MigratorPresence.Of(lease).Holder == _holder)
            {
                await _api.DeleteAsync(Path, limit.Token).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is KubernetesApiException or MigrationException or OperationCanceledException)
        {
            // It runs out by itself.
        }
    }

    private static async Task<MigratorLease> LookAndTakeAsync(
        KubernetesApi api, string holder, TimeProvider time, CancellationToken cancellationToken)
    {
        string? seen = null;
        var since = time.GetTimestamp();
        while (true)
        {
            var lease = await api.GetAsync(Path, cancellationToken).ConfigureAwait(false);
            var other = lease is null ? null : MigratorPresence.Of(lease);
            var version = lease?["metadata"]?["resourceVersion"]?.GetValue<string>();
            if (other is null || other.Holder == holder || other.Holder.Length == 0 || (version == seen && time.GetElapsedTime(since) > Duration))
            {
                if (await WriteAsync(api, lease, holder, time, cancellationToken).ConfigureAwait(false))
                {
                    return new MigratorLease(api, time, holder);
                }
            }
            else if (seen is not null && version != seen)
            {
                throw new MigrationException(
                    $"{other.Holder} is migrating this cluster since {other.Since:yyyy-MM-dd HH:mm:ss} UTC: {(other.Doing.Length > 0 ? other.Doing : "it has just begun")}.",
                    "Wait until it ends; 'antrea-migrator status' shows how far it is.");
            }
            else
            {
                seen = version;
            }

            await Task.Delay(LookEvery, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>False when somebody else was faster.</summary>
    private static async Task<bool> WriteAsync(
        KubernetesApi api, JsonObject? lease, string holder, TimeProvider time, CancellationToken cancellationToken)
    {
        var now = Text(time.GetUtcNow());
        var next = (JsonObject?)lease?.DeepClone() ?? new JsonObject
        {
            ["apiVersion"] = "coordination.k8s.io/v1",
            ["kind"] = "Lease",
            ["metadata"] = new JsonObject { ["name"] = "migrator", ["namespace"] = NodeAgentManifest.Namespace },
        };
        next["metadata"]!["annotations"] = new JsonObject();
        next["spec"] = new JsonObject
        {
            ["holderIdentity"] = holder,
            ["leaseDurationSeconds"] = (int)Duration.TotalSeconds,
            ["acquireTime"] = now,
            ["renewTime"] = now,
        };
        try
        {
            if (lease is null)
            {
                await api.ApplyAsync(NodeAgentManifest.RenderNamespace(), cancellationToken).ConfigureAwait(false);
            }

            await (lease is null
                ? api.CreateAsync(Collection, next, cancellationToken)
                : api.ReplaceAsync(Path, next, cancellationToken)).ConfigureAwait(false);
            return true;
        }
        catch (KubernetesApiException e) when (e.Code == HttpStatusCode.Conflict)
        {
            return false; // Or this call's own first answer was lost; the next look tells.
        }
    }

    private async Task KeepAsync()
    {
        using var timer = new PeriodicTimer(RenewEvery, _time);
        while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
        {
            using var limit = new CancellationTokenSource(RequestLimit, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, limit.Token);
            try
            {
                await RenewAsync(either.Token).ConfigureAwait(false);
            }
            catch (Exception) when (!_stop.IsCancellationRequested)
            {
                // Whatever it was, the next one may work; whoever takes the Lease meanwhile is noticed then.
            }
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        if (await _api.GetOnceAsync(Path, cancellationToken).ConfigureAwait(false) is not { } lease)
        {
            return;
        }

        if (MigratorPresence.Of(lease).Holder is var holder && holder != _holder)
        {
            _lostTo = holder;
            return;
        }

        var annotations = lease["metadata"]!["annotations"] as JsonObject;
        if (annotations is null)
        {
            lease["metadata"]!["annotations"] = annotations = [];
        }

        annotations[DoingAnnotation] = _doing;
        lease["spec"]!["renewTime"] = Text(_time.GetUtcNow());
        await _api.ReplaceOnceAsync(Path, lease, cancellationToken).ConfigureAwait(false);
    }

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
