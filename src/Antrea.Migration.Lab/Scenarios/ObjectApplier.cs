using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Nodes;

namespace Antrea.Migration.Lab.Scenarios;

/// <summary>Puts manifests into the lab's store, as whoever built the cluster did: custom kinds right after their definitions.</summary>
internal static class ObjectApplier
{
    /// <summary>Creates every object of a manifest, or replaces the one that is there.</summary>
    /// <exception cref="FormatException">The text is no YAML, or holds a kind the cluster does not have.</exception>
    /// <param name="store">Where to.</param>
    /// <param name="yaml">The manifest.</param>
    /// <param name="definitions">CustomResourceDefinitions to take instead of those of the same name in the manifest.</param>
    public static void Apply(ObjectStore store, string yaml, ImmutableArray<ClusterObject> definitions)
    {
        foreach (var read in ManifestReader.Read(yaml))
        {
            var obj = definitions.FirstOrDefault(d => read.Text("kind") == d.Kind && read.NameOf() == d.Name)?.Json.Copy() ?? read;
            store.CreateOrReplace(Resolve(store, obj), obj);
        }
    }

    private static ResourceType Resolve(ObjectStore store, JsonObject obj)
    {
        var (apiVersion, kind) = (obj.Text("apiVersion") ?? "", obj.Text("kind") ?? "");
        var type = BuiltInResources.All.Select(r => r.Type).Concat(store.PeekAll(ResourceType.CustomResourceDefinition).SelectMany(Types))
            .FirstOrDefault(t => t.Kind == kind && t.ApiVersion == apiVersion)
            ?? throw new FormatException($"{kind}/{obj.NameOf()}: the cluster has no kind {kind} in {apiVersion}");
        if (type.Namespaced)
        {
            obj.Ensure("metadata").Default("namespace", "default");
        }

        return type;
    }

    private static IEnumerable<ResourceType> Types(JsonObject definition) =>
        from version in definition.Items("spec", "versions")
        where version.Flag("storage")
        select new ResourceType(
            definition.Text("spec", "group") ?? "",
            version.Text("name") ?? "",
            definition.Text("spec", "names", "kind") ?? "",
            definition.Text("spec", "names", "plural") ?? "",
            definition.Text("spec", "scope") == "Namespaced");
}
