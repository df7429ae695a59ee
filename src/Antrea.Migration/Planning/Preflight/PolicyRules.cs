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
        Severity.Warning,
        // Calico's kind has the same name as Kubernetes' own.
        $"{policy} ({policy.ApiVersion})",
        $"{rules} ingress rules name their source, {denies} of them to deny it. While bridged Pods talk to Calico addresses on other Nodes, their source is a Node's "
        + $"tunnel address: {(denies > 0 ? "what is denied may get through, and " : "")}what is allowed may be refused.",
        "Use an Antrea version that can steer routes, so that bridged Pods keep Calico's path to each other, or accept it for the time of the mixed phases.");

    private static bool IsEmpty(JsonNode value) => value switch
    {
        JsonArray array => array.Count == 0,
        JsonObject obj => obj.Count == 0,
        _ => value.TextAt() is null,
    };
}
