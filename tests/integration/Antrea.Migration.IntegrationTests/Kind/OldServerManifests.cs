using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Kind;

namespace Antrea.Migration.IntegrationTests.Kind;

/// <summary>The projects' own manifests, for a Node image as old as Kubernetes 1.20 and for stand-ins.</summary>
/// <remarks>
/// What is left out or changed, and nothing else: a PodDisruptionBudget is <c>policy/v1beta1</c> there; CustomResourceDefinitions lose the
/// validation rules that 1.20 does not know; Antrea's APIServices go, since the stand-in controller serves no API; a liveness probe that starts a
/// process does so once a minute, since those of 21 Nodes keep a small machine busy by themselves.
/// </remarks>
internal static class OldServerManifests
{
    private static readonly string[] UnknownIn120 = ["x-kubernetes-validations", "selectableFields", "messageExpression"];

    /// <summary>Skips the test, or fails it where the tier is required, when there are no manifests.</summary>
    public static void Require() => _ = Upstream();

    public static KindManifests All() => new(Read("calico-v3.26.1/calico.yaml"), Antrea(), Read("multus-v4.2.4/multus-daemonset.yml"));

    /// <summary>Writes them as the folder that <c>--manifests</c> names.</summary>
    public static void WriteTo(string folder)
    {
        var all = All();
        foreach (var (file, objects) in new[] { ("calico.yaml", all.Calico), ("antrea.yml", all.Antrea), ("multus-daemonset.yml", all.Multus) })
        {
            File.WriteAllText(Path.Combine(folder, file), string.Join("\n---\n", objects.Select(o => o.Json.ToJsonString())));
        }
    }

    /// <summary>Calico's CustomResourceDefinitions.</summary>
    public static ImmutableArray<ClusterObject> CalicoDefinitions() => Read("calico-v3.26.1/crds.yaml");

    public static ImmutableArray<ClusterObject> Antrea(string version = "v2.7.0") => Read($"antrea-{version}/antrea.yml");

    /// <summary>The definitions of the kinds that policies are converted to, of one release.</summary>
    public static ImmutableArray<ClusterObject> AntreaDefinitions(string version) =>
    [
        .. Read($"antrea-{version}/antrea-crds.yml")
            .Where(o => o.Name is "tiers.crd.antrea.io" or "clusternetworkpolicies.crd.antrea.io" or "networkpolicies.crd.antrea.io"),
    ];

    private static ImmutableArray<ClusterObject> Read(string file)
    {
        var folder = Upstream();
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

        foreach (var container in obj["spec"]?["template"]?["spec"]?["containers"]?.AsArray() ?? [])
        {
            if (container!["livenessProbe"] is JsonObject liveness && liveness.ContainsKey("exec"))
            {
                liveness["periodSeconds"] = 60;
            }
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

    private static string Upstream()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var candidate = Path.Combine(folder.FullName, "shared", "upstream");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        throw Requires.Missing(
            "manifests", "there is no folder shared/upstream above the tests; the projects' manifests are not part of the repository");
    }
}
