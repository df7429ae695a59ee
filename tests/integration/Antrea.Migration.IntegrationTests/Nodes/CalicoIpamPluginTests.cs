using System.Net;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.IntegrationTests.Nodes;

/// <summary>Calico's address management over the API's objects.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class CalicoIpamPluginTests
{
    private readonly ObjectStore _store = new(TimeProvider.System);

    [Test]
    public void A_Nodes_first_addresses_come_from_its_first_block_in_order()
    {
        AddPool("pool", "10.10.0.0/16");
        var ipam = new CalicoIpamPlugin(_store);

        var addresses = Enumerable.Range(0, 3).Select(i => Assign(ipam, "test-worker3", $"net.{i}").ToString());

        Assert.That(addresses, Is.EqualTo(new[] { "10.10.4.128", "10.10.4.129", "10.10.4.130" }));
    }

    [Test]
    public void Objects_have_the_shape_that_Calico_writes()
    {
        AddPool("pool", "10.10.0.0/16");
        Assign(new CalicoIpamPlugin(_store), "test-worker3", "k8s-pod-network.ABC");

        var block = _store.Peek(CniKinds.IpamBlock, "", "10-10-4-128-26").At("spec");
        var affinity = _store.Peek(CniKinds.BlockAffinity, "", "test-worker3-10-10-4-128-26").At("spec");
        var handle = _store.Peek(CniKinds.IpamHandle, "", "k8s-pod-network.abc").At("spec");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(block.Text("affinity"), Is.EqualTo("host:test-worker3"));
            Assert.That((block.At("allocations") as JsonArray)!.Count, Is.EqualTo(64));
            Assert.That((block.At("unallocated") as JsonArray)!.Select(n => n!.GetValue<int>()), Is.EqualTo(Enumerable.Range(1, 63)));
            Assert.That(block.Items("attributes").Single().Text("handle_id"), Is.EqualTo("k8s-pod-network.ABC"));
            Assert.That(block.Items("attributes").Single().Text("secondary", "node"), Is.EqualTo("test-worker3"));
            Assert.That(block.Number("sequenceNumberForAllocation", "0"), Is.EqualTo(block.Number("sequenceNumber")));
            Assert.That(affinity.Text("state"), Is.EqualTo("confirmed"));
            Assert.That(affinity.Text("deleted"), Is.EqualTo("false"), "a text in v3.26");
            Assert.That(handle.Number("block", "10.10.4.128/26"), Is.EqualTo(1));
        }
    }

    [Test]
    public void A_freed_address_goes_to_the_end_of_the_list()
    {
        AddPool("pool", "10.10.0.0/16");
        var ipam = new CalicoIpamPlugin(_store);
        Assign(ipam, "n", "a");
        var second = Assign(ipam, "n", "b");
        Assign(ipam, "n", "c");

        var freed = ipam.Release("b");
        var rest = Enumerable.Range(0, 62).Select(i => Assign(ipam, "n", $"d{i}")).ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(freed, Is.EqualTo(1));
            Assert.That(ipam.Release("b"), Is.Zero);
            Assert.That(rest[^1], Is.EqualTo(second));
            Assert.That(rest, Is.Unique);
            Assert.That(_store.Peek(CniKinds.IpamHandle, "", "b"), Is.Null);
        }
    }

    [Test]
    public void A_full_block_is_followed_by_the_next_of_the_walk()
    {
        AddPool("pool", "10.10.0.0/16");
        var ipam = new CalicoIpamPlugin(_store);
        var expected = CalicoBlockChooser.Candidates(Cidr.Parse("10.10.0.0/16"), 26, "n").Take(2).ToList();

        var addresses = Enumerable.Range(0, 65).Select(i => Assign(ipam, "n", $"h{i}")).ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(addresses.Take(64), Has.All.Matches<IPAddress?>(a => expected[0].Contains(a!)));
            Assert.That(expected[1].Contains(addresses[64]), Is.True);
        }
    }

    [Test]
    public void Beyond_its_most_blocks_a_Node_borrows_unless_affinity_is_strict()
    {
        AddPool("pool", "10.10.0.0/16");
        AddConfig(maxBlocks: 1, strict: false);
        var ipam = new CalicoIpamPlugin(_store);
        var others = Assign(ipam, "other", "o");
        for (var i = 0; i < 64; i++)
        {
            Assign(ipam, "n", $"h{i}");
        }

        var borrowed = Assign(ipam, "n", "borrowed");
        var block = Cidr.Containing(others, 26);
        _store.Delete(CniKinds.IpamConfig, "", "default");
        AddConfig(maxBlocks: 1, strict: true);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(block.Contains(borrowed), Is.True);
            Assert.That(new CalicoBlock(_store.Get(CniKinds.IpamBlock, "", CalicoBlock.NameOf(block))!).Node, Is.EqualTo("other"));
            Assert.That(() => Assign(ipam, "n", "refused"), Throws.InstanceOf<CniException>().With.Message.Contains("no free address"));
        }
    }

    [Test]
    public void Disabled_pools_and_those_for_other_uses_are_passed_over()
    {
        AddPool("a-disabled", "10.20.0.0/16", ("disabled", true));
        AddPool("b-tunnels", "10.30.0.0/16", ("allowedUses", new JsonArray("Tunnel")));
        AddPool("c-other-node", "10.40.0.0/16", ("nodeSelector", "kubernetes.io/hostname == 'other'"));
        AddPool("d-default", "10.50.0.0/16");
        var ipam = new CalicoIpamPlugin(_store);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Assign(ipam, "n", "w").ToString(), Does.StartWith("10.50."));
            Assert.That(ipam.Assign("m", "t", [], "Tunnel").ToString(), Does.StartWith("10.30."));
            Assert.That(Assign(ipam, "other", "o").ToString(), Does.StartWith("10.40."));
        }
    }

    [Test]
    public void A_selector_the_lab_cannot_read_is_refused_by_name()
    {
        AddPool("odd", "10.20.0.0/16", ("nodeSelector", "has(rack)"));

        Assert.That(
            () => Assign(new CalicoIpamPlugin(_store), "n", "h"),
            Throws.InstanceOf<CniException>().With.Message.Contains("IPPool/odd").And.Message.Contains("has(rack)"));
    }

    [Test]
    public void The_last_address_of_a_block_without_a_Node_takes_the_block_along()
    {
        AddPool("pool", "10.10.0.0/16");
        var ipam = new CalicoIpamPlugin(_store);
        Assign(ipam, "test-worker3", "h");
        _store.Delete(CniKinds.BlockAffinity, "", "test-worker3-10-10-4-128-26");
        _store.Mutate(CniKinds.IpamBlock, "", "10-10-4-128-26", b => b.Ensure("spec").Remove("affinity"));

        ipam.Release("h");

        Assert.That(_store.Peek(CniKinds.IpamBlock, "", "10-10-4-128-26"), Is.Null);
    }

    private static IPAddress Assign(CalicoIpamPlugin ipam, string node, string handle) =>
        ipam.Assign(node, handle, new JsonObject { ["node"] = node }, "Workload");

    private void AddPool(string name, string cidr, params (string Field, JsonNode Value)[] more)
    {
        var spec = new JsonObject { ["cidr"] = cidr };
        foreach (var (field, value) in more)
        {
            spec[field] = value;
        }

        _store.Create(CniKinds.IPPool, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = spec });
    }

    private void AddConfig(int maxBlocks, bool strict) => _store.Create(CniKinds.IpamConfig, new JsonObject
    {
        ["metadata"] = new JsonObject { ["name"] = "default" },
        ["spec"] = new JsonObject { ["maxBlocksPerHost"] = maxBlocks, ["strictAffinity"] = strict, ["autoAllocateBlocks"] = true },
    });
}
