using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Controllers;

/// <summary>Whether a Pod may run on a Node, and if not, why.</summary>
/// <remarks>A Node's conditions count as the taints that the node lifecycle controller would set for them; the lab does not
/// write those into <c>spec.taints</c>.</remarks>
internal static class NodeFit
{
    /// <summary>Why the Node is not for this Pod; null when it is. The words are the scheduler's.</summary>
    public static string? Objection(JsonObject podSpec, JsonObject node)
    {
        if (!MatchesSelectors(podSpec, node))
        {
            return "node(s) didn't match Pod's node affinity/selector";
        }

        return UntoleratedTaint(podSpec, node, "NoSchedule", "NoExecute") switch
        {
            null => null,
            var taint when taint.Text("key") == "node.kubernetes.io/unschedulable" => "node(s) were unschedulable",
            var taint => $"node(s) had untolerated taint {{{taint.Text("key")}: {taint.Text("value")}}}",
        };
    }

    /// <summary>The first taint of one of these effects that the Pod does not tolerate; null when there is none.</summary>
    public static JsonObject? UntoleratedTaint(JsonObject podSpec, JsonObject node, params string[] effects)
    {
        var tolerations = podSpec.Items("tolerations").ToList();
        return TaintsOf(node).FirstOrDefault(taint =>
            effects.Contains(taint.Text("effect")) && !tolerations.Exists(toleration => Tolerates(toleration, taint)));
    }

    /// <summary>Whether the Node has the labels and fields that nodeSelector and required node affinity ask for.</summary>
    public static bool MatchesSelectors(JsonObject podSpec, JsonObject node)
    {
        var labels = node.Object("metadata", "labels");
        if (podSpec.Object("nodeSelector")?.Any(e => labels.Text(e.Key) != e.Value.Text()) is true)
        {
            return false;
        }

        return podSpec.Object("affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution") is not { } required
            || required.Items("nodeSelectorTerms").Any(term => TermMatches(term, node));
    }

    private static bool TermMatches(JsonObject term, JsonObject node)
    {
        var (expressions, fields) = (term.At("matchExpressions") as JsonArray, term.At("matchFields") as JsonArray);
        if (expressions is not { Count: > 0 } && fields is not { Count: > 0 })
        {
            return false; // an empty term matches nothing
        }

        return LabelSelector.FromSpec(new JsonObject { ["matchExpressions"] = expressions?.DeepClone() }).Matches(node)
            && LabelSelector.FromSpec(new JsonObject { ["matchExpressions"] = fields?.DeepClone() })
                .MatchesLabels(new JsonObject { ["metadata.name"] = node.NameOf() });
    }

    private static IEnumerable<JsonObject> TaintsOf(JsonObject node)
    {
        foreach (var taint in node.Items("spec", "taints"))
        {
            yield return taint;
        }

        if (node.Flag("spec", "unschedulable"))
        {
            yield return Taint("unschedulable");
        }

        if (!node.ConditionIsTrue("Ready"))
        {
            yield return Taint(node.Condition("Ready").Text("status") == "Unknown" ? "unreachable" : "not-ready");
        }

        if (node.ConditionIsTrue("NetworkUnavailable"))
        {
            yield return Taint("network-unavailable");
        }

        static JsonObject Taint(string key) => new() { ["key"] = "node.kubernetes.io/" + key, ["effect"] = "NoSchedule" };
    }

    private static bool Tolerates(JsonObject toleration, JsonObject taint)
    {
        var (key, effect) = (toleration.Text("key") ?? "", toleration.Text("effect") ?? "");
        return (effect.Length == 0 || effect == taint.Text("effect"))
            && (key.Length == 0 || key == taint.Text("key"))
            && toleration.Text("operator") switch
            {
                "Exists" => true,
                null or "" or "Equal" => (toleration.Text("value") ?? "") == (taint.Text("value") ?? "") && key.Length > 0,
                _ => false,
            };
    }
}
