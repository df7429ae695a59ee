namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>A path of the resource API taken apart: <c>/apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL/NAME/SUBRESOURCE</c>.</summary>
internal sealed record ApiPath(string Group, string Version, string Plural, string Namespace, string Name, string Subresource)
{
    /// <summary>The parts, or null when the path is not one of the resource API (discovery, for example).</summary>
    public static ApiPath? Parse(string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return parts switch
        {
            ["api", var version, .. var rest] when rest.Length > 0 => Parse("", version, rest),
            ["apis", var group, var version, .. var rest] when rest.Length > 0 => Parse(group, version, rest),
            _ => null,
        };
    }

    private static ApiPath? Parse(string group, string version, string[] rest) => rest switch
    {
        ["namespaces"] => new(group, version, "namespaces", "", "", ""),
        ["namespaces", var name] => new(group, version, "namespaces", "", name, ""),
        ["namespaces", var name, "status" or "finalize"] when group.Length == 0 => new(group, version, "namespaces", "", name, rest[2]),
        ["namespaces", var space, var plural] => new(group, version, plural, space, "", ""),
        ["namespaces", var space, var plural, var name] => new(group, version, plural, space, name, ""),
        ["namespaces", var space, var plural, var name, var sub] => new(group, version, plural, space, name, sub),
        [var plural] => new(group, version, plural, "", "", ""),
        [var plural, var name] => new(group, version, plural, "", name, ""),
        [var plural, var name, var sub] => new(group, version, plural, "", name, sub),
        _ => null,
    };
}
