using System.Globalization;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>What kubectl shows of a Pod. The rules are those of the API server's printer (<c>printPod</c>).</summary>
internal static class PodColumns
{
    /// <summary><c>1/2</c>: ready containers of all.</summary>
    public static string Ready(JsonObject pod) => string.Create(
        CultureInfo.InvariantCulture,
        $"{pod.Items("status", "containerStatuses").Count(c => c.Flag("ready") && c.Object("state", "running") is not null)}"
        + $"/{pod.Items("spec", "containers").Count()}");

    /// <summary>The sum of the containers' restarts.</summary>
    public static string Restarts(JsonObject pod) =>
        pod.Items("status", "containerStatuses").Sum(c => c.Number("restartCount") ?? 0).ToString(CultureInfo.InvariantCulture);

    /// <summary>The phase, or whatever is more telling: <c>Terminating</c>, <c>ContainerCreating</c>, <c>Init:0/1</c>…</summary>
    public static string Status(JsonObject pod)
    {
        if (pod.IsTerminating())
        {
            return pod.Text("status", "reason") == "NodeLost" ? "Unknown" : "Terminating";
        }

        return Initializing(pod) ?? Containers(pod);
    }

    private static string? Initializing(JsonObject pod)
    {
        var done = 0;
        foreach (var container in pod.Items("status", "initContainerStatuses"))
        {
            var state = container.Object("state");
            if (state.Object("terminated") is { } ended)
            {
                if (ended.Number("exitCode") is 0)
                {
                    done++;
                    continue;
                }

                return "Init:" + (ended.Text("reason") ?? $"ExitCode:{ended.Number("exitCode")}");
            }

            return state.Text("waiting", "reason") is { } reason and not "PodInitializing"
                ? "Init:" + reason
                : string.Create(CultureInfo.InvariantCulture, $"Init:{done}/{pod.Items("spec", "initContainers").Count()}");
        }

        return null;
    }

    private static string Containers(JsonObject pod)
    {
        var status = pod.Text("status", "reason") ?? pod.Text("status", "phase") ?? "Unknown";
        var running = false;
        foreach (var container in pod.Items("status", "containerStatuses").Reverse())
        {
            var state = container.Object("state");
            if (state.Text("waiting", "reason") is { Length: > 0 } waiting)
            {
                status = waiting;
            }
            else if (state.Object("terminated") is { } ended)
            {
                status = ended.Text("reason") ?? $"ExitCode:{ended.Number("exitCode")}";
            }
            else if (state.Object("running") is not null && container.Flag("ready"))
            {
                running = true;
            }
        }

        return (status, running) switch
        {
            ("Completed", true) => pod.ConditionIsTrue("Ready") ? "Running" : "NotReady",
            _ => status,
        };
    }
}
