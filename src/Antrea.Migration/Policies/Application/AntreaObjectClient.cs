using System.Net;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Application;

/// <summary>Applies, lists and deletes Antrea objects. Errors come out as <see cref="MigrationException"/>.</summary>
internal sealed class AntreaObjectClient(KubernetesApi api)
{
    private const string Root = "apis/crd.antrea.io/v1beta1";

    private static readonly Dictionary<string, string> Plurals = new(StringComparer.Ordinal)
    {
        ["Tier"] = "tiers",
        ["ClusterNetworkPolicy"] = "clusternetworkpolicies",
        ["NetworkPolicy"] = "networkpolicies",
    };

    /// <summary>Server-side apply. Fields that the server's schema lacks are refused: it would drop them, and widen the policy.</summary>
    /// <returns>Null when done; otherwise what the server said about a Tier that it does not know yet.</returns>
    public async Task<string?> ApplyAsync(ClusterObject obj, CancellationToken cancellationToken)
    {
        try
        {
            await api.ApplyAsync(PathOf(obj), obj.Json, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (Exception e) when (AnswerOf(e) is { } answer)
        {
            return obj.Kind != "Tier" && IsMissingTier(answer) ? answer.Message : throw Failed($"applying {obj}", answer);
        }
    }

    /// <summary>The objects of one kind that an earlier application wrote, in all Namespaces.</summary>
    public async Task<List<ClusterObject>> ListOursAsync(string kind, CancellationToken cancellationToken)
    {
        try
        {
            var label = Uri.EscapeDataString($"{AntreaPolicyJson.ManagedByLabel}={AntreaPolicyJson.ManagedByValue}");
            var items = await api.ListAsync($"{Root}/{Plurals[kind]}?labelSelector={label}", cancellationToken).ConfigureAwait(false);
            return items is not null
                ? [.. items.Select(i => new ClusterObject(i, "cluster"))]
                : throw NotInstalled($"listing {Plurals[kind]}.crd.antrea.io: the cluster does not serve them");
        }
        catch (KubernetesApiException e)
        {
            throw Failed($"listing {Plurals[kind]}.crd.antrea.io", e);
        }
    }

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
