using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>Writes one Pod's status as a kubelet does, as long as the object is still the same Pod.</summary>
internal sealed class PodStatusWriter(ObjectStore store, JsonObject pod, IPAddress hostAddress)
{
    private readonly string _started = store.Now;
    private int _restarts;

    /// <summary>Whether the object says that the Pod is ready.</summary>
    public bool ShowsReady => store.Peek(ResourceType.Pod, pod.NamespaceOf(), pod.NameOf())?.ConditionIsTrue("Ready") == true;

    /// <summary>Not running yet, or not able to.</summary>
    public void Waiting(string reason, string message) => Write(_restarts == 0 ? "Pending" : "Running", null, false, _ => new JsonObject
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
    public void Running(IPAddress address, string containerId, bool isReady) =>
        Write("Running", address, isReady, _ => new JsonObject { ["running"] = new JsonObject { ["startedAt"] = _started } }, containerId);

    private void Write(
        string phase, IPAddress? address, bool isReady, Func<JsonObject, JsonObject> state, string? containerId = null) =>
        store.Mutate(ResourceType.Pod, pod.NamespaceOf(), pod.NameOf(), json =>
        {
            if (json.UidOf() != pod.UidOf())
            {
                return false;
            }

            var status = json.Ensure("status");
            status["phase"] = phase;
            status["hostIP"] = hostAddress.ToString();
            status["hostIPs"] = new JsonArray(new JsonObject { ["ip"] = hostAddress.ToString() });
            status["startTime"] = _started;
            if (_restarts > 0 && address is null)
            {
                status.Remove("podIP");
                status.Remove("podIPs");
            }
            else if (address is not null)
            {
                status["podIP"] = address.ToString();
                status["podIPs"] = new JsonArray(new JsonObject { ["ip"] = address.ToString() });
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
                ["started"] = address is not null,
                ["restartCount"] = _restarts,
                ["state"] = state(c),
                ["containerID"] = containerId is null ? "" : $"containerd://{containerId}",
            })]);
            return true;
        });
}
