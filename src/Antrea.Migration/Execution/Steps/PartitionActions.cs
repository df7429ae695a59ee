using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Labels of the migration's own on Nodes: which CNI's agent stays away from them.</summary>
internal static class NodeLabels
{
    /// <summary>antrea-agent has not come yet.</summary>
    public const string WithoutAntrea = "antrea-migration.io/without-antrea";

    /// <summary>calico-node has left.</summary>
    public const string WithoutCalico = "antrea-migration.io/without-calico";

    public static bool Has(JsonObject? node, string label) => node.At("metadata", "labels") is JsonObject labels && labels.ContainsKey(label);

    public static Task SetAsync(MigrationContext context, string node, string label, bool isSet, CancellationToken cancellationToken) => context.Api.MergePatchAsync(
        $"api/v1/nodes/{node}",
        new JsonObject { ["metadata"] = new JsonObject { ["labels"] = new JsonObject { [label] = isSet ? "true" : null } } },
        cancellationToken);

    /// <summary>The Nodes that have a label.</summary>
    public static async Task<IReadOnlySet<string>> FindAsync(MigrationContext context, string label, CancellationToken cancellationToken) =>
        (await context.Api.ListAsync("api/v1/nodes", cancellationToken).ConfigureAwait(false) ?? [])
        .Where(n => Has(n, label)).Select(n => n["metadata"]!["name"]!.GetValue<string>()).ToHashSet(StringComparer.Ordinal);

    /// <summary>What is left of them.</summary>
    public static async Task<IEnumerable<string>> LeftAsync(MigrationContext context, CancellationToken cancellationToken) =>
        (await context.Api.ListAsync("api/v1/nodes", cancellationToken).ConfigureAwait(false) ?? [])
        .SelectMany(n => ((string[])[WithoutAntrea, WithoutCalico]).Where(l => Has(n, l)), (n, l) => $"Node {n["metadata"]!["name"]}: label {l}");

    /// <summary>What a DaemonSet's Pods ask of their Node, with the absence of a label added.</summary>
    /// <param name="affinity">The affinity before; null for none.</param>
    /// <param name="label">The label that keeps them away.</param>
    public static JsonObject Avoiding(JsonNode? affinity, string label)
    {
        var avoiding = affinity?.DeepClone() as JsonObject ?? [];
        var required = Child(Child(avoiding, "nodeAffinity"), "requiredDuringSchedulingIgnoredDuringExecution");
        if (required["nodeSelectorTerms"] is not JsonArray { Count: > 0 })
        {
            required["nodeSelectorTerms"] = new JsonArray(new JsonObject());
        }

        // The terms are alternatives: each of them has to ask for it.
        foreach (var term in required["nodeSelectorTerms"]!.AsArray().OfType<JsonObject>())
        {
            if (term["matchExpressions"] is not JsonArray)
            {
                term["matchExpressions"] = new JsonArray();
            }

            term["matchExpressions"]!.AsArray().Add(new JsonObject { ["key"] = label, ["operator"] = "DoesNotExist" });
        }

        return avoiding;

        static JsonObject Child(JsonObject parent, string name)
        {
            if (parent[name] is not JsonObject)
            {
                parent[name] = new JsonObject();
            }

            return parent[name]!.AsObject();
        }
    }
}

/// <summary>Puts a label on a Node.</summary>
internal sealed class DeferAntreaAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        await NodeLabels.SetAsync(context, step.Node!, NodeLabels.WithoutAntrea, true, cancellationToken).ConfigureAwait(false);
        return "antrea-agent stays away";
    }
}

/// <summary>Takes the label off: antrea-agent comes if there is a DaemonSet of it.</summary>
internal sealed class AdmitAntreaAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        await NodeLabels.SetAsync(context, step.Node!, NodeLabels.WithoutAntrea, false, cancellationToken).ConfigureAwait(false);
        return "antrea-agent may come";
    }
}

/// <summary>Makes calico-node avoid Nodes with a label. Nothing has it yet, so that this rolls calico-node and moves nothing.</summary>
internal sealed class ConfineCalicoAction : StepAction
{
    /// <summary>On the DaemonSet: what the affinity was, as JSON, or empty where there was none. Written with the change itself.</summary>
    public const string Annotation = "antrea-migration.io/affinity-before";

    public const string Next = "See why calico-node does not become ready, then run the command again; Pods still use Calico only.";

    public static readonly string Path = PinCalicoAutodetectionAction.PathIn("kube-system");

    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var daemonSet = await context.Api.GetAsync(Path, cancellationToken).ConfigureAwait(false)
            ?? throw new StepFailedException("There is no DaemonSet kube-system/calico-node.", "See how Calico is installed; the partition knows Calico's own manifest only.");
        if (NoteOf(daemonSet) is null)
        {
            var before = daemonSet.At("spec", "template", "spec", "affinity");
            await context.Api.MergePatchAsync(Path, Patch(before?.ToJsonString() ?? "", NodeLabels.Avoiding(before, NodeLabels.WithoutCalico)), cancellationToken).ConfigureAwait(false);
        }

        await Manifests.WaitForDaemonSetAsync(context, "kube-system", "calico-node", Next, cancellationToken).ConfigureAwait(false);
        return $"calico-node avoids Nodes with {NodeLabels.WithoutCalico}";
    }

    /// <summary>What was noted, be it empty; null where nothing was.</summary>
    public static string? NoteOf(JsonObject? daemonSet) => daemonSet.At("metadata", "annotations", Annotation)?.GetValue<string>();

    /// <summary>Note and change together, so that no crash parts them.</summary>
    public static JsonObject Patch(string? note, JsonNode? affinity) => new()
    {
        ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [Annotation] = note } },
        ["spec"] = new JsonObject { ["template"] = new JsonObject { ["spec"] = new JsonObject { ["affinity"] = affinity } } },
    };
}

/// <summary>Gives calico-node the affinity back that it had.</summary>
internal sealed class FreeCalicoAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var daemonSet = await context.Api.GetAsync(ConfineCalicoAction.Path, cancellationToken).ConfigureAwait(false);
        if (daemonSet is null)
        {
            return "there is no calico-node";
        }

        var note = ConfineCalicoAction.NoteOf(daemonSet);
        if (note is not null)
        {
            var patch = ConfineCalicoAction.Patch(null, Back(note.Length == 0 ? null : JsonNode.Parse(note)));
            if (daemonSet.At("metadata", "annotations") is JsonObject { Count: 1 })
            {
                patch["metadata"]!["annotations"] = null;
            }

            await context.Api.MergePatchAsync(ConfineCalicoAction.Path, patch, cancellationToken).ConfigureAwait(false);
        }

        await Manifests.WaitForDaemonSetAsync(context, "kube-system", "calico-node", "See why calico-node does not become ready.", cancellationToken).ConfigureAwait(false);
        return note is null ? "nothing was confined" : "calico-node runs where it did before";
    }

    /// <summary>As a merge patch: what was added on the way there is taken away, list and all.</summary>
    private static JsonNode? Back(JsonNode? before)
    {
        if (before is not JsonObject affinity)
        {
            return null;
        }

        if (affinity["nodeAffinity"] is not JsonObject nodes)
        {
            affinity["nodeAffinity"] = null;
        }
        else if (nodes["requiredDuringSchedulingIgnoredDuringExecution"] is null)
        {
            nodes["requiredDuringSchedulingIgnoredDuringExecution"] = null;
        }

        return affinity;
    }
}

/// <summary>Makes calico-node leave a Node. What it wrote there stays for the time being: its chains filter the Pods it has wired.</summary>
internal sealed class StopCalicoAction : StepAction
{
    private const string PodsPath = "api/v1/namespaces/kube-system/pods?labelSelector=k8s-app%3Dcalico-node";

    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var node = step.Node!;
        await NodeLabels.SetAsync(context, node, NodeLabels.WithoutCalico, true, cancellationToken).ConfigureAwait(false);
        await context.WaitUntilAsync(
            async token => (await PodsAsync(context, node, token).ConfigureAwait(false)).Count > 0 ? $"calico-node is still on Node {node}" : null,
            "See what keeps the Pod, or who has made it anew; then run the command again.",
            cancellationToken).ConfigureAwait(false);
        await NodeObjects.EndCalicosOutageAsync(
            context, node, await context.Api.GetAsync($"api/v1/nodes/{node}", cancellationToken).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        return "calico-node has left";
    }

    /// <summary>The Node's own Pod of calico-node: none, or one.</summary>
    public static async Task<List<JsonObject>> PodsAsync(MigrationContext context, string node, CancellationToken cancellationToken) =>
        await context.Api.ListAsync($"{PodsPath}&fieldSelector=spec.nodeName%3D{node}", cancellationToken).ConfigureAwait(false) ?? [];
}

/// <summary>Takes the label off. On the way back calico-node is waited for, with its files and routes.</summary>
internal sealed class ReadmitCalicoAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var node = step.Node!;
        await NodeLabels.SetAsync(context, node, NodeLabels.WithoutCalico, false, cancellationToken).ConfigureAwait(false);
        if (context.Plan.Undoes is null)
        {
            return "no label of the migration's is left";
        }

        await context.WaitUntilAsync(
            async token => (await StopCalicoAction.PodsAsync(context, node, token).ConfigureAwait(false)).Exists(IsReady) ? null : $"calico-node is not ready on Node {node} yet",
            "See why with 'kubectl -n kube-system describe pods -l k8s-app=calico-node', then run the command again.",
            cancellationToken).ConfigureAwait(false);
        return "calico-node is back";
    }

    private static bool IsReady(JsonObject pod) =>
        pod.At("metadata", "deletionTimestamp") is null
        && pod.ItemsAt("status", "conditions").Any(c => c.TextAt("type") == "Ready" && c.TextAt("status") == "True");
}

/// <summary>Removes Calico's routes from a Node that calico-node has left, and nothing else of it: Pods that it has wired keep theirs, and their rules.</summary>
internal sealed class ClearRoutesAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var node = step.Node!;
        var left = CleanNodeAction.LinesOf(
            await context.RunAsync(node, NodeCommands.ClearCalicoRoutes(context.Plan.OutermostCalicoCidrs()), cancellationToken).ConfigureAwait(false));
        return left.Length == 0
            ? "no route of Calico's is left"
            : throw new StepFailedException(
                $"Node {node} still has {left.Length} routes of Calico's: {string.Join("; ", left.Take(3))}",
                "See who writes them (is calico-node back?), remove them with 'ip route del', then run the command again.");
    }
}
