using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using k8s;

namespace Antrea.Migration.Execution;

/// <summary>The migrator at work on a cluster, as its Lease <c>antrea-migration/migrator</c> tells.</summary>
/// <param name="Holder">Who it is: see <see cref="ExecutionOptions.Holder"/>.</param>
/// <param name="Since">When it began.</param>
/// <param name="Renewed">When it last said that it lives, by its own clock; every two seconds.</param>
/// <param name="Doing">What it does or waits for, in words; empty when it has just begun.</param>
public sealed record MigratorPresence(string Holder, DateTimeOffset Since, DateTimeOffset Renewed, string Doing)
{
    /// <summary>Who is at work on the cluster behind <paramref name="client"/>, or was when it died; null when nobody is.</summary>
    /// <exception cref="MigrationException">The API server cannot be reached or refuses.</exception>
    public static async Task<MigratorPresence?> ReadAsync(Kubernetes client, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        try
        {
            return await new KubernetesApi(client, time ?? TimeProvider.System).GetAsync(MigratorLease.Path, cancellationToken).ConfigureAwait(false) is { } lease
                ? Of(lease)
                : null;
        }
        catch (KubernetesApiException e)
        {
            throw new MigrationException(e.Message, "Look into the API server's log, then ask again.", e);
        }
    }

    internal static MigratorPresence Of(JsonObject lease) => new(
        lease["spec"]?["holderIdentity"]?.GetValue<string>() ?? "",
        TimeOf(lease, "acquireTime"),
        TimeOf(lease, "renewTime"),
        lease["metadata"]?["annotations"]?[MigratorLease.DoingAnnotation]?.GetValue<string>() ?? "");

    private static DateTimeOffset TimeOf(JsonObject lease, string field) =>
        DateTimeOffset.TryParse(lease["spec"]?[field]?.ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : default;
}
