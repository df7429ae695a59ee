using System.Collections.Immutable;
using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>Writes one Pod's status as a kubelet does, as long as the object is still the same Pod.</summary>
internal sealed class PodStatusWriter(ObjectStore store, JsonObject pod, LabNode node)
{
    private readonly string _started = store.Now;
    private int _restarts;

    /// <summary>Whether the object says that the Pod is ready.</summary>
    public bool ShowsReady => store.Peek(ResourceType.Pod, pod.NamespaceOf(), pod.NameOf())?.ConditionIsTrue("Ready") == true;

    /// <summary>Not running yet, or not able to.</summary>
    public void Waiting(string reason, string message) => Write(_restarts == 0 ? "Pending" : "Running", [], false, _ => new JsonObject
    {
        ["waiting"] = new JsonObject { ["reason"] = reason, ["message"] = message },
    });

    /// <summary>The sandbox is gone, and its address with it; the containers start again in another.</summary>
    public void Restarting()
    {
        _restarts++;
        Waiting("ContainerCreating", "");
    }

    /// <summary>Running, ready or not.</summary>
    public void Running(ImmutableArray<IPAddress> addresses, string containerId, bool isReady) =>
        Write("Running", addresses, isReady, _ => new JsonObject { ["running"] = new JsonObject { ["startedAt"] = _started } }, containerId);

    private void Write(
        string phase, ImmutableArray<IPAddress> addresses, bool isReady, Func<JsonObject, JsonObject> state, string? containerId = null) =>
        store.Mutate(ResourceType.Pod, pod.NamespaceOf(), pod.NameOf(), json =>
        {
            if (json.UidOf() != pod.UidOf() || node.IsLost)
            {
                return false;
            }

            var status = json.Ensure("status");
            status["phase"] = phase;
            status["hostIP"] = node.Address.ToString();
            status["hostIPs"] = Listed(node.Addresses);
            status["startTime"] = _started;
            if (addresses is [var first, ..])
            {
                status["podIP"] = first.ToString();
                status["podIPs"] = Listed(addresses);
            }
            else if (_restarts > 0)
            {
                status.Remove("podIP");
                status.Remove("podIPs");
            }

            var reason = isReady ? null : "ContainersNotReady";
            status.SetCondition("Initialized", true, null, null, store.Now);
            status.SetCondition("Ready", isReady, reason, null, store.Now);
            status.SetCondition("ContainersReady", isReady, reason, null, store.Now);
            status["containerStatuses"] = new JsonArray([.. pod.Items("spec", "containers").Select(c => (JsonNode)new JsonObject
            {
                ["name"] = c.Text("name"),
                ["image"] = c.Text("image"),
                ["imageID"] = "",
                ["ready"] = isReady,
                ["started"] = !addresses.IsEmpty,
                ["restartCount"] = _restarts,
                ["state"] = state(c),
                ["containerID"] = containerId is null ? "" : $"containerd://{containerId}",
            })]);
            return true;
        });

    private static JsonArray Listed(ImmutableArray<IPAddress> addresses) =>
        new([.. addresses.Select(address => (JsonNode)new JsonObject { ["ip"] = address.ToString() })]);
}
