using DotNet.Testcontainers.Builders;

namespace Antrea.Migration.IntegrationTests.Containers;

/// <summary>Without Testcontainers' reaper the tests clean up by themselves.</summary>
[Category("Docker")]
public sealed class LeftOversTests
{
    /// <summary>No process has it: the kernel gives at most 2^22 of them.</summary>
    private const string Dead = "4194305.1";

    [Test]
    [CancelAfter(120_000)]
    public async Task What_a_dead_process_left_is_removed_and_what_a_living_one_uses_is_not(CancellationToken cancellationToken)
    {
        await DockerTier.RequireAsync();
        string[] made;
        await using (var network = await DockerTier.CreateNetworkAsync(cancellationToken))
        await using (var server = await DockerTier.StartServerAsync(network, cancellationToken))
        {
            var left = new NetworkBuilder().WithLabel(DockerTier.OwnerLabel, Dead).Build();
            await left.CreateAsync(cancellationToken);
            made = [network.Name, server.Name.TrimStart('/')];
            Assert.That((await DockerTier.ListAsync(cancellationToken)).Select(f => f.Owner), Does.Contain(Dead).And.Contain(DockerTier.Owner));

            await DockerTier.SweepAsync(cancellationToken);

            Assert.That((await DockerTier.ListAsync(cancellationToken)).Select(f => f.Owner), Does.Not.Contain(Dead));
            Assert.That(await NamesAsync(cancellationToken), Is.SupersetOf(made));
        }

        Assert.That(await NamesAsync(cancellationToken), Has.None.AnyOf([.. made]));
    }

    private static async Task<string[]> NamesAsync(CancellationToken cancellationToken) =>
        (await DockerTier.RunAsync(["ps", "--all", "--format", "{{.Names}}"], cancellationToken)
         + "\n" + await DockerTier.RunAsync(["network", "ls", "--format", "{{.Name}}"], cancellationToken)).Split('\n');
}
