using System.Text.Json.Nodes;
using k8s;

namespace Antrea.Migration.Lab.ControlPlane.Real;

/// <summary>Where a server has the lab's kinds: under the version the lab stores them in, or its own preferred one.</summary>
/// <remarks>Kubernetes 1.20 has disruption budgets in <c>policy/v1beta1</c> only, for example; the fields the lab uses are the same.</remarks>
internal sealed class ApiPaths
{
    private readonly Dictionary<string, string[]> _versions;

    private ApiPaths(Dictionary<string, string[]> versions) => _versions = versions;

    /// <summary>Asks the server for its groups.</summary>
    public static async Task<ApiPaths> ReadAsync(Kubernetes client, CancellationToken cancellationToken)
    {
        var groups = await client.Apis.GetAPIVersionsAsync(cancellationToken).ConfigureAwait(false);
        return new ApiPaths(groups.Groups.ToDictionary(
            g => g.Name,
            g => g.Versions.Select(v => v.Version).OrderByDescending(v => v == g.PreferredVersion?.Version).ToArray()));
    }

    /// <summary>A kind's <c>apiVersion</c> on this server.</summary>
    public string ApiVersionOf(ResourceType type) =>
        _versions.TryGetValue(type.Group, out var versions) && !versions.Contains(type.Version)
            ? $"{type.Group}/{versions[0]}"
            : type.ApiVersion;

    /// <summary>The path of an object, of a Namespace's objects (no name), or of all objects (neither).</summary>
    public string Of(ResourceType type, string @namespace = "", string name = "", string subresource = "")
    {
        var version = ApiVersionOf(type);
        return string.Concat(
            version.Contains('/', StringComparison.Ordinal) ? "apis/" : "api/",
            version,
            type.Namespaced && @namespace.Length > 0 ? $"/namespaces/{@namespace}" : "",
            "/",
            type.Plural,
            name.Length > 0 ? "/" + name : "",
            subresource.Length > 0 ? "/" + subresource : "");
    }
}
