using System.Net;
using System.Text.RegularExpressions;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Tests.House;

namespace Antrea.Migration.IntegrationTests.Nodes;

/// <summary>The seed's <c>ip a</c> of a Multus Pod on test-worker10, next to the lab's.</summary>
public sealed class SeedMultusPodTests
{
    private static readonly Regex GlobalAddress = new(@"inet (\S+)/(\d+) .*scope global (\S+)", RegexOptions.CultureInvariant);

    [Test]
    [CancelAfter(180_000)]
    public async Task A_Multus_Pod_on_worker10_has_the_seeds_interfaces(CancellationToken cancellationToken)
    {
        var text = await File.ReadAllTextAsync(
            Repository.At("tests/integration/Antrea.Migration.IntegrationTests/Fixtures/seed-multus-pod-ip-a.txt"), cancellationToken);
        var seed = GlobalAddress.Matches(text)
            .Select(m => (Name: m.Groups[3].Value, Address: IPAddress.Parse(m.Groups[1].Value), Length: int.Parse(m.Groups[2].Value)))
            .ToList();
        await using var cluster = await LabCluster.StartAsync(new LabClusterOptions { Name = LabScenario.Seed }, cancellationToken);
        await cluster.InstallMultusAsync(cancellationToken);
        await cluster.InstallAntreaAsync(cancellationToken);
        cluster.WriteMultusConf();

        var pod = await cluster.ReplaceAsync(cluster.PodOn("nginx-ds", "worker10"), cancellationToken);
        var lab = cluster.Netns(pod).State.Interfaces.Select(i => (i.Name, i.Addresses.Single().Address, i.Addresses.Single().PrefixLength)).ToList();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(lab.Select(i => (i.Name, i.PrefixLength)), Is.EqualTo(seed.Select(i => (i.Name, i.Length))));
            Assert.That(
                Cidr.Containing(lab[0].Address, 26), Is.EqualTo(Cidr.Containing(seed[0].Address, 26)), "eth0: an address of worker10's Calico block");
            Assert.That(
                Cidr.Containing(lab[1].Address, 24).IndexOf(lab[1].Address),
                Is.EqualTo(Cidr.Containing(seed[1].Address, 24).IndexOf(seed[1].Address)),
                "net1: the first free address of the Node's PodCIDR");
        }
    }
}
