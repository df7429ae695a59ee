using System.Net;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Answers delete and deletecollection.</summary>
internal static class DeleteHandler
{
    /// <summary>Keeps an owner until the garbage collector has deleted what blocks it.</summary>
    public const string ForegroundFinalizer = "foregroundDeletion";

    /// <summary>Keeps an owner until the garbage collector has taken it out of its dependents' references.</summary>
    public const string OrphanFinalizer = "orphan";

    /// <summary>DELETE of one object.</summary>
    public static async Task DeleteAsync(ApiCall call)
    {
        var options = await ReadOptionsAsync(call).ConfigureAwait(false);
        var last = Delete(call, call.Namespace, call.Name, options, call.DryRun);
        var gone = call.Store.Peek(call.Type, call.Namespace, call.Name)?.UidOf() != last.UidOf();
        await call.AnswerAsync(gone && !ReturnsObject(call.Type) ? Success(call, last) : call.Present(last)).ConfigureAwait(false);
    }

    /// <summary>DELETE of a collection: every selected object, and the list of them as the answer.</summary>
    public static async Task DeleteCollectionAsync(ApiCall call)
    {
        var options = await ReadOptionsAsync(call).ConfigureAwait(false);
        var selection = new ObjectSelection(call);
        var items = new JsonArray();
        foreach (var item in call.Store.PeekAll(call.Type).Where(selection.Includes))
        {
            items.Add(call.Present(Delete(call, item.NamespaceOf(), item.NameOf(), options, call.DryRun)).Copy());
        }

        await call.AnswerAsync(new JsonObject
        {
            ["kind"] = call.Resource.ListKind,
            ["apiVersion"] = call.Resource.ApiVersion,
            ["metadata"] = new JsonObject { ["resourceVersion"] = call.Store.Version.ToString(System.Globalization.CultureInfo.InvariantCulture) },
            ["items"] = items,
        }).ConfigureAwait(false);
    }

    /// <summary>Deletes an object with the options of a DELETE or an eviction.</summary>
    /// <returns>The object as it is now, or as it last was.</returns>
    /// <exception cref="ApiException">404, or 409 for a precondition.</exception>
    public static JsonObject Delete(ApiCall call, string @namespace, string name, JsonObject options, bool dryRun)
    {
        var type = call.Type;
        var current = call.Store.Peek(type, @namespace, name) ?? throw ApiException.NotFound(type.Plural, name, type.Group);
        CheckPreconditions(type, current, options.Object("preconditions"));
        if (dryRun)
        {
            return current;
        }

        var finalizer = options.Text("propagationPolicy") switch
        {
            "Foreground" => ForegroundFinalizer,
            "Orphan" => OrphanFinalizer,
            null when options.Flag("orphanDependents") => OrphanFinalizer,
            null or "Background" => null,
            var other => throw ApiException.Invalid(
                new ResourceType("meta.k8s.io", "v1", "DeleteOptions", "", false), "", "propagationPolicy", "FieldValueNotSupported",
                $"Unsupported value: \"{other}\": supported values: \"Background\", \"Foreground\", \"Orphan\""),
        };
        if (finalizer is not null && !current.IsTerminating())
        {
            call.Store.Mutate(type, @namespace, name, obj =>
            {
                var metadata = obj.Ensure("metadata");
                var finalizers = metadata["finalizers"] as JsonArray ?? [];
                if (finalizers.Any(f => f.Text() == finalizer))
                {
                    return false;
                }

                metadata["finalizers"] = new JsonArray([.. finalizers.Select(f => f?.DeepClone()), finalizer]);
                return true;
            });
        }

        return call.Store.MarkForDeletion(type, @namespace, name, GraceOf(type, current, options)) ?? current;
    }

    /// <summary>How long an object may take to go, in seconds: what the options say, or the Pod's own time; 0 for other kinds.</summary>
    public static long GraceOf(ResourceType type, JsonObject obj, JsonObject? options)
    {
        // Nobody has to be asked to stop a Pod that never started or has ended.
        if (type != ResourceType.Pod || obj.Text("spec", "nodeName") is null or "" || obj.Text("status", "phase") is "Succeeded" or "Failed")
        {
            return 0;
        }

        return Math.Max(0, options.Number("gracePeriodSeconds") ?? obj.Number("spec", "terminationGracePeriodSeconds") ?? 30);
    }

    private static void CheckPreconditions(ResourceType type, JsonObject current, JsonObject? preconditions)
    {
        foreach (var (field, there) in ((string, string?)[])
            [("uid", current.UidOf()), ("resourceVersion", current.Text("metadata", "resourceVersion"))])
        {
            if (preconditions.Text(field) is { } wanted && wanted != there)
            {
                throw new ApiException(
                    HttpStatusCode.Conflict,
                    "Conflict",
                    $"Operation cannot be fulfilled on {type.QualifiedPlural} \"{current.NameOf()}\": Precondition failed: "
                    + $"{field} in precondition: {wanted}, {field} in object meta: {there}")
                {
                    Details = new JsonObject { ["name"] = current.NameOf(), ["group"] = type.Group, ["kind"] = type.Plural },
                };
            }
        }
    }

    private static async Task<JsonObject> ReadOptionsAsync(ApiCall call)
    {
        var options = await call.ReadJsonAsync().ConfigureAwait(false) as JsonObject ?? [];
        foreach (var field in (string[])["propagationPolicy", "orphanDependents", "gracePeriodSeconds"])
        {
            if (call.Query(field) is { Length: > 0 } value)
            {
                options[field] = long.TryParse(value, out var number) ? number : bool.TryParse(value, out var flag) ? flag : value;
            }
        }

        if (options.Texts("dryRun").Contains("All") && !call.DryRun)
        {
            call.Http.Request.QueryString = call.Http.Request.QueryString.Add("dryRun", "All");
        }

        return options;
    }

    /// <summary>The kinds whose API gives the deleted object back instead of a Status.</summary>
    private static bool ReturnsObject(ResourceType type) =>
        type == ResourceType.Pod || type == ResourceType.Service || type == ResourceType.ServiceAccount
        || type is { Group: "", Kind: "PersistentVolumeClaim" or "ResourceQuota" };

    private static JsonObject Success(ApiCall call, JsonObject last) => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Success",
        ["details"] = new JsonObject
        {
            ["name"] = last.NameOf(),
            ["group"] = call.Type.Group,
            ["kind"] = call.Type.Plural,
            ["uid"] = last.UidOf(),
        },
    };
}
