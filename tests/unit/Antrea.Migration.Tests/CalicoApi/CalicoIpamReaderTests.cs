using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Tests.CalicoApi;

[TestFixture]
internal sealed class CalicoIpamReaderTests
{
    [Test]
    public async Task Read_PoolInBothGroups_RawOneCountsOnce()
    {
        var pools = (await SnapshotFixtures.ReadAsync("odd")).CalicoIpam.Pools;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(pools.Select(p => (p.Name, p.BlockSize, p.NatOutgoing)), Is.EqualTo(new[] { ("only-in-v3", 122, true), ("shown-twice", 28, true) }));
            Assert.That(pools[0], Has.Property("VxlanMode").EqualTo(EncapsulationMode.CrossSubnet));
            Assert.That(pools[0].Disabled, Is.True);
            Assert.That(pools[0].NodeSelector, Is.EqualTo("has(ipv6)"));
        }
    }

    [Test]
    public void Read_PoolWithOnlyACidr_GetsCalicosDefaults()
    {
        var pool = SnapshotFixtures.Read(Pool("cidr: 192.168.0.0/16")).CalicoIpam.Pools.Single();
        Assert.That(pool, Is.EqualTo(new IPPool { Name = "p", Cidr = pool.Cidr, BlockSize = 26 }));
    }

    [Test]
    public async Task Read_Blocks_DeletedIsGoneAffinityLessStays()
    {
        var blocks = (await SnapshotFixtures.ReadAsync("odd")).CalicoIpam.Blocks;
        Assert.That(
            blocks.Select(b => (b.Cidr.ToString(), b.Node)),
            Is.EqualTo(new[] { ("10.244.0.16/28", null), ("10.244.1.0/28", "lender"), ("10.244.3.0/28", null) }));
    }

    [Test]
    public async Task Read_BorrowedAddress_KeepsItsUserNotTheBlocksNode()
    {
        var block = (await SnapshotFixtures.ReadAsync("odd")).CalicoIpam.Blocks[1];
        Assert.That(
            block.Allocations.Select(a => (a.Address.ToString(), a.Node, a.PodName, a.IsTunnel)),
            Is.EqualTo(new[]
            {
                ("10.244.1.1", "lender", "web-0", false),
                ("10.244.1.2", "borrower", "web-1", false),
                ("10.244.1.3", null, null, false),
                ("10.244.1.15", "lender", null, true),
            }));
    }

    [Test]
    public async Task Read_AllocationWithoutAttribute_CountsAsInUseAndIsReported()
    {
        var finding = (await SnapshotFixtures.ReadAsync("odd")).ReadFindings.Single(f => f.Id == "ipam-allocation-without-owner");
        Assert.That(
            finding,
            Is.EqualTo(finding with
            {
                Severity = Severity.Warning,
                Subject = "IPAMBlock/10-244-1-0-28",
                Evidence = "10.244.1.3 is allocated, but its attribute 7 does not exist (there are 3).",
            }));
    }

    [Test]
    public async Task Read_Affinities_DeletedAsTextOrFlagAreGone()
    {
        var affinities = (await SnapshotFixtures.ReadAsync("odd")).CalicoIpam.Affinities;
        Assert.That(
            affinities.Select(a => (a.Node, a.Cidr.ToString(), a.IsConfirmed)),
            Is.EqualTo(new[] { ("lender", "10.244.1.0/28", true), ("borrower", "10.244.5.0/28", false) }));
    }

    [Test]
    public async Task Read_Configuration_ZeroBlocksMeanTheDefault()
    {
        var given = (await SnapshotFixtures.ReadAsync("odd")).CalicoIpam;
        var zero = SnapshotFixtures.Read("apiVersion: projectcalico.org/v3\nkind: IPAMConfiguration\nmetadata: {name: default}\nspec: {maxBlocksPerHost: 0}\n").CalicoIpam;
        using (Assert.EnterMultipleScope())
        {
            Assert.That((given.StrictAffinity, given.MaxBlocksPerHost), Is.EqualTo((true, 4)));
            Assert.That((zero.StrictAffinity, zero.MaxBlocksPerHost), Is.EqualTo((false, 20)));
        }
    }

    [TestCaseSource(nameof(Nonsense))]
    public void Read_Nonsense_IsAnErrorInFilesAndABlockerInACluster(string yaml, string expected)
    {
        var error = Assert.Throws<InputException>(() => SnapshotFixtures.Read(yaml))!;
        var findings = SnapshotFixtures.ReadLenient(yaml).ReadFindings.Where(f => f.Id == "value-unreadable").ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Message, Does.StartWith("test.yaml:1 (document 1): ").And.Contain(expected));
            Assert.That(findings, Is.Not.Empty);
            Assert.That(findings, Has.All.Property("Severity").EqualTo(Severity.Blocker));
        }
    }

    private static string Pool(string spec) => $"apiVersion: crd.projectcalico.org/v1\nkind: IPPool\nmetadata: {{name: p}}\nspec: {{{spec}}}\n";

    private static string Block(string spec) => $"apiVersion: crd.projectcalico.org/v1\nkind: IPAMBlock\nmetadata: {{name: b}}\nspec: {{{spec}}}\n";

    private static IEnumerable<TestCaseData> Nonsense()
    {
        TestCaseData Case(string name, string yaml, string expected) => new TestCaseData(yaml, expected).SetArgDisplayNames(name);
        yield return Case("host bits", Pool("cidr: 10.10.6.42/26"), "IPPool/p: field 'spec.cidr': '10.10.6.42/26' has bits set");
        yield return Case("no CIDR", Pool("natOutgoing: true"), "IPPool/p: field 'spec.cidr': is missing");
        yield return Case("CIDR that is a number", Pool("cidr: 10"), "field 'spec.cidr': '10' is not a text");
        yield return Case("block size", Pool("cidr: 10.0.0.0/16, blockSize: 64"), "field 'spec.blockSize': '64' is not a whole number from 20 to 32");
        yield return Case("block larger than the pool", Pool("cidr: 10.0.0.0/27, blockSize: 26"), "a /26 block does not fit into 10.0.0.0/27");
        yield return Case("mode", Pool("cidr: 10.0.0.0/16, ipipMode: Sometimes"), "'Sometimes' is not Never, Always or CrossSubnet");
        yield return Case("flag", Pool("cidr: 10.0.0.0/16, natOutgoing: perhaps"), "field 'spec.natOutgoing': 'perhaps' is neither true nor false");
        yield return Case("block CIDR", Block("cidr: 10.0.0.300/26"), "IPAMBlock/b: field 'spec.cidr': '10.0.0.300/26'");
        yield return Case("affinity", Block("cidr: 10.0.0.0/30, affinity: worker3"), "'worker3' is neither host:NODE nor virtual:NAME");
        yield return Case("too many allocations", Block("cidr: 10.0.0.0/30, allocations: [null, null, null, null, 0], attributes: [{}]"), "field 'spec.allocations[4]': 10.0.0.0/30 has only 4 addresses");
        yield return Case("allocation that is a text", Block("cidr: 10.0.0.0/30, allocations: [x]"), "field 'spec.allocations[0]': 'x' is neither null nor an index");
        yield return Case("allocations that are no list", Block("cidr: 10.0.0.0/30, allocations: 5"), "field 'spec.allocations': '5' is not a list");
        yield return Case("affinity without a Node", "apiVersion: crd.projectcalico.org/v1\nkind: BlockAffinity\nmetadata: {name: a}\nspec: {cidr: 10.0.0.0/26}\n", "field 'spec.node': is missing");
    }

    [Test]
    public void Read_NegativeIndex_IsInUseByNobodyKnown()
    {
        var snapshot = SnapshotFixtures.Read(Block("cidr: 10.0.0.0/30, allocations: [-1], attributes: [{}]"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(snapshot.CalicoIpam.Blocks.Single().Allocations.Single().Address.ToString(), Is.EqualTo("10.0.0.0"));
            Assert.That(snapshot.ReadFindings.Select(f => f.Id), Does.Contain("ipam-allocation-without-owner"));
        }
    }
}
