using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using k8s;

namespace Antrea.Migration.Execution;

/// <summary>What a person may ask of a migrator at work.</summary>
public enum MigrationWish
{
    /// <summary>Finish the change under way, then wait until the wish is withdrawn.</summary>
    Pause,

    /// <summary>Finish the change under way, then end.</summary>
    Abort,
}

/// <summary>A wish that no migrator has fulfilled, or that one waits on.</summary>
/// <param name="Wish">What is asked for.</param>
/// <param name="By">Who asks.</param>
/// <param name="Since">When, by the asker's clock.</param>
public sealed record MigrationRequest(MigrationWish Wish, string By, DateTimeOffset Since);

/// <summary>Words to the migrator at work from another terminal, or another machine: ConfigMap <c>antrea-migration/control</c>.</summary>
/// <remarks>The migrator looks there before every change. A pause outlives it: the next one waits as well. An abort is spent by the migrator that
/// obeys it. Not safe for use by several threads.</remarks>
public sealed class MigrationControl
{
    private readonly KubernetesApi _api;
    private readonly TimeProvider _time;

    /// <summary>Talks by way of the cluster behind <paramref name="client"/>.</summary>
    public MigrationControl(Kubernetes client, TimeProvider? time = null)
        : this(new KubernetesApi(client ?? throw new ArgumentNullException(nameof(client)), time ?? TimeProvider.System), time ?? TimeProvider.System)
    {
    }

    internal MigrationControl(KubernetesApi api, TimeProvider time) => (_api, _time) = (api, time);

    /// <summary>What is asked for now; null for nothing.</summary>
    /// <exception cref="MigrationException">The cluster cannot be asked, or what it holds is no request.</exception>
    public async Task<MigrationRequest?> ReadAsync(CancellationToken cancellationToken = default)
    {
        var stored = Stored();
        await stored.ReadAsync(cancellationToken).ConfigureAwait(false);
        return Parse(stored);
    }

    /// <summary>Asks <paramref name="wish"/> of the migrator at work and of those after it, in place of what was asked before.</summary>
    /// <exception cref="MigrationException">The cluster cannot be told.</exception>
    public async Task AskAsync(MigrationWish wish, string by, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(by);
        var stored = Stored();
        await stored.ReadAsync(cancellationToken).ConfigureAwait(false);
        var request = new JsonObject
        {
            ["wish"] = wish.ToString(),
            ["by"] = by,
            ["since"] = _time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture),
        };
        await stored.WriteAsync(request.ToJsonString(), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes back what was asked for.</summary>
    /// <returns>What that was; null for nothing.</returns>
    /// <exception cref="MigrationException">The cluster cannot be told.</exception>
    public Task<MigrationRequest?> WithdrawAsync(CancellationToken cancellationToken = default) => WithdrawAsync(only: null, cancellationToken);

    /// <summary>As <see cref="WithdrawAsync(CancellationToken)"/>.</summary>
    /// <param name="only">What is taken back and nothing else; null for whatever there is.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    internal async Task<MigrationRequest?> WithdrawAsync(MigrationRequest? only, CancellationToken cancellationToken)
    {
        var stored = Stored();
        await stored.ReadAsync(cancellationToken).ConfigureAwait(false);
        var request = Parse(stored);
        if (request is not null && (only ?? request) == request)
        {
            await stored.WriteAsync("", cancellationToken).ConfigureAwait(false);
        }

        return request;
    }

    private JournalObject Stored() => new(_api, "control", "request");

    private static MigrationRequest? Parse(JournalObject stored)
    {
        if (stored.Text.Length == 0)
        {
            return null;
        }

        try
        {
            var json = JsonNode.Parse(stored.Text);
            if (Enum.TryParse<MigrationWish>(json?["wish"]?.GetValue<string>(), out var wish) && Enum.IsDefined(wish))
            {
                return new MigrationRequest(
                    wish,
                    json!["by"]?.GetValue<string>() ?? "",
                    DateTimeOffset.TryParse(json["since"]?.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var since) ? since : default);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Said below, as for a wish nobody knows.
        }

        throw new MigrationException(
            $"{stored.Source} holds no request that this version understands: {(stored.Text.Length > 80 ? stored.Text[..80] + "…" : stored.Text)}",
            $"Delete it with 'kubectl -n {NodeAgentManifest.Namespace} delete configmap control', then run the command again.");
    }
}
