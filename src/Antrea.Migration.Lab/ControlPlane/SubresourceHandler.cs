using System.Net;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Answers requests to <c>status</c>, <c>scale</c>, <c>finalize</c>, <c>binding</c>, <c>eviction</c> and <c>exec</c>.</summary>
internal static class SubresourceHandler
{
    /// <summary>Answers, or refuses what there is not.</summary>
    public static Task HandleAsync(ApiCall call) => (call.Subresource, call.Verb) switch
    {
        ("status", "get") when call.Resource.HasStatus => call.AnswerAsync(call.Present(call.Current())),
        ("status", "update") when call.Resource.HasStatus => WriteHandler.UpdateAsync(call),
        ("status", "patch") when call.Resource.HasStatus => PatchHandler.PatchAsync(call),
        ("scale", "get") when call.Resource.HasScale => call.AnswerAsync(ScaleOf(call.Current())),
        ("scale", "update") when call.Resource.HasScale => ReplaceScaleAsync(call),
        ("scale", "patch") when call.Resource.HasScale => PatchScaleAsync(call),
        ("finalize", "update") when call.Type == ResourceType.Namespace => FinalizeAsync(call),
        ("binding", "create") when call.Type == ResourceType.Pod => BindAsync(call),
        ("eviction", "create") when call.Type == ResourceType.Pod => EvictionHandler.EvictAsync(call),
        ("exec", _) when call.Type == ResourceType.Pod => ExecHandler.ExecAsync(call),
        ("log" or "attach" or "portforward" or "proxy" or "ephemeralcontainers", _) when call.Type == ResourceType.Pod =>
            throw new ApiException(HttpStatusCode.NotFound, "NotFound", $"the lab does not serve pods/{call.Subresource}"),
        ("status" or "scale" or "finalize" or "binding" or "eviction", _) when Exists(call) =>
            throw ApiException.MethodNotAllowed("the server does not allow this method on the requested resource"),
        _ => throw ApiException.PathNotFound(),
    };

    private static bool Exists(ApiCall call) => call.Subresource switch
    {
        "status" => call.Resource.HasStatus,
        "scale" => call.Resource.HasScale,
        "finalize" => call.Type == ResourceType.Namespace,
        _ => call.Resource.Subresources.Any(s => s.Name == call.Subresource),
    };

    private static JsonObject ScaleOf(JsonObject workload)
    {
        var scale = new JsonObject
        {
            ["kind"] = "Scale",
            ["apiVersion"] = "autoscaling/v1",
            ["metadata"] = new JsonObject(),
            ["spec"] = new JsonObject { ["replicas"] = workload.Number("spec", "replicas") ?? 0 },
            ["status"] = new JsonObject
            {
                ["replicas"] = workload.Number("status", "replicas") ?? 0,
                ["selector"] = string.Join(
                    ',', (workload.Object("spec", "selector", "matchLabels") ?? []).Select(e => $"{e.Key}={e.Value.Text()}")),
            },
        };
        foreach (var field in (string[])["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
        {
            scale["metadata"]![field] = workload.Text("metadata", field);
        }

        return scale;
    }

    private static async Task ReplaceScaleAsync(ApiCall call)
    {
        var scale = await call.ReadObjectAsync().ConfigureAwait(false);
        await ChangeScaleAsync(call, _ => scale).ConfigureAwait(false);
    }

    private static async Task PatchScaleAsync(ApiCall call)
    {
        var patch = await call.ReadJsonAsync().ConfigureAwait(false);
        await ChangeScaleAsync(call, PatchHandler.Change(call, patch)).ConfigureAwait(false);
    }

    private static Task ChangeScaleAsync(ApiCall call, Func<JsonObject, JsonObject> change)
    {
        var result = WriteHandler.Replace(call, current =>
        {
            var scale = change(ScaleOf(current));
            if (scale.Number("spec", "replicas") is not (>= 0 and <= int.MaxValue and var replicas))
            {
                throw ApiException.Invalid(
                    new ResourceType("autoscaling", "v1", "Scale", "scales", true), call.Name, "spec.replicas", "FieldValueInvalid",
                    "must be greater than or equal to 0");
            }

            current.Ensure("spec")["replicas"] = replicas;
            if (scale.Text("metadata", "resourceVersion") is { Length: > 0 } version)
            {
                current["metadata"]!["resourceVersion"] = version;
            }

            return current;
        });
        return call.AnswerAsync(ScaleOf(result));
    }

    private static async Task FinalizeAsync(ApiCall call)
    {
        var wanted = await call.ReadObjectAsync().ConfigureAwait(false);
        var result = WriteHandler.Replace(call, current =>
        {
            current.Ensure("spec")["finalizers"] = wanted.At("spec", "finalizers")?.DeepClone() ?? new JsonArray();
            return current;
        });
        await call.AnswerAsync(result).ConfigureAwait(false);
    }

    private static async Task BindAsync(ApiCall call)
    {
        var binding = await call.ReadObjectAsync().ConfigureAwait(false);
        var node = binding.Text("target", "name")
            ?? throw ApiException.Invalid(call.Type, call.Name, "target.name", "FieldValueRequired", "Required value");
        call.Current();
        if (!call.DryRun && !PodBinding.Bind(call.Store, call.Namespace, call.Name, node))
        {
            throw new ApiException(
                HttpStatusCode.Conflict, "Conflict",
                $"Operation cannot be fulfilled on pods/binding \"{call.Name}\": pod {call.Name} is being deleted or is already assigned to a node");
        }

        await call.AnswerAsync(Success(), HttpStatusCode.Created).ConfigureAwait(false);
    }

    /// <summary>The Status of something that worked.</summary>
    public static JsonObject Success() => new()
    {
        ["kind"] = "Status",
        ["apiVersion"] = "v1",
        ["metadata"] = new JsonObject(),
        ["status"] = "Success",
        ["code"] = (int)HttpStatusCode.Created,
    };
}

/// <summary>Gives a Pod its Node.</summary>
internal static class PodBinding
{
    /// <summary>False when the Pod is gone, going, or has a Node already.</summary>
    public static bool Bind(ObjectStore store, string @namespace, string name, string node) =>
        store.Mutate(ResourceType.Pod, @namespace, name, pod =>
        {
            if (pod.IsTerminating() || pod.Text("spec", "nodeName") is { Length: > 0 })
            {
                return false;
            }

            pod.Ensure("spec")["nodeName"] = node;
            pod.Ensure("status").SetCondition("PodScheduled", true, null, null, store.Now);
            return true;
        }) is not null;
}
