using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.Nodes;

/// <summary>What Antrea's agents and controller report of themselves (<c>crd.antrea.io/v1beta1</c>).</summary>
/// <remarks>Source: Antrea v2.7 <c>pkg/monitor</c>, <c>pkg/apis/crd/v1beta1</c>.</remarks>
internal static class AntreaInfos
{
    private static readonly string[] AgentConditions =
        ["AgentHealthy", "ControllerConnectionUp", "OVSDBConnectionUp", "OpenflowConnectionUp"];

    /// <summary>The AntreaAgentInfo of a Node.</summary>
    public static JsonObject Agent(
        string node, string version, (string Namespace, string Name) pod, IEnumerable<Cidr> podCidrs, int localPods, bool isConnected, string now) => new()
        {
            ["metadata"] = new JsonObject { ["name"] = node },
            ["version"] = version,
            ["podRef"] = PodReference(pod),
            ["nodeRef"] = new JsonObject { ["kind"] = "Node", ["name"] = node },
            ["nodeSubnets"] = new JsonArray([.. podCidrs.Select(podCidr => (JsonNode)podCidr.ToString())]),
            ["ovsInfo"] = new JsonObject { ["bridgeName"] = "br-int" },
            ["networkPolicyControllerInfo"] = new JsonObject(),
            ["localPodNum"] = localPods,
            ["agentConditions"] = new JsonArray([.. AgentConditions.Select(type => (JsonNode)new JsonObject
            {
                ["type"] = type,
                ["status"] = isConnected || type != "ControllerConnectionUp" ? "True" : "False",
                ["lastHeartbeatTime"] = now,
            })]),
            ["apiPort"] = 10350,
        };

    /// <summary>The one AntreaControllerInfo.</summary>
    public static JsonObject Controller(string node, string version, (string Namespace, string Name) pod, string now) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = "antrea-controller" },
        ["version"] = version,
        ["podRef"] = PodReference(pod),
        ["nodeRef"] = new JsonObject { ["kind"] = "Node", ["name"] = node },
        ["controllerConditions"] = new JsonArray(new JsonObject
        {
            ["type"] = "ControllerHealthy",
            ["status"] = "True",
            ["lastHeartbeatTime"] = now,
        }),
        ["apiPort"] = 10349,
    };

    private static JsonObject PodReference((string Namespace, string Name) pod) =>
        new() { ["kind"] = "Pod", ["namespace"] = pod.Namespace, ["name"] = pod.Name };
}
