using System.Net;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Answers <c>pods/exec</c>: finds the Pod, its container and the command.</summary>
internal static class ExecHandler
{
    /// <summary>Runs a command in a Pod.</summary>
    public static async Task ExecAsync(ApiCall call)
    {
        var pod = call.Current();
        var container = Container(call, pod);
        string[] argv = [.. call.Http.Request.Query["command"].OfType<string>()];
        if (argv.Length == 0)
        {
            throw ApiException.BadRequest("you must specify at least 1 command for the container");
        }

        if (call.Services.Executor.ObstacleTo(pod) is { } obstacle)
        {
            throw new ApiException(HttpStatusCode.InternalServerError, "InternalError", $"error dialing backend: {obstacle}");
        }

        await ExecSession.RunAsync(
            call.Http,
            call.Services.Executor,
            new ExecRequest(
                pod, container, argv, call.QueryFlag("stdin"), call.QueryFlag("stdout"), call.QueryFlag("stderr"), call.QueryFlag("tty")),
            call.Aborted).ConfigureAwait(false);
    }

    private static string Container(ApiCall call, JsonObject pod)
    {
        if (pod.Text("spec", "nodeName") is null or "")
        {
            throw ApiException.BadRequest($"pod {call.Name} does not have a host assigned");
        }

        string[] names = [.. pod.Items("spec", "containers").Select(c => c.Text("name") ?? "")];
        var wanted = call.Query("container") is { Length: > 0 } asked
            ? asked
            : pod.Text("metadata", "annotations", "kubectl.kubernetes.io/default-container") ?? names.FirstOrDefault() ?? "";
        return names.Contains(wanted) ? wanted : throw ApiException.BadRequest($"container {wanted} is not valid for pod {call.Name}");
    }
}
