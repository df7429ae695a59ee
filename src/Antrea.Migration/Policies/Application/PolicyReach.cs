using System.Text.Json.Nodes;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Reading;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Policies.Application;

/// <summary>On how many Nodes each policy can be in force, where only some Nodes have an agent.</summary>
/// <remarks>antrea-controller waits for every Node that hosts a Pod of the policy's, agent or not, so its own word, Realized, is not to be had meanwhile. Source: Antrea v2.7
/// <c>pkg/controller/networkpolicy/status_controller.go</c>.</remarks>
internal static class PolicyReach
{
    /// <summary>By kind, Namespace and name; a policy whose Pods are all elsewhere has 0.</summary>
    /// <param name="snapshot">The cluster.</param>
    /// <param name="objects">The converted policies and what they name.</param>
    /// <param name="options">The versions to go by.</param>
    /// <param name="agents">The Nodes that have an agent.</param>
    public static IReadOnlyDictionary<(string Kind, string Namespace, string Name), int> Of(
        ClusterSnapshot snapshot, IEnumerable<JsonObject> objects, PolicyConversionOptions options, IReadOnlySet<string> agents)
    {
        var set = AntreaPolicySet.Read(objects.Select(o => new ClusterObject(o, "conversion")), PolicyEvaluators.AntreaVersion(options));
        var members = new AntreaMembers(set, PolicyWorld.From(snapshot));
        var nodes = snapshot.Pods.DistinctBy(p => (p.Namespace, p.Name)).ToDictionary(p => (p.Namespace, p.Name), p => p.NodeName);
        return set.Policies.ToDictionary(
            p => (p.Namespace.Length == 0 ? "ClusterNetworkPolicy" : "NetworkPolicy", p.Namespace, p.Name),
            p => p.AppliedTo.Concat(p.Ingress.Concat(p.Egress).SelectMany(r => r.AppliedTo))
                .SelectMany(a => AntreaFlowRule.Subjects(a, p.Namespace, members))
                .Select(s => nodes.GetValueOrDefault((s.Namespace, s.Name), ""))
                .Where(agents.Contains)
                .Distinct(StringComparer.Ordinal)
                .Count());
    }
}
