using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.StandIns.Kube;

/// <summary>Where the API server is and how one proves who one is: a bearer token and the cluster's CA.</summary>
internal sealed record KubeCredentials(Uri Server, string Token, string CaPem)
{
    private const string Account = "/var/run/secrets/kubernetes.io/serviceaccount";

    public X509Certificate2Collection Authorities
    {
        get
        {
            var found = new X509Certificate2Collection();
            found.ImportFromPem(CaPem);
            return found;
        }
    }

    /// <summary>Those of the Pod's own service account.</summary>
    public static KubeCredentials InCluster() => new(
        new Uri($"https://{Variable("KUBERNETES_SERVICE_HOST")}:{Variable("KUBERNETES_SERVICE_PORT")}/"),
        Read($"{Account}/token"),
        Read($"{Account}/ca.crt"));

    /// <summary>Those of a kubeconfig as <see cref="ToKubeconfig"/> writes it.</summary>
    public static KubeCredentials FromKubeconfig(string path)
    {
        var config = JsonNode.Parse(Read(path));
        var cluster = config.Items("clusters").First()["cluster"];
        return new KubeCredentials(
            new Uri(cluster.Text("server")!),
            config.Items("users").First()["user"].Text("token")!,
            Encoding.UTF8.GetString(Convert.FromBase64String(cluster.Text("certificate-authority-data")!)));
    }

    /// <summary>A kubeconfig in JSON, which is YAML as well.</summary>
    public string ToKubeconfig(string user) => new JsonObject
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Config",
        ["clusters"] = new JsonArray(new JsonObject
        {
            ["name"] = "local",
            ["cluster"] = new JsonObject
            {
                ["server"] = Server.ToString().TrimEnd('/'),
                ["certificate-authority-data"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(CaPem)),
            },
        }),
        ["users"] = new JsonArray(new JsonObject { ["name"] = user, ["user"] = new JsonObject { ["token"] = Token } }),
        ["contexts"] = new JsonArray(new JsonObject
        {
            ["name"] = "context",
            ["context"] = new JsonObject { ["cluster"] = "local", ["user"] = user },
        }),
        ["current-context"] = "context",
    }.ToJsonString();

    private static string Variable(string name) =>
        Environment.GetEnvironmentVariable(name) ?? throw new StandInException($"{name} is not set: this is no container of a cluster");

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException e)
        {
            throw new StandInException(e.Message, e);
        }
    }
}
