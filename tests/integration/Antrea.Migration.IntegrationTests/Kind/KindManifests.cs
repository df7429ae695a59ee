using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>The projects' own manifests, for a Node image as old as Kubernetes 1.20 and for stand-ins.</summary>
/// <remarks>
/// What is left out or changed, and nothing else: a PodDisruptionBudget is <c>policy/v1beta1</c> there; CustomResourceDefinitions lose the
/// validation rules that 1.20 does not know; Antrea's APIServices go, since the stand-in controller serves no API.
/// </remarks>
internal static class KindManifests
{
    private static readonly string[] UnknownIn120 = ["x-kubernetes-validations", "selectableFields", "messageExpression"];

    public static ImmutableArray<ClusterObject> Calico(Action<JsonObject> changeNode)
    {
        var objects = Read("calico-v3.26.1/calico.yaml");
        changeNode(objects.First(o => o is { Kind: "DaemonSet", Name: "calico-node" }).Json);
        return objects;
    }

    public static ImmutableArray<ClusterObject> Antrea() => Read("antrea-v2.7.0/antrea.yml");

    public static ImmutableArray<ClusterObject> Multus() => Read("multus-v4.2.4/multus-daemonset.yml");

    private static ImmutableArray<ClusterObject> Read(string file)
    {
        var folder = Upstream() ?? throw Requires.Missing(
            "manifests", "there is no folder shared/upstream above the tests; the projects' manifests are not part of the repository");
        return
        [
            .. ObjectReader.Read(File.ReadAllText(Path.Combine(folder, file)), file)
                .Where(o => o.Kind != "APIService").Select(o => new ClusterObject(For120((JsonObject)o.Json.DeepClone()), o.Source)),
        ];
    }

    private static JsonObject For120(JsonObject obj)
    {
        if (obj["kind"]!.ToString() == "PodDisruptionBudget")
        {
            obj["apiVersion"] = "policy/v1beta1";
        }
        else if (obj["kind"]!.ToString() == "CustomResourceDefinition")
        {
            Prune(obj["spec"]);
        }

        return obj;
    }

    private static void Prune(JsonNode? node)
    {
        if (node is JsonArray array)
        {
            foreach (var item in array)
            {
                Prune(item);
            }
        }
        else if (node is JsonObject obj)
        {
            foreach (var unknown in UnknownIn120)
            {
                obj.Remove(unknown);
            }

            foreach (var (_, value) in obj)
            {
                Prune(value);
            }
        }
    }

    private static string? Upstream()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "upstream");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        return null;
    }
}
