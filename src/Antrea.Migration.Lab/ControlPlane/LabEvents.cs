using System.Globalization;
using System.Text.Json.Nodes;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Makes the lab's own troubles visible where an operator looks: <c>kubectl get events</c>.</summary>
internal static class LabEvents
{
    /// <summary>Says of a workload that the API refuses its Pods: once, however often that is tried.</summary>
    /// <param name="store">The objects.</param>
    /// <param name="owner">The workload.</param>
    /// <param name="why">The refusal.</param>
    public static void FailedCreate(ObjectStore store, JsonObject owner, string why)
    {
        var name = $"{owner.NameOf()}.{owner.UidOf()}.failedcreate";
        if (store.Peek(ResourceType.Event, owner.NamespaceOf(), name) is null)
        {
            store.Create(ResourceType.Event, new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = owner.NamespaceOf() },
                ["type"] = "Warning",
                ["reason"] = "FailedCreate",
                ["message"] = $"Error creating: {why}",
                ["involvedObject"] = new JsonObject { ["kind"] = owner.Text("kind"), ["namespace"] = owner.NamespaceOf(), ["name"] = owner.NameOf(), ["uid"] = owner.UidOf() },
                ["lastTimestamp"] = store.Now,
            });
        }
    }

    /// <summary>Adds a Warning to the Namespace <c>default</c>.</summary>
    /// <param name="store">The objects.</param>
    /// <param name="reason">One word, for example <c>ControllerBroke</c>.</param>
    /// <param name="message">What happened.</param>
    /// <param name="about">The object concerned: <c>kind</c>, <c>namespace</c>, <c>name</c>; null for none.</param>
    public static void Warn(ObjectStore store, string reason, string message, JsonObject? about = null) =>
        store.Create(ResourceType.Event, new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["name"] = $"lab-{store.Version.ToString(CultureInfo.InvariantCulture)}-{RandomNames.Suffix()}",
                ["namespace"] = "default",
            },
            ["type"] = "Warning",
            ["reason"] = reason,
            ["message"] = message,
            ["involvedObject"] = about ?? [],
            ["lastTimestamp"] = store.Now,
        });
}
