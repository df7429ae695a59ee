using System.Text;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Tests.Clusters;

[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class FolderClusterReaderTests : IDisposable
{
    private const string Node = "apiVersion: v1\nkind: Node\nmetadata: {name: NAME}\nspec: {podCIDR: 10.0.0.0/24}\n";
    private readonly string _folder = Directory.CreateTempSubdirectory("reading-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task ReadAsync_SeedCluster_HasItsNodesBlocksAndPods()
    {
        var snapshot = await SnapshotFixtures.ReadAsync("test");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(snapshot.Nodes, Has.Length.EqualTo(21));
            Assert.That(snapshot.Pods.Count(p => p.Namespace == "default"), Is.EqualTo(20));
            Assert.That(snapshot.ServiceCidrs.Select(c => c.ToString()), Is.EqualTo(new[] { "10.96.0.0/16" }));
            Assert.That(snapshot.CalicoIpam.Blocks, Has.Length.EqualTo(21));
            Assert.That(snapshot.CalicoIpam.Affinities, Has.Length.EqualTo(21));
            Assert.That(snapshot.CalicoIpam.Affinities.All(a => a.IsConfirmed), Is.True);
            Assert.That(snapshot.ReadFindings.Select(f => (f.Id, f.Severity)), Is.EqualTo(new[] { ("secrets-left-out", Severity.Info) }));
            Assert.That(snapshot.Objects.Any(o => o.Kind == "Secret"), Is.False);
        }
    }

    [Test]
    public async Task ReadAsync_SeedCluster_ThreeBlocksLieInPodCidrs()
    {
        var snapshot = await SnapshotFixtures.ReadAsync("test");
        var overlapped = snapshot.CalicoIpam.Blocks
            .Where(b => snapshot.Nodes.Any(n => n.PodCidrs.Any(c => c.Overlaps(b.Cidr))))
            .Select(b => (b.Node, b.Cidr.ToString()));
        Assert.That(
            overlapped,
            Is.EqualTo(new[] { ("test-worker3", "10.10.4.128/26"), ("test-worker11", "10.10.6.64/26"), ("test-worker5", "10.10.8.128/26") }));
    }

    [Test]
    public async Task ReadAsync_SeedCluster_PodAddressesAndAllocationsAgree()
    {
        var snapshot = await SnapshotFixtures.ReadAsync("test");
        var allocated = snapshot.CalicoIpam.Blocks
            .SelectMany(b => b.Allocations)
            .Where(a => !a.IsTunnel)
            .Select(a => (a.PodName, a.Address.ToString(), a.Node));
        var running = snapshot.Pods.Where(p => !p.HostNetwork).Select(p => ((string?)p.Name, p.PodIPs.Single().ToString(), (string?)p.NodeName));
        var tunnels = snapshot.CalicoIpam.Blocks.SelectMany(b => b.Allocations).Where(a => a.IsTunnel).Select(a => (a.Node, a.Address));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(allocated, Is.EquivalentTo(running));
            Assert.That(tunnels, Is.EquivalentTo(snapshot.Nodes.Select(n => ((string?)n.Name, n.CalicoTunnelAddresses.Single()))));
        }
    }

    [Test]
    public async Task ReadAsync_FoldersAndFiles_AreReadInOrdinalOrder()
    {
        Write("b.yml", Node.Replace("NAME", "b"));
        Write("sub/a.json", """{"apiVersion":"v1","kind":"Node","metadata":{"name":"a"}}""");
        Write("B.yaml", Node.Replace("NAME", "upper"));
        Write("notes.txt", "not: read");
        Write(".hidden.yaml", "not: read");
        Write("plain", Node.Replace("NAME", "by-name"));
        var snapshot = await new FolderClusterReader(_folder, Path.Combine(_folder, "plain")).ReadAsync();
        Assert.That(snapshot.Objects.Select(o => o.Name), Is.EqualTo(new[] { "upper", "b", "a", "by-name" }));
    }

    [Test]
    public async Task ReadAsync_SameObjectTwice_LastOneCountsAndIsReported()
    {
        Write("1.yaml", Node.Replace("NAME", "a"));
        Write("2.yaml", Node.Replace("NAME", "a").Replace("10.0.0.0", "10.0.1.0"));
        var snapshot = await new FolderClusterReader(_folder).ReadAsync();
        var finding = snapshot.ReadFindings.Single(f => f.Id == "duplicate-object");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(snapshot.Nodes.Single().PodCidrs.Single().ToString(), Is.EqualTo("10.0.1.0/24"));
            Assert.That(finding.Severity, Is.EqualTo(Severity.Warning));
            Assert.That(finding.Evidence, Does.Contain("1.yaml:1").And.Contain("2.yaml:1").And.Contain("different content"));
        }
    }

    [Test]
    public async Task ReadAsync_SeveralBrokenFiles_AreReportedTogether()
    {
        Write("1-broken.yaml", "a: b: c\n");
        Write("2-good.yaml", Node.Replace("NAME", "a"));
        Write("3-nonsense.yaml", Node.Replace("NAME", "b").Replace("10.0.0.0/24", "10.10.6.42/26"));
        File.WriteAllBytes(Path.Combine(_folder, "4-binary.yaml"), [0x61, 0xff, 0x00, 0xc3]);
        var missing = Path.Combine(_folder, "nowhere");
        var error = (await Assert.ThrowsAsync<InputException>(() => new FolderClusterReader(_folder, missing).ReadAsync()))!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(error.Errors, Has.Length.EqualTo(4));
            Assert.That(error.Message, Does.Contain("1-broken.yaml:1:5"));
            Assert.That(error.Message, Does.Contain("3-nonsense.yaml:1 (document 1): Node/b: field 'spec.podCIDR': '10.10.6.42/26' has bits set behind its /26"));
            Assert.That(error.Message, Does.Contain("4-binary.yaml: the file is not UTF-8 text"));
            Assert.That(error.Message, Does.Contain($"{missing}: there is no such file or folder"));
        }
    }

    [Test]
    public void ReadAsync_EmptyFolder_NamesIt() =>
        Assert.That(
            () => new FolderClusterReader(_folder).ReadAsync(),
            Throws.TypeOf<InputException>().With.Message.EqualTo($"{_folder}: there is no *.yaml, *.yml or *.json file in this folder"));

    [Test]
    public void ReadAsync_FileWithoutObjects_IsAnError()
    {
        Write("empty.yaml", "# nothing\n---\n");
        Assert.That(() => new FolderClusterReader(_folder).ReadAsync(), Throws.TypeOf<InputException>().With.Message.Contains("no Kubernetes object"));
    }

    [Test]
    public async Task ReadAsync_Utf16AsPowerShellWritesIt_IsRead()
    {
        File.WriteAllText(Path.Combine(_folder, "x.yaml"), Node.Replace("NAME", "ä1"), Encoding.Unicode);
        Assert.That((await new FolderClusterReader(_folder).ReadAsync()).Nodes.Single().Name, Is.EqualTo("ä1"));
    }

    [Test]
    public async Task ReadAsync_Cancelled_ThrowsWithTheCallersToken()
    {
        Write("x.yaml", Node);
        using var source = new CancellationTokenSource();
        source.Cancel();
        var error = await Assert.CatchAsync<OperationCanceledException>(() => new FolderClusterReader(_folder).ReadAsync(source.Token));
        Assert.That(error!.CancellationToken, Is.EqualTo(source.Token));
    }

    [Test]
    public void Constructor_WithoutPaths_Throws()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => new FolderClusterReader(), Throws.ArgumentException);
            Assert.That(() => new FolderClusterReader("x", ""), Throws.ArgumentException);
        }
    }

    private void Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
