using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Answers everything outside the resource API: versions, discovery, OpenAPI documents, health.</summary>
internal sealed class DiscoveryHandler(ApiServices services)
{
    private static readonly string[] AllVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    private static readonly string[] SubresourceVerbs = ["get", "patch", "update"];

    /// <summary>Answers a GET, or 404.</summary>
    public async Task HandleAsync(HttpContext http)
    {
        var path = http.Request.Path.Value ?? "/";
        if (!HttpMethods.IsGet(http.Request.Method))
        {
            throw ApiException.PathNotFound();
        }

        if (path is "/healthz" or "/livez" or "/readyz")
        {
            http.Response.ContentType = "text/plain";
            await http.Response.WriteAsync("ok", http.RequestAborted).ConfigureAwait(false);
            return;
        }

        if (path.StartsWith("/openapi/", StringComparison.Ordinal))
        {
            await new OpenApiDocuments(services.Catalog, services.Options.KubernetesVersion).AnswerAsync(http, path).ConfigureAwait(false);
            return;
        }

        var document = path.Split('/', StringSplitOptions.RemoveEmptyEntries) switch
        {
            ["version"] => Version(),
            ["api"] => new JsonObject
            {
                ["kind"] = "APIVersions",
                ["versions"] = new JsonArray("v1"),
                ["serverAddressByClientCIDRs"] =
                    new JsonArray(new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = http.Request.Host.Value }),
            },
            ["api", "v1"] => Resources("", "v1"),
            ["apis"] => new JsonObject
            {
                ["kind"] = "APIGroupList",
                ["apiVersion"] = "v1",
                ["groups"] = new JsonArray([.. services.Catalog.Groups().Select(g => Group(g.Group, g.Versions))]),
            },
            ["apis", var name] => services.Catalog.Groups().FirstOrDefault(g => g.Group == name) is { Versions: { } versions }
                ? With(Group(name, versions), "APIGroup")
                : throw ApiException.PathNotFound(),
            ["apis", var group, var version] => Resources(group, version),
            _ => throw ApiException.PathNotFound(),
        };
        await ApiCall.AnswerAsync(http, document, HttpStatusCode.OK, http.RequestAborted).ConfigureAwait(false);
    }

    private static JsonObject Group(string name, string[] versions) => new()
    {
        ["name"] = name,
        ["versions"] = new JsonArray([.. versions.Select(v => GroupVersion(name, v))]),
        ["preferredVersion"] = GroupVersion(name, versions[0]),
    };

    private static JsonObject GroupVersion(string group, string version) =>
        new() { ["groupVersion"] = $"{group}/{version}", ["version"] = version };

    private static JsonObject With(JsonObject obj, string kind)
    {
        obj["kind"] = kind;
        obj["apiVersion"] = "v1";
        return obj;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(t => (JsonNode)t)];

    private JsonObject Version()
    {
        var parts = services.Options.KubernetesVersion.TrimStart('v').Split('.');
        return new JsonObject
        {
            ["major"] = parts[0],
            ["minor"] = parts[1],
            ["gitVersion"] = services.Options.KubernetesVersion,
            ["gitCommit"] = "",
            ["gitTreeState"] = "clean",
            ["buildDate"] = "1970-01-01T00:00:00Z",
            ["goVersion"] = "",
            ["compiler"] = "antrea-migration-lab",
            ["platform"] = "linux/amd64",
        };
    }

    private JsonObject Resources(string group, string version)
    {
        var served = services.Catalog.All.Where(r => r.Type.Group == group && r.Version == version).ToList();
        if (served.Count == 0)
        {
            throw ApiException.PathNotFound();
        }

        var resources = new JsonArray();
        foreach (var resource in served)
        {
            var entry = Entry(resource, resource.Type.Plural, resource.Type.Kind, resource.IsReview ? ["create"] : AllVerbs);
            entry["singularName"] = resource.Singular;
            entry["shortNames"] = resource.ShortNames is [] ? null : Texts(resource.ShortNames);
            entry["categories"] = resource.Categories is [] ? null : Texts(resource.Categories);
            foreach (var empty in entry.Where(e => e.Value is null).Select(e => e.Key).ToList())
            {
                entry.Remove(empty);
            }

            resources.Add(entry);
            if (resource.HasStatus)
            {
                resources.Add(Entry(resource, resource.Type.Plural + "/status", resource.Type.Kind, SubresourceVerbs));
            }

            if (resource.HasScale)
            {
                resources.Add(Of(Entry(resource, resource.Type.Plural + "/scale", "Scale", SubresourceVerbs), "autoscaling", "v1"));
            }

            foreach (var (name, subGroup, subVersion, kind, verbs) in resource.Subresources)
            {
                resources.Add(Of(Entry(resource, $"{resource.Type.Plural}/{name}", kind, verbs), subGroup, subVersion));
            }
        }

        return new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = served[0].ApiVersion,
            ["resources"] = resources,
        };

        static JsonObject Entry(ServedResource resource, string name, string kind, string[] verbs) => new()
        {
            ["name"] = name,
            ["singularName"] = "",
            ["namespaced"] = resource.Type.Namespaced,
            ["kind"] = kind,
            ["verbs"] = Texts(verbs),
        };

        static JsonObject Of(JsonObject entry, string group, string version)
        {
            entry["group"] = group;
            entry["version"] = version;
            return entry;
        }
    }
}
