using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.AntreaApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Antrea.Migration.Policies.Application;

/// <summary>Applies, lists and deletes Antrea objects through the API server. Errors come out as <see cref="MigrationException"/>.</summary>
internal sealed class AntreaObjectClient(IKubernetes kubernetes)
{
    /// <summary>Who owns the fields that are written.</summary>
    public const string FieldManager = "antrea-migrator";

    private const string Group = "crd.antrea.io";
    private const string Version = "v1beta1";
    private const int PageSize = 500;

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
        var patch = new V1Patch(obj.Json.ToJsonString(), V1Patch.PatchType.ApplyPatch);
        try
        {
            if (obj.Namespace.Length == 0)
            {
                await kubernetes.CustomObjects.PatchClusterCustomObjectAsync<JsonObject>(
                    patch, Group, Version, Plurals[obj.Kind], obj.Name,
                    fieldManager: FieldManager, fieldValidation: "Strict", force: true, cancellationToken: cancellationToken)
                    .ConfigureAwait(false);
            }
            else
            {
                await kubernetes.CustomObjects.PatchNamespacedCustomObjectAsync<JsonObject>(
                    patch, Group, Version, obj.Namespace, Plurals[obj.Kind], obj.Name,
                    fieldManager: FieldManager, fieldValidation: "Strict", force: true, cancellationToken: cancellationToken)
                    .ConfigureAwait(false);
            }

            return null;
        }
        catch (HttpOperationException e) when (obj.Kind != "Tier" && IsMissingTier(e))
        {
            return e.Response.Content;
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            throw Failed($"applying {obj}", e);
        }
    }

    /// <summary>The objects of one kind that an earlier application wrote, in all Namespaces.</summary>
    public async Task<List<ClusterObject>> ListOursAsync(string kind, CancellationToken cancellationToken)
    {
        var label = $"{AntreaPolicyJson.ManagedByLabel}={AntreaPolicyJson.ManagedByValue}";
        var found = new List<ClusterObject>();
        string? next = null;
        try
        {
            do
            {
                var page = await kubernetes.CustomObjects.ListClusterCustomObjectAsync<JsonObject>(
                    Group, Version, Plurals[kind], continueParameter: next, labelSelector: label, limit: PageSize,
                    cancellationToken: cancellationToken).ConfigureAwait(false);
                foreach (var item in (page["items"] as JsonArray ?? []).OfType<JsonObject>())
                {
                    item["apiVersion"] ??= AntreaPolicyJson.ApiVersion;
                    item["kind"] ??= kind;
                    found.Add(new ClusterObject((JsonObject)item.DeepClone(), "cluster"));
                }

                next = page["metadata"]?["continue"]?.ToString();
            }
            while (!string.IsNullOrEmpty(next));
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            throw Failed($"listing {Plurals[kind]}.{Group}", e);
        }

        return found;
    }

    /// <summary>Deletes an object; success when it is already gone.</summary>
    public async Task DeleteAsync(ClusterObject obj, CancellationToken cancellationToken)
    {
        try
        {
            if (obj.Namespace.Length == 0)
            {
                await kubernetes.CustomObjects.DeleteClusterCustomObjectAsync<JsonObject>(
                    Group, Version, Plurals[obj.Kind], obj.Name, cancellationToken: cancellationToken).ConfigureAwait(false);
            }
            else
            {
                await kubernetes.CustomObjects.DeleteNamespacedCustomObjectAsync<JsonObject>(
                    Group, Version, obj.Namespace, Plurals[obj.Kind], obj.Name, cancellationToken: cancellationToken).ConfigureAwait(false);
            }
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            // Somebody else removed it; gone is what was wanted.
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            throw Failed($"deleting {obj}", e);
        }
    }

    /// <summary>antrea-controller judges by a cache that may lag behind a new Tier (Antrea <c>networkpolicy/validate.go</c>).</summary>
    private static bool IsMissingTier(HttpOperationException e) =>
        e.Response.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.BadRequest or HttpStatusCode.UnprocessableEntity
        && (e.Response.Content ?? "").Contains("tier", StringComparison.OrdinalIgnoreCase)
        && (e.Response.Content ?? "").Contains("exist", StringComparison.OrdinalIgnoreCase);

    /// <summary>What the client throws for an answer that is an error, for no answer, and for its own timeout.</summary>
    private static bool IsFailure(Exception e, CancellationToken cancellationToken) =>
        e is HttpOperationException or HttpRequestException
        || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private static MigrationException Failed(string what, Exception e)
    {
        if (e is not HttpOperationException http)
        {
            return new MigrationException($"{what}: the API server could not be reached: {e.Message}", "Make the API server reachable and run again.", e);
        }

        var next = http.Response.StatusCode switch
        {
            HttpStatusCode.NotFound => "Install Antrea with its CustomResourceDefinitions first, and check that the Namespace still exists.",
            HttpStatusCode.Forbidden => "Grant the right that is missing, or remedy what the admission webhook says.",
            HttpStatusCode.InternalServerError => "Check that antrea-controller runs: its webhooks must answer before policies can be written.",
            _ => "Remedy what the API server says and run again.",
        };
        return new MigrationException($"{what}: {(int)http.Response.StatusCode} {http.Response.Content}", next, e);
    }
}
