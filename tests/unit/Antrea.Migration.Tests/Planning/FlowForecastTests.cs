using Antrea.Migration.Connectivity;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Tests.Planning;

[Parallelizable(ParallelScope.All)]
internal sealed class FlowForecastTests
{
    private static readonly MigrationPhase[] Both = [MigrationPhase.FirstPart, MigrationPhase.SecondPart];

    private static readonly NodePartition Parts = new()
    {
        FirstPart = ["n1", "n2"],
        Rest = ["n3", "n4"],
        IsNamed = true,
        BrokenFlows = [],
        Flows = 0,
        FirstPartTime = default,
        RestTime = default,
    };

    /// <summary>Ends on the Nodes' network have a star, Pods behind a port of their Node a plus.</summary>
    [TestCase("n1", "n2", "FirstPart", 0, false)]
    [TestCase("n3", "n4 n4", "SecondPart", 0, false)]
    [TestCase("n1", "n3 n4", "FirstPart SecondPart", 2, true)]
    [TestCase("n1", "n2 n3", "FirstPart SecondPart", 1, false)]
    [TestCase("n1 n3", "n2 n4", "FirstPart SecondPart", 2, false)]
    [TestCase("n1", "n3* n4*", "FirstPart", 0, false)]
    [TestCase("n1", "n3* n4", "FirstPart SecondPart", 1, false)]
    [TestCase("n1*", "n3", "FirstPart SecondPart", 1, true)]
    [TestCase("n1*", "n3*", "", 0, false)]
    [TestCase("n1", "n3+", "FirstPart SecondPart", 0, false)]
    [TestCase("n3", "n4+", "SecondPart", 0, false)]
    [TestCase("n1*", "n3+", "SecondPart", 0, false)]
    public void Of_NodesOfBothEnds_TellsWhenAndHowManyPairs(string clients, string servers, string phases, long broken, bool isWhole)
    {
        var forecast = FlowForecast.Of(Parts, Ends(clients), Ends(servers));
        Assert.That((string.Join(' ', forecast.Phases), forecast.BrokenPairs, forecast.IsWhole), Is.EqualTo((phases, broken, isWhole)));
    }

    /// <summary>What was lost, as PHASE:REQUESTS.</summary>
    [TestCase("n1", "n2", "FirstPart:3", true)]
    [TestCase("n1", "n2", "", true)]
    [TestCase("n1", "n2", "SecondPart:1", false)]
    [TestCase("n1", "n2", "SecondPart:0", true)]
    [TestCase("n1", "n3", "FirstPart:3 SecondPart:9", true)]
    [TestCase("n1", "n3", "", false)]
    [TestCase("n1", "n3", "FirstPart:3 Policies:1", false)]
    public void Agrees_LossesInItsPhasesAndWhereAllAreLost_IsTrue(string clients, string servers, string lost, bool agrees) =>
        Assert.That(FlowForecast.Of(Parts, Ends(clients), Ends(servers)).Agrees(Outages(lost), Both, PartitionProgress.NotBegun), Is.EqualTo(agrees));

    /// <summary>A run that takes up what another has left, in the middle of a part or between the two, watches both parts or the second; flows whose state that was lose from the start.</summary>
    [TestCase("n1", "n3", PartitionProgress.NotBegun, "Before:1 FirstPart:1", false)]
    [TestCase("n1", "n3", PartitionProgress.InFirstPart, "Before:1 Policies:2 FirstPart:1 SecondPart:1", true)]
    [TestCase("n1", "n3", PartitionProgress.InFirstPart, "", false)]
    [TestCase("n1", "n2", PartitionProgress.InFirstPart, "Before:1 Policies:2", true)]
    [TestCase("n3", "n4", PartitionProgress.InFirstPart, "Before:1", false)]
    [TestCase("n1", "n2", PartitionProgress.InFirstPart, "SecondPart:1", false)]
    [TestCase("n1", "n3", PartitionProgress.Apart, "Before:4 Policies:2 FirstPart:1 SecondPart:1", true)]
    [TestCase("n1", "n3", PartitionProgress.Apart, "", false)]
    [TestCase("n1", "n2", PartitionProgress.Apart, "Before:1", false)]
    [TestCase("n3", "n4", PartitionProgress.Apart, "Before:4", false)]
    [TestCase("n1", "n3", PartitionProgress.InSecondPart, "Before:4 SecondPart:1", true)]
    [TestCase("n1", "n3", PartitionProgress.InSecondPart, "", true)]
    [TestCase("n1", "n3", PartitionProgress.InSecondPart, "SecondPart:1 RemoveCalico:1", false)]
    [TestCase("n3", "n4", PartitionProgress.InSecondPart, "Before:4 FirstPart:1", true)]
    [TestCase("n1", "n2", PartitionProgress.InSecondPart, "Before:4", false)]
    [TestCase("n1", "n3", PartitionProgress.Moved, "Before:4", false)]
    [TestCase("n1", "n3", PartitionProgress.Moved, "", true)]
    public void Agrees_PartsThatWereBegunBefore_MayLoseUntilTheyHaveMoved(string clients, string servers, PartitionProgress atStart, string lost, bool agrees) =>
        Assert.That(FlowForecast.Of(Parts, Ends(clients), Ends(servers)).Agrees(Outages(lost), Both, atStart), Is.EqualTo(agrees));

    [Test]
    public void Agrees_StoppedBeforeAPartMoves_AWholeFlowNeedNotLose() =>
        Assert.That(FlowForecast.Of(Parts, Ends("n1"), Ends("n3")).Agrees([], [MigrationPhase.Backup], PartitionProgress.NotBegun), Is.True);

    /// <summary>A client on n1 asks web on n2 by name, which DNS on n1 resolves; n3 and n4 have another pair.</summary>
    [TestCase("shop/client", "http://web", "n1", "FirstPart SecondPart", true)]
    [TestCase("shop/client", "http://web.shop.svc.cluster.local:80/x", "n1 n2", "FirstPart", false)]
    [TestCase("depot/app", "http://db", "n1 n2", "FirstPart SecondPart", true)]
    [TestCase("depot/app", "http://10.10.4.68", "n1 n2", "SecondPart", false)]
    [TestCase("n3", "http://10.10.1.65", "n1 n2", "FirstPart SecondPart", true)]
    [TestCase("n3", "http://172.18.0.2", "n1 n2", "", false)]
    [TestCase("depot/app", "http://172.18.0.2", "n1 n2", "SecondPart", false)]
    [TestCase("depot/app", "http://172.18.0.2:30080", "n1 n2", null, false)]
    [TestCase("shop/client", "http://db.depot.svc", "n1 n2", "FirstPart SecondPart", true)]
    [TestCase("shop/client", "http://db.depot.org", "n1 n2", null, false)]
    [TestCase("depot/gone", "http://web", "n1", null, false)]
    [TestCase("shop/client", "http://example.org", "n1", null, false)]
    [TestCase("kube-system/on-node", "http://web.shop", "n2", "FirstPart SecondPart", true)]
    [TestCase("kube-system/on-node", "http://web.shop", "n1", "SecondPart", false)]
    [TestCase("kube-system/with-dns", "http://web.shop", "n1", "FirstPart SecondPart", true)]
    [TestCase("kube-system/with-dns", "http://10.10.2.66", "n1", "SecondPart", false)]
    [TestCase("kube-system/on-node", "http://172.18.0.4", "n1", "", false)]
    [TestCase("depot/app", "http://172.18.0.2:8080", "n2", "SecondPart", false)]
    [TestCase("depot/app", "http://172.18.0.2:8080", "n1", "FirstPart SecondPart", false)]
    [TestCase("n3", "http://172.18.0.2:8080", "n1", "FirstPart", false)]
    [TestCase("depot/app", "http://172.18.0.2:8081", "n1", "SecondPart", false)]
    [TestCase("depot/app", "http://172.18.0.2:8082", "n1", "SecondPart", false)]
    [TestCase("depot/app", "http://172.18.0.3:8080", "n1", "SecondPart", false)]
    public void Of_ASourceAndATarget_FindsTheirNodesAndDns(string source, string target, string first, string? phases, bool isWhole)
    {
        var snapshot = SnapshotFixtures.Read(PartitionPlannerTests.Cluster + OnNodes
            + "---\napiVersion: v1\nkind: Service\nmetadata: {name: port, namespace: shop}\nspec: {type: NodePort, clusterIP: 10.96.0.8, selector: {app: web}, ports: [{port: 80, nodePort: 30080}]}\n");
        var partition = PartitionPlanner.Of(snapshot, new MigrationOptions { FirstPart = [.. first.Split(' ')] })!;
        var forecast = FlowForecast.Of(snapshot, partition, source, new Uri(target));
        Assert.That((forecast is null ? null : string.Join(' ', forecast.Phases), forecast?.IsWhole ?? false), Is.EqualTo((phases, isWhole)));
    }

    /// <summary>Selected Pods, or the addresses in an EndpointSlice: one of n2, which is parted from the client, and one that is a Node's.</summary>
    [TestCase("---\napiVersion: v1\nkind: Pod\nmetadata: {name: web-h, namespace: shop, labels: {app: web}}\nspec: {nodeName: n4, hostNetwork: true}\nstatus: {phase: Running, podIPs: [{ip: 172.18.0.5}]}\n")]
    [TestCase("---\napiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: web-x, namespace: shop, labels: {kubernetes.io/service-name: web}}\naddressType: IPv4\nports: [{port: 80, protocol: TCP}]\nendpoints: [{addresses: [10.10.2.66]}, {addresses: [172.18.0.5]}]\n")]
    public void Of_AServiceThatHasAnEndpointOnTheNodesNetworkToo_IsNotWhollyBroken(string more)
    {
        var snapshot = SnapshotFixtures.Read(PartitionPlannerTests.Cluster + more);
        var partition = PartitionPlanner.Of(snapshot, new MigrationOptions { FirstPart = ["n1"] })!;
        var forecast = FlowForecast.Of(snapshot, partition, "shop/client", new Uri("http://web"))!;
        Assert.That((forecast.BrokenPairs, forecast.Pairs, forecast.IsWhole), Is.EqualTo((1, 2, false)));
    }

    /// <summary>The client's lookups are parted, it and its server are not: taken up between the parts, it loses from the start.</summary>
    [TestCase("n1", PartitionProgress.Apart, "Before:4 SecondPart:1", true)]
    [TestCase("n1", PartitionProgress.InFirstPart, "Policies:4", true)]
    [TestCase("n1", PartitionProgress.NotBegun, "Before:4", false)]
    [TestCase("n1", PartitionProgress.Moved, "Before:4", false)]
    [TestCase("n2", PartitionProgress.Apart, "Before:4", false)]
    public void Agrees_NamesThatTheOtherPartResolves_MayLoseWhileThePartsAreApart(string first, PartitionProgress atStart, string lost, bool agrees)
    {
        var snapshot = SnapshotFixtures.Read(PartitionPlannerTests.Cluster);
        var partition = PartitionPlanner.Of(snapshot, new MigrationOptions { FirstPart = [first] })!;
        var forecast = FlowForecast.Of(snapshot, partition, "depot/app", new Uri("http://db"))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((forecast.BrokenPairs, forecast.IsParted), Is.EqualTo((0, first == "n1")));
            Assert.That(forecast.Agrees(Outages(lost), Both, atStart), Is.EqualTo(agrees));
        }
    }

    /// <summary>Two clients on n4's network, one of which asks DNS as Pods do; and a Pod to which n1 leads port 8080, 8081 at another address only, and 8082 of UDP.</summary>
    private const string OnNodes =
        """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: on-node, namespace: kube-system}
        spec: {nodeName: n4, hostNetwork: true, dnsPolicy: ClusterFirst}
        status: {phase: Running, podIPs: [{ip: 172.18.0.5}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: with-dns, namespace: kube-system}
        spec: {nodeName: n4, hostNetwork: true, dnsPolicy: ClusterFirstWithHostNet}
        status: {phase: Running, podIPs: [{ip: 172.18.0.5}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: edge, namespace: depot}
        spec:
          nodeName: n1
          containers:
          - name: main
            ports: [{containerPort: 80, hostPort: 8080}, {containerPort: 80, hostPort: 8081, hostIP: 192.0.2.1}, {containerPort: 80, hostPort: 8082, protocol: UDP}]
        status: {phase: Running, podIPs: [{ip: 10.10.9.66}]}

        """;

    private static FlowForecast.End[] Ends(string nodes) => [.. nodes.Split(' ').Select(n => new FlowForecast.End(n.TrimEnd('*', '+'), n.EndsWith('*'), n.EndsWith('+')))];

    private static IEnumerable<OutageWindow> Outages(string lost) => lost.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(o => o.Split(':'))
        .Select(o => new OutageWindow(new FlowName("a", "b"), default, default, long.Parse(o[1]), ProbeFailureCause.Timeout, o[0], true));
}
