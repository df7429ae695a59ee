using System.Globalization;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Execution;

/// <summary>The Pods to probe from: in a Namespace of their own, without any right, and gone afterwards.</summary>
/// <remarks>They run as nobody, read-only and without capabilities, hold no token, and listen on <see cref="Port"/>. Whoever installs them needs
/// leave to create and delete this Namespace, Deployments and a DaemonSet in it, to list Pods, and to <c>create</c> <c>pods/exec</c>.</remarks>
internal static class ProbeManifest
{
    public const string Namespace = "antrea-migration-probe";
    public const string Name = "probe";
    public const string Container = "probe";
    public const int Port = 8080;
    public const string NamespacePath = $"api/v1/namespaces/{Namespace}";

    /// <summary>The image that has what <see cref="ProbeCommands"/> need.</summary>
    public const string DefaultImage = "busybox:1.36";

    /// <summary>The Namespace: nothing in it may have any privilege.</summary>
    public static JsonObject RenderNamespace() => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Namespace",
        ["metadata"] = new JsonObject
        {
            ["name"] = Namespace,
            ["labels"] = new JsonObject { ["pod-security.kubernetes.io/enforce"] = "restricted" },
        },
    };

    /// <summary>One Pod on every Node.</summary>
    public static JsonObject RenderDaemonSet(string image) => Render("DaemonSet", Name, image, new JsonObject
    {
        ["updateStrategy"] = new JsonObject
        {
            ["type"] = "RollingUpdate",
            ["rollingUpdate"] = new JsonObject { ["maxUnavailable"] = "25%" },
        },
    });

    /// <summary>One Pod somewhere, whose successor is there before it goes: what it watches is never out of sight for long.</summary>
    public static JsonObject RenderDeployment(int number, string image) => Render("Deployment", NameOf(number), image, new JsonObject
    {
        ["replicas"] = 1,
        ["strategy"] = new JsonObject
        {
            ["type"] = "RollingUpdate",
            ["rollingUpdate"] = new JsonObject { ["maxSurge"] = 1, ["maxUnavailable"] = 0 },
        },
    });

    /// <summary>The name of a Deployment by its number.</summary>
    public static string NameOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{Name}-{number}");

    private static JsonObject Render(string kind, string name, string image, JsonObject spec)
    {
        spec["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = name } };
        spec["template"] = new JsonObject
        {
            ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = name, ["role"] = Name } },
            ["spec"] = new JsonObject
            {
                ["automountServiceAccountToken"] = false,
                ["enableServiceLinks"] = false,
                ["terminationGracePeriodSeconds"] = 1,
                ["tolerations"] = new JsonArray(new JsonObject { ["operator"] = "Exists" }),
                ["affinity"] = Spread(),
                ["securityContext"] = new JsonObject
                {
                    ["runAsNonRoot"] = true,
                    ["runAsUser"] = 65534,
                    ["seccompProfile"] = new JsonObject { ["type"] = "RuntimeDefault" },
                },
                ["containers"] = new JsonArray(new JsonObject
                {
                    ["name"] = Container,
                    ["image"] = image,
                    ["imagePullPolicy"] = "IfNotPresent",
                    ["command"] = new JsonArray("httpd", "-f", "-p", Port.ToString(CultureInfo.InvariantCulture), "-h", "/tmp"),
                    ["ports"] = new JsonArray(new JsonObject { ["containerPort"] = Port }),
                    ["readinessProbe"] = new JsonObject { ["tcpSocket"] = new JsonObject { ["port"] = Port }, ["periodSeconds"] = 1 },
                    ["resources"] = new JsonObject
                    {
                        ["requests"] = new JsonObject { ["cpu"] = "10m", ["memory"] = "16Mi" },
                        ["limits"] = new JsonObject { ["memory"] = "64Mi" },
                    },
                    ["securityContext"] = new JsonObject
                    {
                        ["allowPrivilegeEscalation"] = false,
                        ["readOnlyRootFilesystem"] = true,
                        ["capabilities"] = new JsonObject { ["drop"] = new JsonArray("ALL") },
                    },
                }),
            },
        };
        return new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = kind,
            ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = Namespace },
            ["spec"] = spec,
        };
    }

    /// <summary>Two of them rather not on one Node.</summary>
    private static JsonObject Spread() => new()
    {
        ["podAntiAffinity"] = new JsonObject
        {
            ["preferredDuringSchedulingIgnoredDuringExecution"] = new JsonArray(new JsonObject
            {
                ["weight"] = 1,
                ["podAffinityTerm"] = new JsonObject
                {
                    ["topologyKey"] = "kubernetes.io/hostname",
                    ["labelSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["role"] = Name } },
                },
            }),
        },
    };
}
