using System.Net;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Answers create and update, and carries out the writing half of patches.</summary>
internal static class WriteHandler
{
    private const int Attempts = 5;

    /// <summary>POST to a collection.</summary>
    public static async Task CreateAsync(ApiCall call)
    {
        var obj = await call.ReadObjectAsync().ConfigureAwait(false);
        await call.AnswerAsync(call.Present(Create(call, obj)), HttpStatusCode.Created).ConfigureAwait(false);
    }

    /// <summary>PUT of one object.</summary>
    public static async Task UpdateAsync(ApiCall call)
    {
        var obj = await call.ReadObjectAsync().ConfigureAwait(false);
        if (call.Resource.IsCustom && obj.Text("metadata", "resourceVersion") is null or "")
        {
            throw ApiException.Invalid(
                call.Type, call.Name, "metadata.resourceVersion", "FieldValueInvalid", "Invalid value: 0x0: must be specified for an update");
        }

        await call.AnswerAsync(call.Present(Replace(call, _ => obj.Copy()))).ConfigureAwait(false);
    }

    /// <summary>POST of a SelfSubjectAccessReview: whoever has the token may do everything.</summary>
    public static async Task AllowAsync(ApiCall call)
    {
        var review = await call.ReadObjectAsync().ConfigureAwait(false);
        review["status"] = new JsonObject { ["allowed"] = true, ["reason"] = "the lab has one user, who may do everything" };
        await call.AnswerAsync(review, HttpStatusCode.Created).ConfigureAwait(false);
    }

    /// <summary>Completes, checks and stores a new object.</summary>
    /// <exception cref="ApiException">It may not be created.</exception>
    /// <exception cref="StoreConflictException">The store refuses it.</exception>
    public static JsonObject Create(ApiCall call, JsonObject obj)
    {
        var metadata = obj.Ensure("metadata");
        if (metadata.Text("resourceVersion") is { Length: > 0 })
        {
            throw ApiException.BadRequest("resourceVersion should not be set on objects to be created");
        }

        if (metadata.Text("name") is null or "" && metadata.Text("generateName") is { Length: > 0 } prefix)
        {
            metadata["name"] = prefix + RandomNames.Suffix();
        }

        CheckIdentity(call, obj, metadata.Text("name") ?? "");
        CheckNamespace(call);
        obj["apiVersion"] = call.Type.ApiVersion;
        obj["kind"] = call.Type.Kind;
        if (call.Resource.HasStatus && call.Type != ResourceType.Node)
        {
            obj.Remove("status");
        }

        ObjectValidation.Validate(call.Type, obj, null);
        return call.Store.Create(call.Type, obj, call.DryRun);
    }

    /// <summary>Changes an object as its subresource allows. Without a resourceVersion of the caller's own, a change that
    /// comes in between is not an error: the change is made again on the newer object.</summary>
    /// <param name="call">The request.</param>
    /// <param name="change">Makes the wanted object out of the present one.</param>
    public static JsonObject Replace(ApiCall call, Func<JsonObject, JsonObject> change)
    {
        for (var attempt = 1; ; attempt++)
        {
            var current = call.Current();
            var next = change(call.Present(current).Copy());
            CheckIdentity(call, next, call.Name);
            next["apiVersion"] = call.Type.ApiVersion;
            next["kind"] = call.Type.Kind;
            next = Allowed(call, next, current);
            ObjectValidation.ValidateUpdate(call.Type, next, current);
            var seen = current.Text("metadata", "resourceVersion");
            if (next.Text("metadata", "resourceVersion") is null or "")
            {
                next.Ensure("metadata")["resourceVersion"] = seen;
            }

            ObjectValidation.Validate(call.Type, next, current);
            try
            {
                return call.Store.Update(call.Type, next, call.DryRun);
            }
            catch (StoreConflictException refusal)
                when (refusal.Reason == "Conflict" && attempt < Attempts && next.Text("metadata", "resourceVersion") == seen)
            {
                // Somebody else was faster; look again.
            }
        }
    }

    /// <summary>A Namespace that is missing or going takes no new objects.</summary>
    public static void CheckNamespace(ApiCall call)
    {
        if (!call.Type.Namespaced)
        {
            return;
        }

        var space = call.Store.Peek(ResourceType.Namespace, "", call.Namespace)
            ?? throw ApiException.NotFound("namespaces", call.Namespace);
        if (space.IsTerminating())
        {
            throw new ApiException(
                HttpStatusCode.Forbidden,
                "Forbidden",
                $"unable to create new content in namespace {call.Namespace} because it is being terminated")
            {
                Details = new JsonObject
                {
                    ["kind"] = call.Type.Plural,
                    ["causes"] = new JsonArray(new JsonObject
                    {
                        ["reason"] = "NamespaceTerminating",
                        ["message"] = $"namespace {call.Namespace} is being terminated",
                        ["field"] = "metadata.namespace",
                    }),
                },
            };
        }
    }

    /// <summary>What of the wanted object this subresource may change: status alone, or everything but status.</summary>
    private static JsonObject Allowed(ApiCall call, JsonObject next, JsonObject current)
    {
        if (call.Subresource == "status")
        {
            var result = current.Copy();
            result["status"] = next["status"]?.DeepClone();
            result["metadata"]!["resourceVersion"] = next.Text("metadata", "resourceVersion");
            if (!call.Resource.IsCustom)
            {
                result["metadata"] = next["metadata"]?.DeepClone();
            }

            return result;
        }

        if (call.Resource.HasStatus)
        {
            next.Remove("status");
            if (current["status"] is { } status)
            {
                next["status"] = status.DeepClone();
            }
        }

        return next;
    }

    private static void CheckIdentity(ApiCall call, JsonObject obj, string name)
    {
        var (apiVersion, kind) = (obj.Text("apiVersion"), obj.Text("kind"));
        if ((apiVersion is { Length: > 0 } && apiVersion != call.Resource.ApiVersion) || (kind is { Length: > 0 } && kind != call.Type.Kind))
        {
            throw ApiException.BadRequest(
                $"the object in the request is {apiVersion} {kind}, but the path is for {call.Resource.ApiVersion} {call.Type.Kind}");
        }

        var metadata = obj.Ensure("metadata");
        if (metadata.Text("namespace") is { Length: > 0 } space && space != call.Namespace)
        {
            throw ApiException.BadRequest("the namespace of the provided object does not match the namespace sent on the request");
        }

        if (call.Type.Namespaced)
        {
            metadata["namespace"] = call.Namespace;
        }
        else
        {
            metadata.Remove("namespace");
        }

        if (metadata["name"] is not null && metadata.Text("name") is null)
        {
            throw ApiException.BadRequest("metadata.name must be a string");
        }

        metadata.Default("name", name);
        if (name.Length > 0 && metadata.Text("name") != name)
        {
            throw ApiException.BadRequest(
                $"the name of the object ({metadata.Text("name")}) does not match the name on the URL ({name})");
        }

        ObjectValidation.ValidateName(call.Type, name);
    }
}
