using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Planning;
using Antrea.Migration.Tests.Clusters;

namespace Antrea.Migration.Tests.House;

/// <summary>The README's C# example, run.</summary>
public sealed class ReadmeExampleTests
{
    [Test]
    public async Task The_example_does_what_it_says()
    {
        var snapshot = await new FolderClusterReader(SnapshotFixtures.Folder("test")).ReadAsync();
        var analysis = AddressAnalyzer.Analyze(snapshot);
        var lines = analysis.Overlaps.Select(overlap => $"{overlap.Block} of {overlap.Owner} lies in {overlap.PodCidr} of {overlap.Node}");
        var plan = MigrationPlanner.Plan(snapshot, new MigrationOptions { AntreaVersion = "v2.7.0" });

        using (Assert.EnterMultipleScope())
        {
            Assert.That(lines, Has.Exactly(1).StartsWith("10.10.4.128/26 of test-worker3 lies in 10.10.4.0/24 of "));
            Assert.That(analysis.OverlappedNodes, Is.EquivalentTo((string[])["test-worker3", "test-worker5", "test-worker11"]));
            Assert.That(plan.IsExecutable, Is.False);
            Assert.That(plan.Findings.Select(f => f.Id), Does.Contain("antrea-manifest-missing"));
        }
    }
}
