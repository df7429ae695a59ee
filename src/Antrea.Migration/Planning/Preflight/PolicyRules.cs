using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>Policies while both networks are in use.</summary>
internal static class PolicyRules
{
    private static readonly string[] SourceFields = ["selector", "notSelector", "namespaceSelector", "serviceAccounts", "nets", "notNets"];

    /// <summary>
    /// Between Nodes, what comes from an Antrea interface to a Calico address carries the tunnel or Node address of its
    /// Node, as Antrea masquerades it: no rule about the source's labels or address knows it.
    /// </summary>
    public static IEnumerable<Finding> SourcesLostUnderMasquerading(PreflightContext context)
    {
        foreach (var policy in context.CalicoObjects("NetworkPolicy").Concat(context.CalicoObjects("GlobalNetworkPolicy")))
        {
            var rules = policy.Json.ItemsAt("spec", "ingress")
                .Where(r => SourceFields.Any(f => r.At("source", f) is { } value && !IsEmpty(value)))
                .ToList();
            if (rules.Count > 0)
            {
                var denies = rules.Count(r => r.TextAt("action") == "Deny");
                yield return Lost(policy, rules.Count, denies);
            }
        }

        foreach (var policy in context.Snapshot.OfKind("networking.k8s.io", "NetworkPolicy"))
        {
            var rules = policy.Json.ItemsAt("spec", "ingress").Count(r => r.ItemsAt("from").Any());
            if (rules > 0)
            {
                yield return Lost(policy, rules, 0);
            }
        }
    }

    private static Finding Lost(ClusterObject policy, int rules, int denies) => new(
        "policy-loses-sources-while-mixed",
        Severity.Blocker,
        // Calico's kind has the same name as Kubernetes' own.
        $"{policy} ({policy.ApiVersion})",
        $"{rules} ingress rules name their source, {denies} of them to deny it. While both networks are in use some connections arrive from another address than the Pod's: "
        + "from a bridged Pod to an Antrea Pod with its second one, from an Antrea Pod to a bridged one with a Node's. "
        + $"{(denies > 0 ? "What is denied may get through, and what" : "What")} is allowed may be refused.",
        "Rewrite the rule to name ports instead of sources for the time of the migration, or ignore this id to accept it for that time.");

    private static bool IsEmpty(JsonNode value) => value switch
    {
        JsonArray array => array.Count == 0,
        JsonObject obj => obj.Count == 0,
        _ => value.TextAt() is null,
    };
}
