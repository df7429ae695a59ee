using System.Text.Json.Nodes;

namespace Antrea.Migration.Execution;

/// <summary>The migration's own privileged DaemonSet: one sleeping Pod a Node, with the host's files in it.</summary>
internal static class NodeAgentManifest
{
    public const string Namespace = "antrea-migration";
    public const string Name = "antrea-migration-node-agent";
    public const string Container = "agent";

    /// <summary>Where the Node's files are in it.</summary>
    public const string HostFiles = "/host";

    public const string NamespacePath = $"api/v1/namespaces/{Namespace}";
    public const string DaemonSetPath = $"apis/apps/v1/namespaces/{Namespace}/daemonsets/{Name}";

    public const string PodsPath = $"api/v1/namespaces/{Namespace}/pods?labelSelector=app%3D{Name}";

    /// <summary>The Namespace first, then the DaemonSet.</summary>
    public static IEnumerable<JsonObject> Render(string image)
    {
        yield return RenderNamespace();
        yield return new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "DaemonSet",
            ["metadata"] = new JsonObject { ["name"] = Name, ["namespace"] = Namespace },
            ["spec"] = new JsonObject
            {
                ["selector"] = new JsonObject { ["matchLabels"] = Labels() },
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = Labels() },
                    ["spec"] = new JsonObject
                    {
                        ["hostNetwork"] = true,
                        ["hostPID"] = true,
                        ["priorityClassName"] = "system-node-critical",
                        ["terminationGracePeriodSeconds"] = 1,
                        ["automountServiceAccountToken"] = false,
                        ["tolerations"] = new JsonArray(new JsonObject { ["operator"] = "Exists" }),
                        ["containers"] = new JsonArray(new JsonObject
                        {
                            ["name"] = Container,
                            ["image"] = image,
                            ["imagePullPolicy"] = "IfNotPresent",
                            ["command"] = new JsonArray("sleep", "2147483647"),
                            ["securityContext"] = new JsonObject { ["privileged"] = true },
                            ["volumeMounts"] = new JsonArray(
                                new JsonObject { ["name"] = "host", ["mountPath"] = HostFiles }),
                        }),
                        ["volumes"] = new JsonArray(new JsonObject
                        {
                            ["name"] = "host",
                            ["hostPath"] = new JsonObject { ["path"] = "/" },
                        }),
                    },
                },
            },
        };
    }

    /// <summary>The Namespace of the DaemonSet and of the journal.</summary>
    public static JsonObject RenderNamespace() => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Namespace",
        ["metadata"] = new JsonObject
        {
            ["name"] = Namespace,
            ["labels"] = new JsonObject { ["pod-security.kubernetes.io/enforce"] = "privileged" },
        },
    };

    private static JsonObject Labels() => new() { ["app"] = Name };
}
