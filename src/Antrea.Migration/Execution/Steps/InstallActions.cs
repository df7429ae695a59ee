using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Bridge;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Installs the migration's own DaemonSet.</summary>
internal sealed class InstallNodeAgentAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        await Manifests.ApplyAsync(context, NodeAgentManifest.Render(context.Options.NodeAgentImage), cancellationToken).ConfigureAwait(false);
        await Manifests.WaitForDaemonSetAsync(
            context, NodeAgentManifest.Namespace, NodeAgentManifest.Name,
            "See why its Pods are not ready; the image must be pullable, see --node-agent-image.", cancellationToken).ConfigureAwait(false);
        return $"Node agent on {context.Plan.Nodes.Length} Nodes";
    }
}

/// <summary>Installs the Multus binary, generator off.</summary>
internal sealed class InstallMultusAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var manifest = MultusManifest.WithoutGenerator(context.Options.MultusManifest);
        await Manifests.ApplyAsync(context, manifest.Select(o => o.Json), cancellationToken).ConfigureAwait(false);
        foreach (var daemonSet in manifest.Where(o => o.Kind == "DaemonSet"))
        {
            await Manifests.WaitForDaemonSetAsync(
                context, daemonSet.Namespace, daemonSet.Name,
                "See why its Pods are not ready; nothing of the running network was changed.", cancellationToken).ConfigureAwait(false);
        }

        return $"Multus binary on {context.Plan.Nodes.Length} Nodes, its configuration generator off";
    }
}

/// <summary>Keeps calico-node from taking antrea-gw0 for the Node's address.</summary>
/// <remarks>Autodetection "first-found" leaves out the names of many virtual devices, but not antrea-gw0. Source: Calico v3.26
/// <c>node/pkg/lifecycle/startup/autodetection</c>.</remarks>
internal sealed class PinCalicoAutodetectionAction : StepAction
{
    public const string Path = "apis/apps/v1/namespaces/kube-system/daemonsets/calico-node";
    public const string Variable = "IP_AUTODETECTION_METHOD";

    /// <summary>On the DaemonSet: what the variable's entry was, as JSON, or empty where there was none. Written with the change itself.</summary>
    public const string Annotation = "antrea-migration.io/autodetection-before";

    public override async Task<string?> AlreadyDoneAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var daemonSet = await context.Api.GetAsync(Path, cancellationToken).ConfigureAwait(false);
        var value = Entry(daemonSet)?["value"]?.ToString();
        return value is null or "" or "autodetect" or "first-found" ? null : $"{Variable} is {value}";
    }

    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        await RequireSameAddressAsync(context, cancellationToken).ConfigureAwait(false);
        var daemonSet = await context.Api.GetAsync(Path, cancellationToken).ConfigureAwait(false);
        var patch = EnvironmentPatch(new JsonObject { ["name"] = Variable, ["value"] = "kubernetes-internal-ip" });
        if (Entry(daemonSet) is not JsonObject entry || entry["value"]?.ToString() != "kubernetes-internal-ip")
        {
            patch["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Annotation] = Entry(daemonSet)?.ToJsonString() ?? "" } };
        }

        await context.Api.StrategicMergePatchAsync(Path, patch, cancellationToken).ConfigureAwait(false);
        await Manifests.WaitForDaemonSetAsync(
            context, "kube-system", "calico-node", "See why calico-node does not become ready.", cancellationToken).ConfigureAwait(false);
        return $"{Variable}=kubernetes-internal-ip on calico-node";
    }

    /// <summary>Pinning must not move anything: tunnels and BGP sessions stand on the address that was found first.</summary>
    private static async Task RequireSameAddressAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        foreach (var node in await context.Api.ListAsync("api/v1/nodes", cancellationToken).ConfigureAwait(false) ?? [])
        {
            var found = node["metadata"]!["annotations"]?["projectcalico.org/IPv4Address"]?.ToString().Split('/')[0];
            var internalIP = (node["status"]?["addresses"] as JsonArray)?.FirstOrDefault(a => a?["type"]?.ToString() == "InternalIP")?["address"]?.ToString();
            if (found is not null && internalIP is not null && found != internalIP)
            {
                throw new StepFailedException(
                    $"calico-node uses {found} on Node {node["metadata"]!["name"]}, whose InternalIP is {internalIP}; pinning to the InternalIP would move its tunnels.",
                    $"Set {Variable} on DaemonSet kube-system/calico-node yourself, to a method that finds the present addresses and never antrea-gw0, then run the command again.");
            }
        }
    }

    /// <summary>A strategic merge patch of one entry of calico-node's environment.</summary>
    public static JsonObject EnvironmentPatch(JsonNode entry) => new()
    {
        ["spec"] = new JsonObject
        {
            ["template"] = new JsonObject
            {
                ["spec"] = new JsonObject
                {
                    ["containers"] = new JsonArray(new JsonObject { ["name"] = "calico-node", ["env"] = new JsonArray(entry) }),
                },
            },
        },
    };

    private static JsonNode? Entry(JsonObject? daemonSet) =>
        (daemonSet?["spec"]?["template"]?["spec"]?["containers"] as JsonArray)?.FirstOrDefault(c => c?["name"]?.ToString() == "calico-node")?["env"]
            ?.AsArray().FirstOrDefault(e => e?["name"]?.ToString() == Variable);
}

/// <summary>Applies the Antrea manifest and waits for every agent.</summary>
internal sealed class InstallAntreaAction : StepAction
{
    private static readonly string[] Conditions =
        ["AgentHealthy", "ControllerConnectionUp", "OVSDBConnectionUp", "OpenflowConnectionUp"];

    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        await RequireBridgeAsync(context, cancellationToken).ConfigureAwait(false);
        await Manifests.ApplyAsync(context, context.Options.AntreaManifest.Select(o => o.Json), cancellationToken).ConfigureAwait(false);
        const string next = "Look at the Pods of DaemonSet kube-system/antrea-agent, then run the command again; Pods still use Calico only.";
        await Manifests.WaitForDaemonSetAsync(context, "kube-system", "antrea-agent", next, cancellationToken).ConfigureAwait(false);
        await context.WaitUntilAsync(
            token => Manifests.PendingAsync(context, "deployments", "kube-system", "antrea-controller", token), next, cancellationToken)
            .ConfigureAwait(false);
        await context.WaitUntilAsync(token => UnhealthyAgentsAsync(context, token), next, cancellationToken).ConfigureAwait(false);
        return $"Antrea {context.Plan.AntreaVersion} healthy on {context.Plan.Nodes.Length} Nodes";
    }

    /// <summary>From the moment Antrea's file lies on a Node it would be the first one; ours must be there before.</summary>
    private static async Task RequireBridgeAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        foreach (var node in context.Plan.Nodes)
        {
            var file = context.Plan.Bridge == BridgeKind.Multus ? MultusConfig.FileName : HeldConfig.FileName;
            var text = await context.ReadFileAsync(
                node, $"{NodeCommands.CniConfigDirectory}/{file}", cancellationToken).ConfigureAwait(false);
            if (text is null || (context.Plan.Bridge == BridgeKind.Multus && MultusConfig.DelegatesOf(text).IsEmpty))
            {
                throw new StepFailedException(
                    $"Node {node} has no {file} of ours; its next Pod would be an Antrea Pod among Calico Pods.",
                    "Find out what removed the file, then run the command again; it writes the file anew.");
            }
        }
    }

    private static async Task<string?> UnhealthyAgentsAsync(MigrationContext context, CancellationToken cancellationToken)
    {
        // The controller makes an empty object for each Node; only the agent's own conditions and heartbeat prove anything.
        var infos = (await context.Api.ListAsync("apis/crd.antrea.io/v1beta1/antreaagentinfos", cancellationToken).ConfigureAwait(false) ?? [])
            .ToDictionary(i => i["metadata"]!["name"]!.GetValue<string>());
        var now = context.Time.GetUtcNow();
        var waiting = context.Plan.Nodes.Where(n => !infos.TryGetValue(n, out var info) || !IsHealthy(info, now)).ToList();
        return waiting.Count == 0
            ? null
            : $"{context.Plan.Nodes.Length - waiting.Count} of {context.Plan.Nodes.Length} Antrea agents healthy; waiting for {string.Join(", ", waiting.Take(3))}"
              + (waiting.Count > 3 ? ", …" : "");
    }

    private static bool IsHealthy(JsonObject info, DateTimeOffset now)
    {
        var conditions = info["agentConditions"] as JsonArray ?? [];
        return Conditions.All(type => conditions.Any(c =>
            c?["type"]?.ToString() == type
            && c["status"]?.ToString() == "True"
            && DateTimeOffset.TryParse(c["lastHeartbeatTime"]?.ToString(), CultureInfo.InvariantCulture, out var beat)
            && now - beat < TimeSpan.FromMinutes(3)));
    }
}
