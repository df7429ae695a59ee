using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Which objects of a kind a list, watch or deletion is about: Namespace, labels and fields.</summary>
internal sealed class ObjectSelection
{
    private static readonly string[] CommonFields = ["metadata.name", "metadata.namespace"];
    private readonly string _namespace;
    private readonly LabelSelector _labels;
    private readonly List<(string[] Path, string Value, bool Equal)> _fields = [];

    /// <summary>Reads the selection out of a request.</summary>
    /// <exception cref="ApiException">400: a selector is malformed or asks for a field that cannot be selected by.</exception>
    public ObjectSelection(ApiCall call)
    {
        _namespace = call.Namespace;
        _labels = LabelSelector.Parse(call.Query("labelSelector"));
        if (call.Name.Length > 0)
        {
            _fields.Add((["metadata", "name"], call.Name, true));
        }

        foreach (var part in (call.Query("fieldSelector") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var equal = !part.Contains("!=", StringComparison.Ordinal);
            var sides = part.Split(equal ? part.Contains("==", StringComparison.Ordinal) ? "==" : "=" : "!=", 2);
            if (sides.Length != 2)
            {
                throw ApiException.BadRequest($"invalid field selector: \"{part}\"; it must be FIELD=VALUE or FIELD!=VALUE");
            }

            if (!CommonFields.Contains(sides[0]) && !FieldsOf(call.Type).Contains(sides[0]))
            {
                throw ApiException.BadRequest(
                    $"Unable to find \"{call.Resource.ApiVersion}, Resource={call.Type.Plural}\" that match label selector "
                    + $"\"{call.Query("labelSelector")}\", field selector \"{part}\": field label not supported: {sides[0]}");
            }

            _fields.Add((sides[0].Split('.'), sides[1], equal));
        }
    }

    /// <summary>Whether it is narrower than the Namespace.</summary>
    public bool HasSelectors => !_labels.IsEverything || _fields.Count > 0;

    /// <summary>Whether an object of the right kind is selected.</summary>
    public bool Includes(JsonObject obj) =>
        (_namespace.Length == 0 || obj.NamespaceOf() == _namespace)
        && _labels.Matches(obj)
        && _fields.TrueForAll(f => (ValueOf(obj, f.Path) == f.Value) == f.Equal);

    private static string ValueOf(JsonObject obj, string[] path) => obj.At(path) switch
    {
        null => path is ["spec", "unschedulable"] ? "false" : "",
        var value => value.Text() ?? value.ToJsonString(),
    };

    private static string[] FieldsOf(ResourceType type) => type switch
    {
        _ when type == ResourceType.Pod =>
        [
            "spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork",
            "status.phase", "status.podIP", "status.nominatedNodeName",
        ],
        _ when type == ResourceType.Node => ["spec.unschedulable"],
        _ when type == ResourceType.Namespace => ["status.phase"],
        _ when type == ResourceType.Event =>
        [
            "involvedObject.kind", "involvedObject.namespace", "involvedObject.name", "involvedObject.uid",
            "involvedObject.apiVersion", "involvedObject.fieldPath", "reason", "type", "source",
        ],
        { Group: "", Kind: "Secret" } => ["type"],
        { Group: "apps", Kind: "ReplicaSet" } => ["status.replicas"],
        _ => [],
    };
}
