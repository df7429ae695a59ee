using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>How lists in built-in kinds merge: by which fields items are the same item.</summary>
/// <remarks>From the <c>patchMergeKey</c> and <c>listMapKey</c> tags of <c>k8s.io/api</c>. A list that is not here is replaced
/// as a whole, as taints, tolerations, rules and arguments are.</remarks>
internal static class ListKeys
{
    private static readonly Dictionary<string, string> ByField = new()
    {
        ["containers"] = "name",
        ["initContainers"] = "name",
        ["ephemeralContainers"] = "name",
        ["env"] = "name",
        ["volumes"] = "name",
        ["volumeMounts"] = "mountPath",
        ["volumeDevices"] = "devicePath",
        ["imagePullSecrets"] = "name",
        ["resourceClaims"] = "name",
        ["hostAliases"] = "ip",
        ["podIPs"] = "ip",
        ["hostIPs"] = "ip",
        ["conditions"] = "type",
        ["ownerReferences"] = "uid",
        ["topologySpreadConstraints"] = "topologyKey",
        ["webhooks"] = "name",
    };

    /// <summary>The field that tells items of a list apart; null when the list is replaced as a whole.</summary>
    /// <param name="path">The field names from the object's root to the list, list indexes left out.</param>
    public static string? Of(ReadOnlySpan<string> path) => path switch
    {
        [.., "containers" or "initContainers", "ports"] => "containerPort",
        ["spec", "ports"] => "port",
        ["status", "addresses"] => "type",
        ["secrets"] => "name",
        ["rules"] or ["spec", "rules"] => null,
        [.., var field] => ByField.GetValueOrDefault(field),
        [] => null,
    };

    /// <summary>Whether a list of plain values merges as a set.</summary>
    public static bool IsSet(ReadOnlySpan<string> path) => path is ["metadata", "finalizers"] or ["spec", "podCIDRs"];

    /// <summary>The fields that identify an item in server-side apply, where a port's protocol counts too.</summary>
    public static string[] ForApply(ReadOnlySpan<string> path) => Of(path) switch
    {
        null => [],
        "containerPort" => ["containerPort", "protocol"],
        "port" => ["port", "protocol"],
        var key => [key],
    };

    /// <summary>Whether two items agree in their keys; an absent protocol is TCP.</summary>
    public static bool Same(JsonObject left, JsonObject right, string[] keys) =>
        Array.TrueForAll(keys, key => JsonNode.DeepEquals(Value(left, key), Value(right, key)));

    /// <summary>The value of a key field; an absent protocol is TCP.</summary>
    public static JsonNode? Value(JsonObject item, string key) => item[key] ?? (key == "protocol" ? "TCP" : null);
}
