using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Execution;

/// <summary>One ConfigMap of the journal: a text under a key, written over the version read last.</summary>
/// <remarks>The resourceVersion is carried from write to write: somebody else at work is noticed at the first one, and a conflict with an own
/// write whose answer was lost is told from that by what the object holds.</remarks>
internal sealed class JournalObject(KubernetesApi api, string name, string key)
{
    private const string Collection = $"api/v1/namespaces/{NodeAgentManifest.Namespace}/configmaps";
    private const int ConflictAttempts = 5;

    private JsonObject? _last;

    public string Source => $"ConfigMap {NodeAgentManifest.Namespace}/{name}";

    /// <summary>What the object held when it was last read or written; empty when there is none.</summary>
    public string Text => TextOf(_last) ?? "";

    private string Path => $"{Collection}/{name}";

    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            _last = await api.GetAsync(Path, cancellationToken).ConfigureAwait(false);
        }
        catch (KubernetesApiException e)
        {
            throw new MigrationException(
                $"{Source} cannot be read: {e.Message}", "Look into the API server's log, then run the command again; nothing was changed.", e);
        }
    }

    public async Task WriteAsync(string text, CancellationToken cancellationToken)
    {
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
            now = await api.GetAsync(Path, cancellationToken).ConfigureAwait(false);
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
                $"{Source} was changed by somebody else: another migrator is at work.",
                "Make sure that only one migrator runs, then run the command again; nothing was done that is not in the journal.",
                conflict);
    }

    private MigrationException Unwritable(KubernetesApiException e) => new(
        $"{Source} cannot be written: {e.Message}",
        "Look into the API server's log, then run the command again; nothing was done that is not in the journal.",
        e);

    private string? TextOf(JsonObject? configMap) => configMap?["data"]?[key]?.GetValue<string>();

    private static string? VersionOf(JsonObject? configMap) => configMap?["metadata"]?["resourceVersion"]?.GetValue<string>();

    private async Task<JsonObject> CreateAsync(string text, CancellationToken cancellationToken)
    {
        await api.ApplyAsync(NodeAgentManifest.RenderNamespace(), cancellationToken).ConfigureAwait(false);
        return await api.CreateAsync(
            Collection,
            new JsonObject
            {
                ["apiVersion"] = "v1",
                ["kind"] = "ConfigMap",
                ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = NodeAgentManifest.Namespace },
                ["data"] = new JsonObject { [key] = text },
            },
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<JsonObject> ReplaceAsync(JsonObject last, string text, CancellationToken cancellationToken)
    {
        var next = (JsonObject)last.DeepClone();
        next["data"] = new JsonObject { [key] = text };
        return await api.ReplaceAsync(Path, next, cancellationToken).ConfigureAwait(false);
    }
}
