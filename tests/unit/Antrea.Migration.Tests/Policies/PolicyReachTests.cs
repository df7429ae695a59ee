using System.Text.Json.Nodes;
using Antrea.Migration.Policies.Application;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Tests.Planning;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Where only some Nodes have an agent, a policy is in force when those of them have it that host its Pods.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class PolicyReachTests
{
    [TestCase("", 0, 0)]
    [TestCase("n1", 1, 0)]
    [TestCase("n1 n3", 1, 1)]
    [TestCase("n1 n2 n3", 2, 1)]
    public void Of_SomeAgents_CountsTheirNodesThatHostAPod(string agents, int ofCluster, int ofNamespace)
    {
        var snapshot = SnapshotFixtures.Read(
            PartitionPlannerTests.Nodes(3) + "---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"
            + PartitionPlannerTests.Pod("shop", "web", "n1", 1, name: "web-1") + PartitionPlannerTests.Pod("shop", "web", "n1", 2, name: "web-2")
            + PartitionPlannerTests.Pod("shop", "web", "n2", 3, name: "web-3") + PartitionPlannerTests.Pod("shop", "db", "n3", 4));
        JsonObject[] objects =
        [
            Policy("ClusterNetworkPolicy", """{"name": "all"}""", "web", """[{"action": "Allow", "appliedTo": [{"podSelector": {"matchLabels": {"app": "web"}}}]}]""", onRules: true),
            Policy("NetworkPolicy", """{"name": "one", "namespace": "shop"}""", "db", """[{"action": "Drop"}]""", onRules: false),
        ];

        var reach = PolicyReach.Of(snapshot, objects, new PolicyConversionOptions { AntreaVersion = "v2.7.0" }, agents.Split(' ').ToHashSet());

        Assert.That((reach[("ClusterNetworkPolicy", "", "all")], reach[("NetworkPolicy", "shop", "one")]), Is.EqualTo((ofCluster, ofNamespace)));
    }

    private static string AppliedTo(string app) => "\"appliedTo\": [{\"podSelector\": {\"matchLabels\": {\"app\": \"" + app + "\"}}}],";

    private static JsonObject Policy(string kind, string metadata, string app, string ingress, bool onRules) => JsonNode.Parse(
        $$"""
        {"apiVersion": "crd.antrea.io/v1beta1", "kind": "{{kind}}", "metadata": {{metadata}},
         "spec": {"tier": "application", "priority": 5, {{(onRules ? "" : AppliedTo(app))}} "ingress": {{ingress}} } }
        """)!.AsObject();
}
