using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Tests.Generators;
using Antrea.Migration.Tests.Reference.Addressing;
using CsCheck;

namespace Antrea.Migration.Tests.Addressing;

public class PoolAdvisorTests
{
    [Test]
    public async Task SeedCluster_IsOfferedFreePrivateRanges_TheWidestFirst()
    {
        var snapshot = await SnapshotFixtures.ReadAsync("test");
        var pools = Suggest(snapshot).Pools;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                pools.Select(p => p.Cidr.ToString()), Is.EqualTo(["10.128.0.0/21", "172.24.0.0/21", "192.168.0.0/21", "100.64.0.0/21"]));
            Assert.That(pools.Select(p => (p.BlockSize, p.Replaces, p.Needed)).Distinct(), Is.EqualTo([(26, "default-ipv4-ippool", (UInt128)(21 * 64))]));
            Assert.That(
                pools[0].Reasons,
                Is.EqualTo(
                [
                    "It is private (RFC 1918), and shares no address with anything the cluster is known to use.",
                    "All of 10.128.0.0/9 is free, so it can be widened later.",
                    "20 Pods on 21 Nodes need 21 blocks of 64 addresses, with 100 % head-room and a tunnel address for each Node; 3 of the Pods must move "
                    + "because their addresses lie in PodCIDRs, the others follow when they restart.",
                    "Blocks stay /26, as in default-ipv4-ippool.",
                ]));
        }
    }

    [Test]
    public async Task Exclude_IsKeptClearOf()
    {
        var snapshot = await SnapshotFixtures.ReadAsync("test");
        var pools = Suggest(snapshot, new PoolAdvisorOptions { Exclude = [Cidr.Parse("10.0.0.0/8"), Cidr.Parse("172.24.0.0/13"), Cidr.Parse("192.168.0.0/16")] }).Pools;
        Assert.That(pools.Select(p => p.Cidr.ToString()), Is.EqualTo(["172.20.0.0/21", "100.64.0.0/21"]));
    }

    [Test]
    public void HeadRoom_DecidesTheSize()
    {
        var snapshot = SeedCluster.Snapshot() with
        {
            Pods =
            [
                .. Enumerable.Range(0, 100).Select(i => new PodInfo
                {
                    Namespace = "s", Name = $"p{i:000}", NodeName = "test-worker3", PodIPs = [IPAddress.Parse($"10.10.4.{129 + (i % 60)}")],
                }),
            ],
        };
        using (Assert.EnterMultipleScope())
        {
            // 20 Nodes need one block for their tunnel address; 101 addresses on the other are two blocks, twice as many four, and eleven times as many 18.
            Assert.That(Suggest(snapshot, new PoolAdvisorOptions { HeadRoomPercent = 0 }).Pools[0].Needed, Is.EqualTo((UInt128)(22 * 64)));
            Assert.That(Suggest(snapshot).Pools[0].Needed, Is.EqualTo((UInt128)(24 * 64)));
            Assert.That(Suggest(snapshot, new PoolAdvisorOptions { HeadRoomPercent = 1000 }).Pools[0].Needed, Is.EqualTo((UInt128)(38 * 64)));
            Assert.That(Suggest(snapshot, new PoolAdvisorOptions { HeadRoomPercent = 1000 }).Pools[0].Cidr.PrefixLength, Is.EqualTo(20));
        }
    }

    [Test]
    public void ClusterIPsWithoutAServiceCidr_NodesExternalAddresses_AndWhatCalicoReservesOrAnnounces_AreKeptClearOf()
    {
        var snapshot = SnapshotFixtures.Read("""
            {apiVersion: v1, kind: Node, metadata: {name: a}, spec: {podCIDRs: [10.10.0.0/24]}, status: {addresses: [{type: ExternalIP, address: 172.24.0.9}]}}
            ---
            {apiVersion: crd.projectcalico.org/v1, kind: IPPool, metadata: {name: p}, spec: {cidr: 10.10.0.0/16}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: kubernetes, namespace: default}, spec: {clusterIP: 10.128.0.1, clusterIPs: [10.128.0.1]}}
            ---
            {apiVersion: v1, kind: Service, metadata: {name: headless, namespace: default}, spec: {clusterIP: None, clusterIPs: [None], externalIPs: [10.64.0.1]}}
            ---
            {apiVersion: crd.projectcalico.org/v1, kind: IPReservation, metadata: {name: r}, spec: {reservedCIDRs: [192.168.0.0/24, 100.96.0.7]}}
            ---
            {apiVersion: crd.projectcalico.org/v1, kind: BGPConfiguration, metadata: {name: default}, spec: {serviceLoadBalancerIPs: [{cidr: 100.64.0.0/16}]}}
            ---
            {apiVersion: crd.antrea.io/v1beta1, kind: ExternalIPPool, metadata: {name: e}, spec: {ipRanges: [{cidr: 172.16.0.0/24}, {start: 172.28.0.1, end: 172.28.0.6}]}}
            ---
            {apiVersion: crd.antrea.io/v1alpha2, kind: IPPool, metadata: {name: i}, spec: {ipVersion: 4, ipRanges: [{start: 10.192.0.1, end: 10.192.0.1}]}}
            ---
            {apiVersion: metallb.io/v1beta1, kind: IPAddressPool, metadata: {name: m, namespace: metallb-system}, spec: {addresses: [192.168.128.0/24, 192.168.64.3 - 192.168.64.9, nonsense, 10.0.0.9-10.0.0.1]}}
            """);
        string[] kept =
        [
            "172.24.0.9/32", "10.128.0.1/32", "10.64.0.1/32", "192.168.0.0/24", "100.96.0.7/32", "100.64.0.0/16", "172.16.0.0/24", "172.28.0.1/32", "172.28.0.2/31",
            "172.28.0.4/31", "172.28.0.6/32", "10.192.0.1/32", "192.168.128.0/24", "192.168.64.3/32", "192.168.64.4/30", "192.168.64.8/31",
        ];
        Assert.That(
            AddressAnalyzer.Analyze(snapshot).Ranges.Where(r => r.Owner is { } o && (o.Contains("IPPool") || o.Contains("IPAddressPool")) && r.Use == AddressUse.Kept).Select(r => r.Cidr.ToString()),
            Is.EquivalentTo(kept[6..]));
        var pools = Suggest(snapshot).Pools;
        Assert.That(pools, Has.Length.EqualTo(4));
        Assert.That(pools.Where(p => kept.Any(k => Cidr.Parse(k).Overlaps(p.Cidr))), Is.Empty);
    }

    [TestCase(-1)]
    [TestCase(10_001)]
    public void HeadRoom_OutOfRange_IsRefused(int percent) =>
        Assert.That(() => new PoolAdvisorOptions { HeadRoomPercent = percent }, Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void DualStack_EachFamilyHasItsOwn_InTheClustersOwnUniqueLocalPrefixFirst()
    {
        var snapshot = new ClusterSnapshot
        {
            Nodes = [new NodeInfo { Name = "a", PodCidrs = [Cidr.Parse("10.10.0.0/24"), Cidr.Parse("fd00:10:244::/64")] }],
            CalicoIpam = new CalicoIpam(
                [
                    new IPPool { Name = "four", Cidr = Cidr.Parse("10.10.0.0/16"), BlockSize = 28 },
                    new IPPool { Name = "six", Cidr = Cidr.Parse("fd00:10:244::/56"), BlockSize = 122 },
                ],
                [],
                []),
        };
        Assert.That(
            Suggest(snapshot).Pools.Select(p => $"{p.Cidr} {p.Replaces}"),
            Is.EqualTo(
            [
                "10.128.0.0/28 four", "172.16.0.0/28 four", "192.168.0.0/28 four", "100.64.0.0/28 four", "fd00:10:244:8000::/122 six",
                "fd1a:3106:798c::/122 six", "fdad:8556:7633::/122 six", "fd80::/122 six",
            ]));
    }

    [Test]
    public void IPv6_HasSeveralCandidates_AlsoWithoutUniqueLocalAddressesOfItsOwn()
    {
        var snapshot = new ClusterSnapshot
        {
            Nodes = [new NodeInfo { Name = "a", PodCidrs = [Cidr.Parse("2001:db8:1::/64")] }],
            CalicoIpam = new CalicoIpam([new IPPool { Name = "six", Cidr = Cidr.Parse("2001:db8:1::/56"), BlockSize = 122 }], [], []),
        };
        var pools = Suggest(snapshot).Pools;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pools, Has.Length.EqualTo(3));
            Assert.That(pools.Select(p => p.Cidr), Is.Unique.And.EqualTo(Suggest(snapshot).Pools.Select(p => p.Cidr)), "the same at each run");
            Assert.That(pools[0].Reasons[0], Does.Contain("drawn for this cluster"));
        }
    }

    [Test]
    public void Cancelled_Ends() => Assert.That(
        () => PoolAdvisor.Suggest(SeedCluster.Snapshot(), AddressAnalyzer.Analyze(SeedCluster.Snapshot()), null, new CancellationToken(canceled: true)),
        Throws.InstanceOf<OperationCanceledException>());

    [Test]
    public void NothingTouchesAPodCidr_NothingIsSuggested()
    {
        var snapshot = new ClusterSnapshot
        {
            Nodes = [new NodeInfo { Name = "a", PodCidrs = [Cidr.Parse("10.10.0.0/24")] }],
            CalicoIpam = new CalicoIpam([new IPPool { Name = "apart", Cidr = Cidr.Parse("10.244.0.0/16"), BlockSize = 26 }], [], []),
        };
        Assert.That((Suggest(snapshot).Pools.Length, Suggest(snapshot).Findings.Length), Is.EqualTo((0, 0)));
    }

    [Test]
    public void EverythingExcluded_IsSaid()
    {
        var advice = Suggest(SeedCluster.Snapshot(), new PoolAdvisorOptions { Exclude = [Cidr.Parse("0.0.0.0/0")] });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(advice.Pools, Is.Empty);
            Assert.That(advice.Findings.Single().Id, Is.EqualTo("no-free-space-for-pool"));
            Assert.That(advice.Findings.Single().Evidence, Does.Contain("21 free blocks of /26"));
        }
    }

    [Test]
    public void NodeNetworksAndFuturePodCidrs_AreKeptClearOf()
    {
        var snapshot = SeedCluster.Snapshot() with { ClusterCidrs = [Cidr.Parse("10.0.0.0/8")] };
        snapshot = snapshot with { Nodes = snapshot.Nodes.SetItem(0, snapshot.Nodes[0] with { Networks = [Cidr.Parse("172.16.0.0/12")] }) };
        Assert.That(Suggest(snapshot).Pools.Select(p => p.Cidr.ToString()), Is.EqualTo(["192.168.0.0/21", "100.64.0.0/21"]));
    }

    [Test]
    public void Suggestions_AreDisjointFromEverything_LargeEnough_AndTheBestThatScanningFinds() =>
        Gen.Select(
                Gen.Select(Gen.Int[0, 1023], Gen.Int[22, 32]).Array[0, 8], Gen.Select(Gen.Int[0, 1023], Gen.Int[22, 32]).Array[0, 8],
                Gen.Int[0, 20], Gen.Int[24, 30], Gen.Int[0, 300])
            .Sample((podCidrs, blocks, pods, blockSize, headRoom) =>
            {
                var universe = Cidr.Parse("10.0.0.0/22");
                var snapshot = Universe(universe, podCidrs, blocks, pods, blockSize);
                var analysis = AddressAnalyzer.Analyze(snapshot);
                var options = new PoolAdvisorOptions
                {
                    HeadRoomPercent = headRoom,
                    Exclude = [Cidr.Parse("10.0.3.128/25")],
                    Ranges = [new PoolRange(universe, 0, "small")],
                };
                var used = analysis.Ranges.Select(r => r.Cidr).Append(options.Exclude[0]).ToList();
                var demand = PoolDemand.Of(snapshot, analysis, false, headRoom);
                var pool = PoolAdvisor.Suggest(snapshot, analysis, options).Pools.SingleOrDefault();
                Assert.That(pool?.Cidr, Is.EqualTo(demand is null ? null : ScanningPoolSearch.Best(universe, used, demand.PrefixLength)));
                if (pool is not null)
                {
                    Assert.That(used.Where(u => u.Overlaps(pool.Cidr)), Is.Empty);
                    Assert.That(pool.Cidr.AddressCount, Is.GreaterThanOrEqualTo(pool.Needed));
                    Assert.That(pool.Needed * 100, Is.GreaterThanOrEqualTo((UInt128)(pods * (100 + headRoom))));
                    Assert.That(pool.BlockSize, Is.EqualTo(pool.Replaces is null ? demand!.BlockSize : blockSize));
                }
            });

    private static PoolAdvice Suggest(ClusterSnapshot snapshot, PoolAdvisorOptions? options = null) =>
        PoolAdvisor.Suggest(snapshot, AddressAnalyzer.Analyze(snapshot), options);

    private static ClusterSnapshot Universe(
        Cidr universe, (int Place, int Length)[] podCidrs, (int Place, int Length)[] blocks, int pods, int blockSize)
    {
        ImmutableArray<IpamBlock> ipam =
        [
            .. blocks.Select(b => At(universe, b)).Distinct().Select((c, i) => new IpamBlock { Name = c.ToString(), Cidr = c, Node = $"n{i % 3}" }),
        ];
        return new ClusterSnapshot
        {
            Nodes = [.. podCidrs.Select((p, i) => new NodeInfo { Name = $"n{i}", PodCidrs = [At(universe, p)] })],
            CalicoIpam = new CalicoIpam(
                ipam.IsEmpty ? [] : [new IPPool { Name = "p", Cidr = ipam[0].Cidr, BlockSize = blockSize }], ipam, []),
            Pods =
            [
                .. Enumerable.Range(0, ipam.IsEmpty ? 0 : pods).Select(i => new PodInfo
                {
                    Namespace = "s",
                    Name = $"p{i}",
                    NodeName = $"n{i % 3}",
                    PodIPs = [ipam[0].Cidr.FirstAddress],
                    Annotations = ImmutableSortedDictionary<string, string>.Empty.Add("cni.projectcalico.org/podIP", ipam[0].Cidr.FirstAddress.ToString()),
                }),
            ],
        };
    }

    private static Cidr At(Cidr universe, (int Place, int Length) at) => Cidr.Containing(universe.AddressAt((UInt128)at.Place), at.Length);
}
