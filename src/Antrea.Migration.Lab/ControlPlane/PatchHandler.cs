using System.Net;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Answers the four kinds of PATCH.</summary>
internal static class PatchHandler
{
    private const string ApplyType = "application/apply-patch+yaml";

    /// <summary>PATCH of one object or of its status.</summary>
    public static async Task PatchAsync(ApiCall call)
    {
        var patch = await call.ReadJsonAsync().ConfigureAwait(false);
        if (call.ContentType != ApplyType)
        {
            var change = KeepUid(call, Change(call, patch));
            await call.AnswerAsync(call.Present(WriteHandler.Replace(call, change))).ConfigureAwait(false);
            return;
        }

        var applied = patch as JsonObject ?? throw ApiException.BadRequest("an apply patch is an object");
        var (result, created) = Apply(call, applied);
        await call.AnswerAsync(call.Present(result), created ? HttpStatusCode.Created : HttpStatusCode.OK).ConfigureAwait(false);
    }

    /// <summary>What a patch does to an object.</summary>
    /// <exception cref="ApiException">415: not a patch type, or not one for this kind.</exception>
    public static Func<JsonObject, JsonObject> Change(ApiCall call, JsonNode? patch) => call.ContentType switch
    {
        "application/json-patch+json" => current => JsonPatch.Apply(current, patch),
        "application/merge-patch+json" => current => MergePatch.Apply(current, patch),
        "application/strategic-merge-patch+json" when !call.Resource.IsCustom => current => StrategicMergePatch.Apply(current, patch),
        var other => throw ApiException.UnsupportedMediaType(
            "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
            + "application/merge-patch+json, application/apply-patch+yaml"
            + (call.Resource.IsCustom ? "" : ", application/strategic-merge-patch+json") + $" (got {other})"),
    };

    /// <summary>A patch that names another uid asks for what cannot be, while a replacement that does speaks of another object.</summary>
    private static Func<JsonObject, JsonObject> KeepUid(ApiCall call, Func<JsonObject, JsonObject> change) => current =>
    {
        var next = change(current);
        return next.Text("metadata", "uid") is { } uid && uid != current.UidOf()
            ? throw ApiException.Invalid(call.Type, call.Name, "metadata.uid", "FieldValueInvalid", $"Invalid value: \"{uid}\": field is immutable")
            : next;
    };

    private static (JsonObject Result, bool Created) Apply(ApiCall call, JsonObject applied)
    {
        if (call.Query("fieldManager") is not { Length: > 0 } manager)
        {
            throw new ApiException(
                HttpStatusCode.UnprocessableEntity,
                "Invalid",
                "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch");
        }

        if (applied.Text("apiVersion") is null || applied.Text("kind") is null)
        {
            throw ApiException.BadRequest("an apply patch needs apiVersion and kind");
        }

        if (applied.Text("kind") != call.Type.Kind || (applied.Text("metadata", "name") is { } name && name != call.Name))
        {
            throw ApiException.BadRequest(
                $"the apply patch is of {applied.Text("kind")} {applied.Text("metadata", "name")}, but the path is of {call.Type.Kind} {call.Name}");
        }

        JsonObject Merge(JsonObject live) => ServerSideApply.Apply(
            live, applied, manager, call.QueryFlag("force"), call.Resource.IsCustom, call.Store.Now);

        if (call.Store.Peek(call.Type, call.Namespace, call.Name) is not null)
        {
            return (WriteHandler.Replace(call, Merge), false);
        }

        if (call.Subresource.Length > 0)
        {
            throw ApiException.NotFound(call.Type.Plural, call.Name, call.Type.Group);
        }

        var empty = new JsonObject { ["metadata"] = new JsonObject { ["name"] = call.Name } };
        return (WriteHandler.Create(call, Merge(empty)), true);
    }
}
