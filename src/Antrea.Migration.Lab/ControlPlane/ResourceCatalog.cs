using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Every kind the API server serves: the built-in ones, and those of the CustomResourceDefinitions in the store.</summary>
/// <remarks>A CustomResourceDefinition counts from the write on, before its writer gets the answer. Thread-safe.</remarks>
internal sealed class ResourceCatalog
{
    private volatile ImmutableSortedDictionary<string, ImmutableArray<ServedResource>> _custom =
        ImmutableSortedDictionary.Create<string, ImmutableArray<ServedResource>>(StringComparer.Ordinal);

    /// <summary>Follows the CustomResourceDefinitions of a store.</summary>
    public ResourceCatalog(ObjectStore store) => store.Follow(OnEvent);

    /// <summary>Everything served, built-in kinds first.</summary>
    public IEnumerable<ServedResource> All => BuiltInResources.All.Concat(_custom.Values.SelectMany(r => r));

    /// <summary>The resource at <c>/apis/GROUP/VERSION/PLURAL</c>; null when there is none.</summary>
    public ServedResource? Find(string group, string version, string plural) =>
        All.FirstOrDefault(r => r.Type.Group == group && r.Version == version && r.Type.Plural == plural);

    /// <summary>The served API groups except the core one, with their versions, the preferred one first.</summary>
    public IEnumerable<(string Group, string[] Versions)> Groups() => All
        .Where(r => r.Type.Group.Length > 0)
        .GroupBy(r => r.Type.Group)
        .Select(g => (g.Key, g.Select(r => r.Version).Distinct().OrderDescending(ApiVersionOrder.Instance).ToArray()));

    private void OnEvent(StoreEvent happened)
    {
        if (happened.Resource != ResourceType.CustomResourceDefinition)
        {
            return;
        }

        if (happened.Type == StoreEventType.Deleted)
        {
            _custom = _custom.Remove(happened.Object.NameOf());
        }
        else
        {
            Serve(happened.Object);
        }
    }

    private void Serve(JsonObject definition)
    {
        var spec = definition.Object("spec");
        var names = spec.Object("names");
        var versions = spec.Items("versions").ToList();
        if (spec.Text("group") is not { } group || names.Text("kind") is not { } kind || names.Text("plural") is not { } plural
            || versions.FirstOrDefault(v => v.Flag("storage")).Text("name") is not { } storage)
        {
            return; // written in process without validation; nothing to serve
        }

        var type = new ResourceType(group, storage, kind, plural, spec.Text("scope") == "Namespaced");
        _custom = _custom.SetItem(definition.NameOf(),
        [
            .. versions.Where(v => v.Flag("served")).Select(v => new ServedResource(type, v.Text("name") ?? storage)
            {
                Singular = names.Text("singular") ?? kind.ToLowerInvariant(),
                ListKind = names.Text("listKind") ?? kind + "List",
                ShortNames = [.. names.Texts("shortNames")],
                Categories = [.. names.Texts("categories")],
                HasStatus = v.Object("subresources", "status") is not null,
                IsCustom = true,
                Columns = v.At("additionalPrinterColumns") as JsonArray,
            }),
        ]);
    }
}

/// <summary>Orders API versions as Kubernetes does: <c>v2</c> over <c>v1</c> over <c>v1beta1</c> over <c>v1alpha1</c> over the rest.</summary>
internal sealed class ApiVersionOrder : IComparer<string>
{
    public static readonly ApiVersionOrder Instance = new();

    public int Compare(string? x, string? y) =>
        Rank(x ?? "").CompareTo(Rank(y ?? "")) is var order and not 0 ? order : string.CompareOrdinal(y, x);

    private static (int Stage, int Major, int Minor) Rank(string version)
    {
        var digits = version.AsSpan(version.StartsWith('v') ? 1 : 0);
        var end = digits.IndexOfAnyExceptInRange('0', '9');
        if (!int.TryParse(end < 0 ? digits : digits[..end], out var major))
        {
            return (0, 0, 0);
        }

        var rest = end < 0 ? "" : digits[end..].ToString();
        return rest switch
        {
            "" => (3, major, 0),
            _ when rest.StartsWith("beta", StringComparison.Ordinal) && int.TryParse(rest[4..], out var minor) => (2, major, minor),
            _ when rest.StartsWith("alpha", StringComparison.Ordinal) && int.TryParse(rest[5..], out var minor) => (1, major, minor),
            _ => (0, 0, 0),
        };
    }
}
