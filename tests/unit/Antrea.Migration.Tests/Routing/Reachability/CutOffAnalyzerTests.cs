using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Tests.Routing.Reachability;

public class CutOffAnalyzerTests
{
    private const string Both = "Antrea Pods and Multus Pods";

    [Test]
    public async Task SeedCluster_ThreePodsAreCutOff_TheirSenderNodesAndTheReasonAreNamed()
    {
        var snapshot = await SnapshotFixtures.ReadAsync("test");
        var analysis = CutOffAnalyzer.Analyze(snapshot, Model(snapshot));
        var tunnelled = "10.10.4.0/24, the PodCIDR of Node test-worker4, holds the address: Open vSwitch tunnels the packet to test-worker4, "
            + "where no Antrea Pod has it, and it is dropped";
        using (Assert.EnterMultipleScope())
        {
            Assert.That(analysis.Unreachable.Select(u => u.Address).Distinct(), Is.EquivalentTo(["10.10.4.129", "10.10.6.65", "10.10.8.129"]));
            Assert.That(
                analysis.Unreachable.Where(u => u.Address == "10.10.4.129"),
                Is.EqualTo(
                [
                    new UnreachablePod(
                        "default/nginx-ds-rbr6n", "test-worker3", "10.10.4.129", $"{Both} on Node test-worker4 (on link)",
                        "10.10.4.0/24, their own Node's PodCIDR, holds the address: they look for it on their own link, where nobody answers"),
                    new UnreachablePod("default/nginx-ds-rbr6n", "test-worker3", "10.10.4.129", $"{Both} on every Node but test-worker4", tunnelled),
                ]));
            Assert.That(analysis.Workloads, Is.EqualTo([new CutOffGroup("DaemonSet", "default", "nginx-ds", 3, 20, Both)]));
            Assert.That(
                analysis.Findings.Select(f => $"{f.Severity} {f.Id} {f.Subject}"),
                Is.EqualTo(
                [
                    "Warning tunnel-address-in-pod-cidr Node/test-worker11", "Warning tunnel-address-in-pod-cidr Node/test-worker3",
                    "Warning tunnel-address-in-pod-cidr Node/test-worker5", "Warning workload-cut-off DaemonSet/default/nginx-ds",
                ]));
            Assert.That(analysis.Findings[1].Evidence, Does.Contain("10.10.4.128").And.Contain("Multus Pods on other Nodes cannot answer"));
        }
    }

    [Test]
    public void BlockInItsOwnNodesPodCidr_IsCutOffAlike() =>
        Assert.That(
            FromOf(Cluster([Block("10.10.1.64/26", "b")], Pod("p", "b", "10.10.1.70", calico: true))),
            Is.EqualTo([$"p {Both} on Node b (on link)", $"p {Both} on every Node but b"]));

    [Test]
    public void AntreaPodWithTheNodesOwnAddress_IsNotCutOff() =>
        Assert.That(FromOf(Cluster([Block("10.10.1.64/26", "b")], Pod("p", "b", "10.10.1.5", calico: false))), Is.Empty);

    [Test]
    public void BorrowedAddress_CountsWhereItIsUsed()
    {
        var snapshot = Cluster([Block("10.10.1.64/26", "a", Allocation("10.10.1.70", "c", "p"))], Pod("p", "c", "10.10.1.70", calico: true));
        Assert.That(CutOffAnalyzer.Analyze(snapshot, Model(snapshot)).Unreachable.Select(u => u.Node).Distinct(), Is.EqualTo(["c"]));
    }

    [Test]
    public void PodWithoutAnnotation_IsCalicosByItsAllocation()
    {
        var snapshot = Cluster([Block("10.10.1.64/26", "b", Allocation("10.10.1.70", "b", "p"))], Pod("p", "b", "10.10.1.70", calico: false));
        Assert.That(FromOf(snapshot), Has.Length.EqualTo(2));
    }

    [Test]
    public void GatewaysAddress_IsLostToTheNodeItself()
    {
        var snapshot = Cluster([Block("10.10.1.0/26", "c")], Pod("p", "c", "10.10.1.1", calico: true));
        var found = CutOffAnalyzer.Analyze(snapshot, Model(snapshot)).Unreachable;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                found.Select(u => u.From),
                Is.EqualTo([$"{Both} on any Node", "Calico Pods and hosts (kubelet, hostNetwork Pods) on Node b"]));
            Assert.That(found.Select(u => u.Reason).Distinct().Single(), Does.StartWith("antrea-gw0 of Node b has the same address"));
        }
    }

    [Test]
    public void BlockWiderThanThePodCidr_IsLostToCalicoPodsToo()
    {
        var snapshot = Cluster([Block("10.10.0.0/23", "c")], Pod("p", "c", "10.10.1.70", calico: true));
        var found = CutOffAnalyzer.Analyze(snapshot, Model(snapshot)).Unreachable;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                found.Select(u => u.From),
                Is.EqualTo(
                [
                    $"{Both} on Node b (on link)", $"{Both} on every Node but b",
                    "Calico Pods and hosts (kubelet, hostNetwork Pods) on every Node but c",
                ]));
            Assert.That(found[^1].Reason, Is.EqualTo("Antrea's route 10.10.1.0/24 is longer than Calico's: packets go to Node b, where no Antrea Pod has the address"));
        }
    }

    [Test]
    public void BlockEqualToThePodCidr_IsContestedForTheNodesRoutes()
    {
        var snapshot = Cluster([Block("10.10.1.0/24", "c")], Pod("p", "c", "10.10.1.70", calico: true));
        var found = CutOffAnalyzer.Analyze(snapshot, Model(snapshot)).Unreachable;
        Assert.That(found[^1].Reason, Does.StartWith("Calico and Antrea both write the route 10.10.1.0/24"));
    }

    [Test]
    public void AntreaPodInACalicoBlock_IsLostToHostsAndCalicoPods()
    {
        var snapshot = Cluster([Block("10.10.1.64/26", "c")], Pod("p", "b", "10.10.1.70", calico: false));
        var found = CutOffAnalyzer.Analyze(snapshot, Model(snapshot)).Unreachable.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(found.From, Is.EqualTo("Calico Pods and hosts (kubelet, hostNetwork Pods) on any Node"));
            Assert.That(found.Reason, Does.Contain("Calico's route 10.10.1.64/26 is longer than the PodCIDR 10.10.1.0/24: packets go to Node c"));
        }
    }

    [Test]
    public void Ipv6AndDualStack_EachAddressIsJudgedAlone()
    {
        var snapshot = Cluster([Block("fd00:10:1::40/122", "c"), Block("10.244.0.0/26", "c")], Pod("p", "c", "10.244.0.5", calico: true) with
        {
            PodIPs = [IPAddress.Parse("10.244.0.5"), IPAddress.Parse("fd00:10:1::42")],
        });
        var found = CutOffAnalyzer.Analyze(snapshot, Model(snapshot)).Unreachable;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(found.Select(u => u.Address).Distinct(), Is.EqualTo(["fd00:10:1::42"]));
            Assert.That(found.Select(u => u.From), Is.EqualTo([$"{Both} on Node b (on link)", $"{Both} on every Node but b"]));
        }
    }

    [Test]
    public void HostNetworkAndEndedPods_AreNotCutOff() =>
        Assert.That(
            FromOf(Cluster(
                [Block("10.10.1.64/26", "c")],
                Pod("host", "c", "10.10.1.70", calico: true) with { HostNetwork = true },
                Pod("ended", "c", "10.10.1.71", calico: true) with { Phase = "Succeeded" },
                Pod("elsewhere", "gone", "10.10.1.72", calico: true))),
            Is.Empty);

    [Test]
    public void Services_AreCountedByTheirSelectors()
    {
        var snapshot = SnapshotFixtures.Read("""
            {apiVersion: v1, kind: Service, metadata: {name: all, namespace: s}, spec: {selector: {app: web, tier: back}}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: none, namespace: s}, spec: {selector: {app: other}}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: some, namespace: s}, spec: {selector: {app: web}}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: elsewhere, namespace: t}, spec: {selector: {app: web}}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: external, namespace: s}, spec: {type: ExternalName}}

            """);
        var cluster = Cluster(
            [Block("10.10.1.64/26", "c")],
            Pod("back", "c", "10.10.1.70", calico: true, ("app", "web"), ("tier", "back")),
            Pod("front", "a", "10.244.0.7", calico: true, ("app", "web"), ("tier", "front")));
        var analysis = CutOffAnalyzer.Analyze(cluster with { Objects = snapshot.Objects }, Model(cluster));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                analysis.Services,
                Is.EqualTo([new CutOffGroup("Service", "s", "all", 1, 1, Both), new CutOffGroup("Service", "s", "some", 1, 2, Both)]));
            Assert.That(
                analysis.Findings.Where(f => f.Subject.StartsWith("Service/", StringComparison.Ordinal)).Select(f => (f.Severity, f.Id)),
                Is.EqualTo([(Severity.Blocker, "service-cut-off"), (Severity.Warning, "service-partly-cut-off")]));
        }
    }

    [TestCase(10)]
    [TestCase(100)]
    [TestCase(1000)]
    public void Questions_GrowWithTheNodes_NotWithThePods(int podsPerNode)
    {
        const int Nodes = 40;
        var snapshot = new ClusterSnapshot
        {
            Nodes = [.. Enumerable.Range(0, Nodes).Select(i => new NodeInfo { Name = $"n{i:00}", PodCidrs = [Cidr.Parse($"10.{i}.0.0/16")] })],
            CalicoIpam = new CalicoIpam([], [.. Enumerable.Range(0, Nodes).Select(i => Block($"10.{(i + 1) % Nodes}.16.0/20", $"n{i:00}"))], []),
            Pods =
            [
                .. from node in Enumerable.Range(0, Nodes)
                   from pod in Enumerable.Range(0, podsPerNode)
                   select Pod($"p{node}-{pod}", $"n{node:00}", Cidr.Parse($"10.{(node + 1) % Nodes}.16.0/20").AddressAt((UInt128)pod).ToString(), calico: true),
            ],
        };
        var analysis = CutOffAnalyzer.Analyze(snapshot, Model(snapshot), CancellationToken.None, out var questions);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(analysis.Unreachable, Has.Length.EqualTo(2 * Nodes * podsPerNode));
            Assert.That(questions, Is.EqualTo(Nodes * 3 * 2), "three classes of Nodes and two networks for each Node's Pods");
        }
    }

    private static string[] FromOf(ClusterSnapshot snapshot) =>
        [.. CutOffAnalyzer.Analyze(snapshot, Model(snapshot)).Unreachable.Select(u => $"{u.Pod["default/".Length..]} {u.From}")];

    private static ReachabilityModel Model(ClusterSnapshot snapshot) =>
        ReachabilityModel.FromSnapshot(snapshot) with { MultusRoutes = MultusRoutes.ByPodCidr };

    private static ClusterSnapshot Cluster(ImmutableArray<IpamBlock> blocks, params ImmutableArray<PodInfo> pods) => new()
    {
        Nodes =
        [
            .. ((string[])["a", "b", "c", "d"]).Select((name, i) => new NodeInfo
            {
                Name = name,
                PodCidrs = [Cidr.Parse($"10.10.{i}.0/24"), Cidr.Parse($"fd00:10:{i}::/64")],
                InternalIPs = [IPAddress.Parse($"172.18.0.{i + 2}")],
            }),
        ],
        CalicoIpam = new CalicoIpam([], blocks, []),
        Pods = pods,
    };

    private static IpamBlock Block(string cidr, string? node, params ImmutableArray<IpamAllocation> allocations) =>
        new() { Name = cidr, Cidr = Cidr.Parse(cidr), Node = node, Allocations = allocations };

    private static IpamAllocation Allocation(string address, string node, string pod) =>
        new(IPAddress.Parse(address), "h", node, "default", pod, null);

    private static PodInfo Pod(string name, string node, string address, bool calico, params (string Key, string Value)[] labels) => new()
    {
        Namespace = labels.Length > 0 ? "s" : "default",
        Name = name,
        NodeName = node,
        PodIPs = [IPAddress.Parse(address)],
        Labels = labels.ToImmutableSortedDictionary(l => l.Key, l => l.Value),
        Annotations = calico
            ? ImmutableSortedDictionary<string, string>.Empty.Add("cni.projectcalico.org/podIPs", $"{address}/{(address.Contains(':') ? 128 : 32)}")
            : ImmutableSortedDictionary<string, string>.Empty,
    };
}
