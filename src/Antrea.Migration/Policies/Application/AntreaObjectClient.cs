using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Application;

/// <summary>Applies, lists and deletes Antrea objects. Errors come out as <see cref="MigrationException"/>.</summary>
internal sealed class AntreaObjectClient(KubernetesApi api)
{
    private const string Root = "apis/crd.antrea.io/v1beta1";

    private const string UpdateDefinitions = "Update Antrea's CustomResourceDefinitions, or convert for the Antrea version that is installed.";

    private static readonly Dictionary<string, string> Plurals = new(StringComparer.Ordinal)
    {
        ["Tier"] = "tiers",
        ["ClusterNetworkPolicy"] = "clusternetworkpolicies",
        ["NetworkPolicy"] = "networkpolicies",
        ["ClusterGroup"] = "clustergroups",
        ["Group"] = "groups",
    };

    /// <summary>Asks the server what it would store, and stores nothing (<c>dryRun=All</c>): a server before Kubernetes 1.25 takes what its schema
    /// lacks without a word and drops it, and the policy that is left means more than was meant. So does one whose field validation is switched off.</summary>
    /// <returns>Null when it would keep everything; otherwise what it said about a Tier that it does not know yet.</returns>
    /// <exception cref="MigrationException">It would drop a field, or refuses the object.</exception>
    public async Task<string?> TryAsync(ClusterObject obj, CancellationToken cancellationToken)
    {
        var (missingTier, lost) = await SendAsync(obj, dryRun: true, cancellationToken).ConfigureAwait(false);
        return lost is null
            ? missingTier
            : throw new MigrationException(
                $"The server would not keep {lost} of {obj}, so it would mean something else; neither it nor any other policy was written.", UpdateDefinitions);
    }

    /// <summary>Server-side apply, after <see cref="TryAsync"/>. Should the server's schema have changed in between, the object is deleted again.</summary>
    /// <returns>Null when done; otherwise what the server said about a Tier that it does not know yet.</returns>
    public async Task<string?> ApplyAsync(ClusterObject obj, CancellationToken cancellationToken)
    {
        var (missingTier, lost) = await SendAsync(obj, dryRun: false, cancellationToken).ConfigureAwait(false);
        if (lost is null)
        {
            return missingTier;
        }

        await DeleteAsync(obj, cancellationToken).ConfigureAwait(false);
        throw new MigrationException(
            $"applying {obj}: the server did not keep {lost}, so it would mean something else; it was deleted again.", UpdateDefinitions);
    }

    private async Task<(string? MissingTier, string? Lost)> SendAsync(ClusterObject obj, bool dryRun, CancellationToken cancellationToken)
    {
        try
        {
            var stored = await api.ApplyAsync(PathOf(obj), obj.Json, dryRun, cancellationToken).ConfigureAwait(false);
            return (null, StoredFields.FirstLost(obj.Json["spec"], stored["spec"], "spec"));
        }
        catch (Exception e) when (AnswerOf(e) is { } answer)
        {
            return obj.Kind != "Tier" && IsMissingTier(answer) ? (answer.Message, null) : throw Failed($"{(dryRun ? "trying" : "applying")} {obj}", answer);
        }
    }

    /// <summary>The objects of one kind that an earlier application wrote, in all Namespaces.</summary>
    public async Task<List<ClusterObject>> ListOursAsync(string kind, CancellationToken cancellationToken)
    {
        var label = Uri.EscapeDataString($"{AntreaPolicyJson.ManagedByLabel}={AntreaPolicyJson.ManagedByValue}");
        return (await ListAsync(kind, $"?labelSelector={label}", cancellationToken).ConfigureAwait(false)).FindAll(IsOurs);
    }

    /// <summary>Every object of one kind, in all Namespaces.</summary>
    public Task<List<ClusterObject>> ListAllAsync(string kind, CancellationToken cancellationToken) => ListAsync(kind, "", cancellationToken);

    /// <summary>Whether an earlier application wrote an object: it has the label, and the annotation that says from what.</summary>
    public static bool IsOurs(ClusterObject obj) =>
        obj.Json["metadata"] is JsonObject metadata
        && (metadata["labels"] as JsonObject)?[AntreaPolicyJson.ManagedByLabel]?.ToString() == AntreaPolicyJson.ManagedByValue
        && (metadata["annotations"] as JsonObject)?[AntreaPolicyJson.OriginAnnotation] is not null;

    /// <summary>Deletes an object; success when it is already gone.</summary>
    public async Task DeleteAsync(ClusterObject obj, CancellationToken cancellationToken)
    {
        try
        {
            await api.DeleteAsync(PathOf(obj), cancellationToken).ConfigureAwait(false);
        }
        catch (KubernetesApiException e)
        {
            throw Failed($"deleting {obj}", e);
        }
    }

    private async Task<List<ClusterObject>> ListAsync(string kind, string query, CancellationToken cancellationToken)
    {
        try
        {
            var items = await api.ListAsync($"{Root}/{Plurals[kind]}{query}", cancellationToken).ConfigureAwait(false);
            return items is not null
                ? [.. items.Select(i => new ClusterObject(i, "cluster"))]
                : throw NotInstalled($"listing {Plurals[kind]}.crd.antrea.io: the cluster does not serve them");
        }
        catch (Exception e) when (AnswerOf(e) is { } answer)
        {
            throw Failed($"listing {Plurals[kind]}.crd.antrea.io", answer);
        }
    }

    private static string PathOf(ClusterObject obj) => obj.Namespace.Length == 0
        ? $"{Root}/{Plurals[obj.Kind]}/{obj.Name}"
        : $"{Root}/namespaces/{obj.Namespace}/{Plurals[obj.Kind]}/{obj.Name}";

    /// <summary>What the server answered; a 403 comes wrapped, and an admission webhook's refusal is one.</summary>
    private static KubernetesApiException? AnswerOf(Exception e) =>
        e as KubernetesApiException ?? (e as MigrationException)?.InnerException as KubernetesApiException;

    /// <summary>antrea-controller judges by a cache that may lag behind a new Tier (Antrea <c>networkpolicy/validate.go</c>).</summary>
    private static bool IsMissingTier(KubernetesApiException e) =>
        e.Code is HttpStatusCode.Forbidden or HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity
        && e.Message.Contains("tier", StringComparison.OrdinalIgnoreCase)
        && e.Message.Contains("exist", StringComparison.OrdinalIgnoreCase);

    private static MigrationException NotInstalled(string message, Exception? cause = null) =>
        new(message, "Install Antrea with its CustomResourceDefinitions first, and check that the Namespace still exists.", cause);

    private static MigrationException Failed(string what, KubernetesApiException e) => e.Code switch
    {
        HttpStatusCode.NotFound => NotInstalled($"{what}: {e.Message}", e),
        HttpStatusCode.Forbidden => new($"{what}: {e.Message}", "Grant the right that is missing, or remedy what the admission webhook says.", e),
        HttpStatusCode.InternalServerError => new(
            $"{what}: {e.Message}", "Check that antrea-controller runs: its webhooks must answer before policies can be written.", e),
        _ => new($"{what}: {e.Message}", "Remedy what the API server says and run again.", e),
    };
}
