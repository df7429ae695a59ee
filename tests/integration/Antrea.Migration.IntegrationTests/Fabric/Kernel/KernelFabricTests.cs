using System.Net;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;
using Antrea.Migration.Routing;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>The lab's network in the kernel: what is made, what it answers, and that nothing stays.</summary>
[TestFixture]
[Category("Kernel")]
internal sealed class KernelFabricTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    [SetUp]
    public Task Needs_namespaces() => Requires.KernelFabricAsync(CancellationToken.None);

    [Test]
    [CancelAfter(60_000)]
    public async Task Probe_says_how_it_ended_who_answered_and_what_they_saw(CancellationToken cancellationToken)
    {
        var topology = FabricTopology.Build(KernelMeasurements.Small);
        await using var kernel = await KernelFabric.LayAsync(topology.Fabric, cancellationToken);

        var masqueraded = await AskAsync("n1a", "n2c");
        var refused = await kernel.ProbeAsync(topology["n1a"], topology.Nodes["n1"].Address, 81, Patience, cancellationToken);
        var unanswered = await AskAsync("n4a", "n3c");
        var lost = await AskAsync("n1c", "n2a");
        var fromNode = await AskAsync("n1", "n2a");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(masqueraded.Outcome, Is.EqualTo(ConnectionOutcome.Delivered), masqueraded.ToString());
            Assert.That(masqueraded.Receiver, Is.EqualTo("default/n2c"));
            Assert.That(masqueraded.SourceSeen, Is.EqualTo(topology.TunnelOf("n1")));
            Assert.That(refused.Outcome, Is.EqualTo(ConnectionOutcome.Refused), refused.ToString());
            Assert.That(unanswered.Outcome, Is.EqualTo(ConnectionOutcome.HostUnreachable), unanswered.ToString());
            Assert.That(lost.Outcome, Is.EqualTo(ConnectionOutcome.TimedOut), lost.ToString());
            Assert.That(fromNode.SourceSeen, Is.EqualTo(topology.PodCidrOf("n1").AddressAt(1)));
        }

        Task<KernelProbe> AskAsync(string from, string to) =>
            kernel.ProbeAsync(topology[from], topology.AddressesOf(to)[0], 80, Patience, cancellationToken);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Two_labs_with_the_same_addresses_do_not_meet(CancellationToken cancellationToken)
    {
        const string Text = "node n1 172.18.0.11 10.10.39.192/26 10.10.1.0/24\n";
        var (one, other) = (FabricTopology.Build(Text + "pod a n1 calico 10.10.39.193 -"), FabricTopology.Build(Text + "pod b n1 calico 10.10.39.193 -"));
        await using var first = await KernelFabric.LayAsync(one.Fabric, cancellationToken);
        await using var second = await KernelFabric.LayAsync(other.Fabric, cancellationToken);

        var receivers = new[]
        {
            (await first.ProbeAsync(one["n1"], IPAddress.Parse("10.10.39.193"), 80, Patience, cancellationToken)).Receiver,
            (await second.ProbeAsync(other["n1"], IPAddress.Parse("10.10.39.193"), 80, Patience, cancellationToken)).Receiver,
        };

        Assert.That(receivers, Is.EqualTo(new[] { "default/a", "default/b" }));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Nothing_stays_when_a_lab_ends_or_cannot_be_made(CancellationToken cancellationToken)
    {
        var topology = FabricTopology.Build("node n1 172.18.0.11 10.10.39.192/26 10.10.1.0/24\n");
        var kernel = await KernelFabric.LayAsync(topology.Fabric, cancellationToken);
        var before = NamespacesOf(kernel.Prefix);
        await kernel.DisposeAsync();
        topology.Nodes["n1"].TryAddRoute(new Route { Destination = Addressing.Cidr.Parse("10.9.0.0/16"), Device = "missing" });

        var refused = await Assert.ThrowsAsync<MigrationException>(() => KernelFabric.LayAsync(topology.Fabric, cancellationToken));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(before, Has.Count.EqualTo(3), "the physical network, the Node, its bridge");
            Assert.That(NamespacesOf(kernel.Prefix), Is.Empty);
            Assert.That(refused!.Message, Does.Contain("""Cannot find device "missing""").And.Contain("route append 10.9.0.0/16 dev missing"));
            Assert.That(NamespacesOf(refused.Message.Split(' ').First(word => word.StartsWith(KernelNamespaces.CommonPrefix, StringComparison.Ordinal))), Is.Empty);
        }
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task What_a_dead_process_left_is_removed_when_the_next_lab_starts(CancellationToken cancellationToken)
    {
        var topology = FabricTopology.Build("node n1 172.18.0.11 10.10.39.192/26 10.10.1.0/24\n");
        var dead = await KernelFabric.LayAsync(topology.Fabric, cancellationToken);
        await dead.AbandonAsync();
        var left = NamespacesOf(dead.Prefix);

        await using var next = await KernelFabric.LayAsync(topology.Fabric, cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(left, Is.Not.Empty);
            Assert.That(NamespacesOf(dead.Prefix), Is.Empty);
            Assert.That(NamespacesOf(next.Prefix), Is.Not.Empty);
        }
    }

    private static IReadOnlyList<string> NamespacesOf(string prefix) => Directory.GetFiles(KernelNamespaces.Folder, prefix + "*");
}
