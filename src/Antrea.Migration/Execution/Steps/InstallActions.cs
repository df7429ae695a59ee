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
    public const string Variable = "IP_AUTODETECTION_METHOD";

    /// <summary>On the DaemonSet: what the variable's entry was, as JSON, or empty where there was none. On the Installation of an operator, which
    /// writes the DaemonSet: what the field was, likewise. Written with the change itself.</summary>
    public const string Annotation = "antrea-migration.io/autodetection-before";

    /// <summary>Where an Installation says the same.</summary>
    private const string Field = "nodeAddressAutodetectionV4";

    private const string Pinned = "kubernetes-internal-ip";
    private const string Next = "See why calico-node does not become ready.";

    public static string PathIn(string @namespace) => $"apis/apps/v1/namespaces/{@namespace}/daemonsets/calico-node";

    public override async Task<string?> AlreadyDoneAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var daemonSet = await context.Api.GetAsync(PathIn("kube-system"), cancellationToken).ConfigureAwait(false)
            ?? await context.Api.GetAsync(PathIn(TigeraOperator.CalicoNamespace), cancellationToken).ConfigureAwait(false);
        var value = Entry(daemonSet)?["value"]?.ToString();
        if (value is null or "" or "autodetect" or "first-found")
        {
            return null;
        }

        // Ours, and an earlier run has not seen the end of its rollout.
        return value == Pinned
            && await Manifests.PendingAsync(context, "daemonsets", daemonSet!["metadata"]!["namespace"]!.ToString(), "calico-node", cancellationToken).ConfigureAwait(false) is not null
            ? null
            : $"{Variable} is {value}";
    }

    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var installation = await TigeraOperator.FindInstallationAsync(context, cancellationToken).ConfigureAwait(false);
        await RequireSameAddressAsync(context, installation, cancellationToken).ConfigureAwait(false);
        if (installation is not null)
        {
            await PinInstallationAsync(context, installation, cancellationToken).ConfigureAwait(false);
            return $"{Field}: {{kubernetes: NodeInternalIP}} in {installation["kind"]}/{installation["metadata"]!["name"]}";
        }

        var daemonSet = await context.Api.GetAsync(PathIn("kube-system"), cancellationToken).ConfigureAwait(false);
        var patch = EnvironmentPatch(new JsonObject { ["name"] = Variable, ["value"] = Pinned });
        if (Entry(daemonSet) is not JsonObject entry || entry["value"]?.ToString() != Pinned)
        {
            patch["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Annotation] = Entry(daemonSet)?.ToJsonString() ?? "" } };
        }

        await context.Api.StrategicMergePatchAsync(PathIn("kube-system"), patch, cancellationToken).ConfigureAwait(false);
        await Manifests.WaitForDaemonSetAsync(context, "kube-system", "calico-node", Next, cancellationToken).ConfigureAwait(false);
        return $"{Variable}={Pinned} on calico-node";
    }

    /// <summary>Gives an operator's Installation back what it said before, and waits until every calico-node has it: an earlier run may not have seen the end of that.</summary>
    /// <returns>Whether anything was pinned.</returns>
    public static async Task<bool> UnpinInstallationAsync(MigrationContext context, JsonObject installation, CancellationToken cancellationToken)
    {
        var annotations = installation["metadata"]!["annotations"] as JsonObject;
        var before = annotations?[Annotation]?.GetValue<string>();
        var now = installation;
        if (before is not null)
        {
            var patch = new JsonObject
            {
                ["metadata"] = new JsonObject { ["annotations"] = annotations!.Count == 1 ? null : new JsonObject { [Annotation] = null } },
                ["spec"] = FieldPatch(installation, before.Length == 0 ? null : (JsonObject)JsonNode.Parse(before)!),
            };
            now = await context.Api.MergePatchAsync(TigeraOperator.PathOf(installation), patch, cancellationToken).ConfigureAwait(false);
        }

        var isPinnedByItself = now.At("spec", "calicoNetwork", Field).TextAt("kubernetes") == "NodeInternalIP";
        await WaitForOperatorAsync(context, value => value != Pinned || isPinnedByItself, cancellationToken).ConfigureAwait(false);
        return before is not null;
    }

    private static async Task PinInstallationAsync(MigrationContext context, JsonObject installation, CancellationToken cancellationToken)
    {
        var before = installation.At("spec", "calicoNetwork", Field);
        if (before.TextAt("kubernetes") != "NodeInternalIP")
        {
            var patch = new JsonObject
            {
                ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Annotation] = before?.ToJsonString() ?? "" } },
                ["spec"] = FieldPatch(installation, new JsonObject { ["kubernetes"] = "NodeInternalIP" }),
            };
            await context.Api.MergePatchAsync(TigeraOperator.PathOf(installation), patch, cancellationToken).ConfigureAwait(false);
        }

        await WaitForOperatorAsync(context, value => value == Pinned, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A merge patch that makes the field just this: the methods exclude each other, so the one there was must go.</summary>
    private static JsonObject FieldPatch(JsonObject installation, JsonObject? wanted)
    {
        foreach (var (method, _) in (wanted is null ? null : installation.At("spec", "calicoNetwork", Field) as JsonObject) ?? [])
        {
            if (!wanted!.ContainsKey(method))
            {
                wanted[method] = null;
            }
        }

        return new JsonObject { ["calicoNetwork"] = new JsonObject { [Field] = wanted } };
    }

    private static async Task WaitForOperatorAsync(MigrationContext context, Predicate<string?> isWritten, CancellationToken cancellationToken)
    {
        await context.WaitUntilAsync(
            async token => isWritten(Entry(await context.Api.GetAsync(PathIn(TigeraOperator.CalicoNamespace), token).ConfigureAwait(false))?["value"]?.ToString())
                ? null
                : "the operator has not written calico-node yet",
            "See the operator's log with 'kubectl -n tigera-operator logs deployment/tigera-operator', then run the command again.",
            cancellationToken).ConfigureAwait(false);
        await Manifests.WaitForDaemonSetAsync(context, TigeraOperator.CalicoNamespace, "calico-node", Next, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Pinning must not move anything: tunnels and BGP sessions stand on the address that was found first.</summary>
    private static async Task RequireSameAddressAsync(MigrationContext context, JsonObject? installation, CancellationToken cancellationToken)
    {
        var place = installation is null ? $"{Variable} on DaemonSet kube-system/calico-node" : $"spec.calicoNetwork.{Field} of Installation {installation["metadata"]!["name"]}";
        foreach (var node in await context.Api.ListAsync("api/v1/nodes", cancellationToken).ConfigureAwait(false) ?? [])
        {
            var found = node["metadata"]!["annotations"]?["projectcalico.org/IPv4Address"]?.ToString().Split('/')[0];
            var internalIP = (node["status"]?["addresses"] as JsonArray)?.FirstOrDefault(a => a?["type"]?.ToString() == "InternalIP")?["address"]?.ToString();
            if (found is not null && internalIP is not null && found != internalIP)
            {
                throw new StepFailedException(
                    $"calico-node uses {found} on Node {node["metadata"]!["name"]}, whose InternalIP is {internalIP}; pinning to the InternalIP would move its tunnels.",
                    $"Set {place} yourself, to a method that finds the present addresses and never antrea-gw0, then run the command again.");
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
        await RequireBridgeAsync(context, step, cancellationToken).ConfigureAwait(false);
        await Manifests.ApplyAsync(context, context.Options.AntreaManifest.Select(o => context.Plan.Partition is null ? o.Json : Confined(o)), cancellationToken).ConfigureAwait(false);
        const string next = "Look at the Pods of DaemonSet kube-system/antrea-agent, then run the command again; Pods still use Calico only.";
        await Manifests.WaitForDaemonSetAsync(context, "kube-system", "antrea-agent", next, cancellationToken).ConfigureAwait(false);
        await context.WaitUntilAsync(
            token => Manifests.PendingAsync(context, "deployments", "kube-system", "antrea-controller", token), next, cancellationToken)
            .ConfigureAwait(false);
        var without = context.Plan.Partition is null ? new HashSet<string>() : await NodeLabels.FindAsync(context, NodeLabels.WithoutAntrea, cancellationToken).ConfigureAwait(false);
        var nodes = context.Plan.Nodes.Where(n => !without.Contains(n)).ToList();
        await context.WaitUntilAsync(token => UnhealthyAgentsAsync(context, nodes, token), next, cancellationToken).ConfigureAwait(false);
        return $"Antrea {context.Plan.AntreaVersion} healthy on {nodes.Count} Nodes";
    }

    /// <summary>The object as it is applied for a partition: agents avoid Nodes with a label. It stays so afterwards, when no Node has the label: a template that changed again would restart every
    /// agent, and Open vSwitch with it.</summary>
    private static JsonObject Confined(ClusterObject obj)
    {
        if (obj is not { Kind: "DaemonSet", Name: "antrea-agent" })
        {
            return obj.Json;
        }

        var confined = obj.Json.DeepClone().AsObject();
        var spec = confined["spec"]!["template"]!["spec"]!.AsObject();
        spec["affinity"] = NodeLabels.Avoiding(spec["affinity"], NodeLabels.WithoutAntrea);
        return confined;
    }

    /// <summary>From the moment Antrea's file lies on a Node it would be the first one; ours must be there before.</summary>
    private static async Task RequireBridgeAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var file = context.Plan.Bridge == BridgeKind.Multus ? MultusConfig.FileName : HeldConfig.FileName;
        string[] nodes = [.. RestartPodsAction.MovingNodes(context.Plan, step)];
        var texts = await MigrationContext.LookOnNodesAsync(
            nodes, async (node, token) => (await context.ReadCniConfigsAsync(node, token).ConfigureAwait(false))[file], cancellationToken).ConfigureAwait(false);
        foreach (var (node, text) in nodes.Zip(texts))
        {
            if (text is null || (context.Plan.Bridge == BridgeKind.Multus && MultusConfig.DelegatesOf(text).IsEmpty))
            {
                throw new StepFailedException(
                    $"Node {node} has no {file} of ours; its next Pod would be an Antrea Pod among Calico Pods.",
                    "Find out what removed the file, then run the command again; it writes the file anew.");
            }
        }
    }

    private static async Task<string?> UnhealthyAgentsAsync(MigrationContext context, List<string> nodes, CancellationToken cancellationToken)
    {
        // The controller makes an empty object for each Node; only the agent's own conditions and heartbeat prove anything.
        var infos = (await context.Api.ListAsync("apis/crd.antrea.io/v1beta1/antreaagentinfos", cancellationToken).ConfigureAwait(false) ?? [])
            .ToDictionary(i => i["metadata"]!["name"]!.GetValue<string>());
        var now = context.Time.GetUtcNow();
        var waiting = nodes.Where(n => !infos.TryGetValue(n, out var info) || !IsHealthy(info, now)).ToList();
        return waiting.Count == 0
            ? null
            : $"{nodes.Count - waiting.Count} of {nodes.Count} Antrea agents healthy; waiting for {string.Join(", ", waiting.Take(3))}"
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
