using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;
using k8s;

namespace Antrea.Migration.Execution;

/// <summary>A journal in the cluster itself: ConfigMap <c>antrea-migration/journal</c>, so that any machine can go on.</summary>
/// <remarks>The ConfigMap's resourceVersion is carried from write to write: a second migrator at work is noticed at its first
/// entry, and a conflict with an own write whose answer was lost is told from that by what the object holds. Only a step's newest
/// entry is kept, so that the object stays small. For one process at a time.</remarks>
public sealed class ConfigMapJournal : IMigrationJournal
{
    /// <summary>The ConfigMap's name.</summary>
    public const string Name = "journal";

    private const string Collection = $"api/v1/namespaces/{NodeAgentManifest.Namespace}/configmaps";
    private const string Path = $"{Collection}/{Name}";
    private const string Key = "entries";
    private const int ConflictAttempts = 5;

    private readonly KubernetesApi _api;
    private JsonObject? _last;

    /// <summary>Keeps the journal in the cluster behind <paramref name="client"/>.</summary>
    public ConfigMapJournal(Kubernetes client, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        _api = new KubernetesApi(client, time ?? TimeProvider.System);
    }

    /// <inheritdoc/>
    public async Task<ImmutableArray<JournalEntry>> ReadAsync(CancellationToken cancellationToken = default)
    {
        try
        {
            _last = await _api.GetAsync(Path, cancellationToken).ConfigureAwait(false);
            return EntriesOf(_last);
        }
        catch (KubernetesApiException e)
        {
            throw new MigrationException(
                $"ConfigMap {NodeAgentManifest.Namespace}/{Name} cannot be read: {e.Message}",
                "Look into the API server's log, then run the command again; nothing was changed.",
                e);
        }
    }

    /// <summary>The plan that was begun on this cluster, or null; so that any machine can go on with it.</summary>
    /// <exception cref="MigrationException">The journal cannot be read.</exception>
    public async Task<MigrationPlan?> ReadPlanAsync(CancellationToken cancellationToken = default)
    {
        var begun = (await ReadAsync(cancellationToken).ConfigureAwait(false)).FirstOrDefault(e => e.State == JournalState.Plan);
        return begun is null ? null : PlanJson.Unpack(begun.Detail, $"ConfigMap {NodeAgentManifest.Namespace}/{Name}");
    }

    /// <inheritdoc/>
    public async Task AppendAsync(JournalEntry entry, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var kept = EntriesOf(_last).Where(e => e.State == JournalState.Plan || e.StepId != entry.StepId);
        var text = string.Concat(kept.Append(entry).Select(e => JournalFormat.Format(e) + "\n"));
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                _last = _last is null
                    ? await CreateAsync(text, cancellationToken).ConfigureAwait(false)
                    : await ReplaceAsync(_last, text, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (KubernetesApiException e) when (e.Code == HttpStatusCode.Conflict && attempt < ConflictAttempts)
            {
                if (await IsWrittenAsync(text, e, cancellationToken).ConfigureAwait(false))
                {
                    return;
                }
            }
            catch (KubernetesApiException e)
            {
                throw Unwritable(e);
            }
        }
    }

    /// <summary>After a conflict: true when the object holds what was to be written, so that only the answer was lost; false when it is as it was.</summary>
    /// <exception cref="MigrationException">Somebody else wrote it, or it cannot be read.</exception>
    private async Task<bool> IsWrittenAsync(string text, KubernetesApiException conflict, CancellationToken cancellationToken)
    {
        JsonObject? now;
        try
        {
            now = await _api.GetAsync(Path, cancellationToken).ConfigureAwait(false);
        }
        catch (KubernetesApiException e)
        {
            throw Unwritable(e);
        }

        if (now is not null && TextOf(now) == text)
        {
            _last = now;
            return true;
        }

        return VersionOf(now) == VersionOf(_last)
            ? false
            : throw new MigrationException(
                $"ConfigMap {NodeAgentManifest.Namespace}/{Name} was changed by somebody else: another migrator is at work.",
                "Make sure that only one migrator runs, then run the command again; nothing was done that is not in the journal.",
                conflict);
    }

    private static MigrationException Unwritable(KubernetesApiException e) => new(
        $"ConfigMap {NodeAgentManifest.Namespace}/{Name} cannot be written: {e.Message}",
        "Look into the API server's log, then run the command again; nothing was done that is not in the journal.",
        e);

    private static string? TextOf(JsonObject? configMap) => configMap?["data"]?[Key]?.GetValue<string>();

    private static string? VersionOf(JsonObject? configMap) => configMap?["metadata"]?["resourceVersion"]?.GetValue<string>();

    private static ImmutableArray<JournalEntry> EntriesOf(JsonObject? configMap) =>
        JournalFormat.Parse(TextOf(configMap) ?? "", $"ConfigMap {NodeAgentManifest.Namespace}/{Name}");

    private async Task<JsonObject> CreateAsync(string text, CancellationToken cancellationToken)
    {
        await _api.ApplyAsync(NodeAgentManifest.RenderNamespace(), cancellationToken).ConfigureAwait(false);
        return await _api.CreateAsync(
            Collection,
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ConfigMap",
                ["metadata"] = new JsonObject { ["name"] = Name, ["namespace"] = NodeAgentManifest.Namespace },
                ["data"] = new JsonObject { [Key] = text },
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<JsonObject> ReplaceAsync(JsonObject last, string text, CancellationToken cancellationToken)
    {
        var next = (JsonObject)last.DeepClone();
        next["data"] = new JsonObject { [Key] = text };
        return await _api.ReplaceAsync(Path, next, cancellationToken).ConfigureAwait(false);
    }
}
