using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Planning;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class PartitionPlannerTests
{
    private const string Shop = "shop";

    /// <summary>Four Nodes: client and server on n1 and n2, another pair on n3 and n4, DNS on n1.</summary>
    internal static readonly string Cluster = Nodes(4) + Service("shop", "web") + Service("depot", "db") + Service("kube-system", "kube-dns")
        + Pod("shop", "client", "n1", 1) + Pod("shop", "web", "n2", 2) + Pod("depot", "app", "n3", 3) + Pod("depot", "db", "n4", 4)
        + Pod("kube-system", "kube-dns", "n1", 5, ", k8s-app: kube-dns")
        + string.Concat(((string[])["shop", "depot", "kube-system"]).Select(n => $"---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {n}}}\n"))
        + "---\napiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {name: pool}\nspec: {cidr: 10.10.0.0/16, ipipMode: Always, natOutgoing: true}\n"
        + "---\napiVersion: crd.projectcalico.org/v1\nkind: ClusterInformation\nmetadata: {name: default}\nspec: {calicoVersion: v3.26.1}\n"
        + "---\napiVersion: crd.projectcalico.org/v1\nkind: FelixConfiguration\nmetadata: {name: default}\nspec: {defaultEndpointToHostAction: Accept}\n";

    [Test]
    public void Of_WithoutNames_TakesAQuarterOfTheNodesThatBreaksTheFewestFlows()
    {
        var partition = PartitionPlanner.Of(SnapshotFixtures.Read(Cluster), new MigrationOptions())!;
        using (Assert.EnterMultipleScope())
        {
            // n1 breaks client → web and three times DNS; any other Node its own flow and DNS.
            Assert.That(partition.FirstPart, Is.EqualTo(new[] { "n2" }));
            Assert.That(partition.Rest, Is.EqualTo(new[] { "n1", "n3", "n4" }));
            Assert.That(partition.IsNamed, Is.False);
            Assert.That(partition.BrokenFlows.Select(f => (f.From, f.To, f.BrokenPairs, f.Pairs, f.IsWhole)), Is.EqualTo(new[]
            {
                ("ReplicaSet/shop/client", "ReplicaSet/shop/web", 1L, 1L, true), ("ReplicaSet/shop/web", "ReplicaSet/kube-system/kube-dns", 1L, 1L, true),
            }));
            Assert.That(partition.Flows, Is.EqualTo(6));
        }
    }

    [Test]
    public void Of_NamedNodes_ArePartedAsNamed()
    {
        var partition = PartitionPlanner.Of(SnapshotFixtures.Read(Cluster), new MigrationOptions { FirstPart = ["n4", "n3"] })!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((partition.FirstPart, partition.IsNamed), Is.EqualTo((new[] { "n3", "n4" }, true)).Using<(IEnumerable<string> A, bool B)>((a, b) => a.A.SequenceEqual(b.A) && a.B == b.B));
            Assert.That(partition.BrokenFlows.Select(f => (f.From, f.To)), Is.EqualTo(new[]
            {
                ("ReplicaSet/depot/app", "ReplicaSet/kube-system/kube-dns"), ("ReplicaSet/depot/db", "ReplicaSet/kube-system/kube-dns"),
            }));
            Assert.That((partition.Parts("n1", "n3"), partition.Parts("n3", "n4"), partition.Parts("n1", "n2")), Is.EqualTo((true, false, false)));
            Assert.That(partition.NodesOf(MigrationPhase.SecondPart), Is.EqualTo(new[] { "n1", "n2" }));
            Assert.That(partition.NodesOf(MigrationPhase.Policies), Is.Empty);
        }
    }

    [TestCase("n1", "n2", "n3", "n4")]
    [TestCase("n9")]
    public void Of_NamesThatLeaveNoTwoParts_IsNull(params string[] names) =>
        Assert.That(PartitionPlanner.Of(SnapshotFixtures.Read(Cluster), new MigrationOptions { FirstPart = [.. names] }), Is.Null);

    [Test]
    public void Of_FlowsThatAreNamed_AreAllThatCounts()
    {
        var options = new MigrationOptions { Flows = [new WorkloadFlow("ReplicaSet/shop/client", "ReplicaSet/depot/db", 3), new WorkloadFlow("ReplicaSet/shop/web", "ReplicaSet/gone/away")] };
        var partition = PartitionPlanner.Of(SnapshotFixtures.Read(Cluster), options with { FirstPart = ["n1"] })!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(PartitionPlanner.Of(SnapshotFixtures.Read(Cluster), options)!.BrokenFlows, Is.Empty, "n2 has nothing that was named");
            Assert.That(partition.BrokenFlows.Select(f => (f.From, f.To, f.Weight)), Is.EqualTo(new[] { ("ReplicaSet/shop/client", "ReplicaSet/depot/db", 3L) }));
            Assert.That(partition.Flows, Is.EqualTo(1));
        }
    }

    /// <summary>Ten clients of two servers; the first part has four clients and one server.</summary>
    [Test]
    public void Of_WorkloadsInBothParts_BreaksTheirPairsAcross()
    {
        var yaml = Nodes(2) + Service("shop", "web")
            + string.Concat(Enumerable.Range(0, 10).Select(i => Pod(Shop, "client", i < 4 ? "n1" : "n2", i, name: $"client-{i}")))
            + Pod(Shop, "web", "n1", 20, name: "web-1") + Pod(Shop, "web", "n2", 21, name: "web-2");
        var flow = PartitionPlanner.Of(SnapshotFixtures.Read(yaml), new MigrationOptions { FirstPart = ["n1"] })!.BrokenFlows.Single();
        Assert.That((flow.BrokenPairs, flow.Pairs, flow.IsWhole), Is.EqualTo((4L + 6, 20L, false)));
    }

    [Test]
    public void Of_WhatPoliciesDeny_IsNoFlow()
    {
        var yaml = Cluster
            + """
            ---
            apiVersion: discovery.k8s.io/v1
            kind: EndpointSlice
            metadata: {name: web-x, namespace: shop, labels: {kubernetes.io/service-name: web}}
            addressType: IPv4
            ports: [{port: 80, protocol: TCP}]
            endpoints: [{addresses: [10.10.2.66]}]
            ---
            apiVersion: crd.projectcalico.org/v1
            kind: NetworkPolicy
            metadata: {name: default.closed, namespace: shop}
            spec: {selector: app == 'web', types: [Ingress], ingress: [{action: Allow, source: {selector: app == 'somebody'}}]}

            """;
        Assert.That(WorkloadFlows.Of(SnapshotFixtures.Read(yaml), []).Select(f => f.Flow.To), Has.None.EqualTo("ReplicaSet/shop/web"));
    }

    [Test]
    public void Of_WhatTheApiServerAsks_CountsTenTimes()
    {
        var yaml = Cluster + Pod("depot", "hook", "n4", 6) + Service("depot", "hook")
            + """
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: kube-apiserver-n1, namespace: kube-system, labels: {component: kube-apiserver}}
            spec: {nodeName: n1, hostNetwork: true}
            status: {phase: Running, podIPs: [{ip: 172.18.0.2}]}
            ---
            apiVersion: admissionregistration.k8s.io/v1
            kind: ValidatingWebhookConfiguration
            metadata: {name: hook}
            webhooks: [{name: hook.example.org, clientConfig: {service: {namespace: depot, name: hook}}}]

            """;
        Assert.That(
            WorkloadFlows.Of(SnapshotFixtures.Read(yaml), []).Where(f => f.Flow.From == WorkloadFlows.ApiServer).Select(f => (f.Flow.To, f.Flow.Weight)),
            Is.EqualTo(new[] { ("ReplicaSet/depot/hook", 10L) }));
    }

    /// <summary>Two Pods of one workload one after the other, and one of another: three batches; with a limit of three all go at once.</summary>
    [TestCase(null, 3)]
    [TestCase(3, 1)]
    public void Of_Time_GrowsWithTheBatches(int? maxUnavailable, int batches)
    {
        var yaml = Nodes(2) + Pod(Shop, "a", "n1", 1, name: "a-1") + Pod(Shop, "a", "n1", 2, name: "a-2") + Pod(Shop, "b", "n1", 3) + Pod(Shop, "c", "n2", 4);
        var partition = PartitionPlanner.Of(SnapshotFixtures.Read(yaml), new MigrationOptions { FirstPart = ["n1"], MaxUnavailable = maxUnavailable })!;
        var requests = PartitionTime.RequestsOfANode + PartitionTime.RequestsOfAnother;
        var both = PartitionTime.OfAPart + PartitionTime.OfLeaving + (PartitionTime.CommandsOfANode * PartitionTime.OfACommand) + (requests * PartitionTime.OfARequest);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                partition.FirstPartTime,
                Is.EqualTo(both + (PartitionTime.CommandsOfCleaning * PartitionTime.OfACommand) + (3 * PartitionTime.RequestsOfAPod * PartitionTime.OfARequest) + (batches * PartitionTime.OfABatch)));
            Assert.That(partition.RestTime, Is.EqualTo(both + (PartitionTime.RequestsOfAPod * PartitionTime.OfARequest) + PartitionTime.OfABatch));
            Assert.That(partition.TimeApart, Is.EqualTo(partition.FirstPartTime + partition.RestTime));
        }
    }

    /// <summary>Four Nodes take as long as one where they go side by side; a fifth waits for one of them.</summary>
    [Test]
    public void Of_Time_GrowsWithTheNodesOfThePartAndWithTheOthers()
    {
        TimeSpan Rest(int nodes, int first) =>
            PartitionPlanner.Of(SnapshotFixtures.Read(Nodes(nodes)), new MigrationOptions { FirstPart = [.. Enumerable.Range(1, first).Select(n => $"n{n}")] })!.RestTime;

        var wave = PartitionTime.OfLeaving + (PartitionTime.CommandsOfANode * PartitionTime.OfACommand);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Rest(5, 1) - Rest(2, 1), Is.EqualTo(3 * PartitionTime.RequestsOfANode * PartitionTime.OfARequest));
            Assert.That(Rest(6, 1) - Rest(5, 1), Is.EqualTo(wave + (PartitionTime.RequestsOfANode * PartitionTime.OfARequest)));
            Assert.That(Rest(3, 2) - Rest(2, 1), Is.EqualTo(PartitionTime.RequestsOfAnother * PartitionTime.OfARequest));
        }
    }

    /// <summary>Six Nodes in the first part and two in the other: one at a time they go in eight waves instead of three.</summary>
    [Test]
    public void MoreTimeApart_OfFewerNodesAtOnce_IsWhatTheyWaitForEachOther()
    {
        var partition = PartitionPlanner.Of(SnapshotFixtures.Read(Nodes(8)), new MigrationOptions { FirstPart = [.. Enumerable.Range(1, 6).Select(n => $"n{n}")] })!;
        var wave = PartitionTime.OfLeaving + (PartitionTime.CommandsOfANode * PartitionTime.OfACommand);
        var cleaning = PartitionTime.CommandsOfCleaning * PartitionTime.OfACommand;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(partition.MoreTimeApart(1), Is.EqualTo((4 * (wave + cleaning)) + wave));
            Assert.That(partition.MoreTimeApart(4), Is.EqualTo(TimeSpan.Zero));
            Assert.That(partition.MoreTimeApart(6), Is.EqualTo(-(wave + cleaning)));
            Assert.That(partition.TimeOf(MigrationPhase.FirstPart, 1), Is.EqualTo(partition.FirstPartTime + (4 * (wave + cleaning))));
            Assert.That(partition.TimeOf(MigrationPhase.SecondPart, 1), Is.EqualTo(partition.RestTime + wave));
            Assert.That(partition.TimeOf(MigrationPhase.SecondPart, 4), Is.EqualTo(partition.RestTime));
            Assert.That(partition.TimeOf(MigrationPhase.Policies, 1), Is.EqualTo(TimeSpan.Zero));
        }
    }

    internal static string Nodes(int count) => string.Concat(Enumerable.Range(1, count).Select(n =>
        $$"""
        ---
        apiVersion: v1
        kind: Node
        metadata: {name: n{{n}}, annotations: {projectcalico.org/IPv4IPIPTunnelAddr: 10.10.{{n}}.64} }
        spec: {podCIDR: 10.10.{{n}}.0/24, podCIDRs: [10.10.{{n}}.0/24]}
        status: {addresses: [{type: InternalIP, address: 172.18.0.{{n + 1}}}], conditions: [{type: Ready, status: "True"}]}

        """));

    internal static string Service(string @namespace, string name) =>
        $$"""
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: {{name}}, namespace: {{@namespace}}}
        spec: {clusterIP: 10.96.0.9, selector: {app: {{name}}}, ports: [{port: 80}]}

        """;

    internal static string Pod(string @namespace, string workload, string node, int index, string labels = "", string? name = null) =>
        $$"""
        ---
        apiVersion: v1
        kind: Pod
        metadata:
          name: {{name ?? workload}}
          namespace: {{@namespace}}
          labels: {app: {{workload}}{{labels}}}
          annotations: {cni.projectcalico.org/podIPs: 10.10.{{node[1..]}}.{{64 + index}}/32}
          ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: {{workload}}, uid: u, controller: true}]
        spec: {nodeName: {{node}}}
        status: {phase: Running, podIPs: [{ip: 10.10.{{node[1..]}}.{{64 + index}}}], conditions: [{type: Ready, status: "True"}]}

        """;
}
