using System.Text;
using Antrea.Migration.Clusters;

namespace Antrea.Migrator.Tests.Commands;

/// <summary>Files that nobody should give to <c>cidrs</c>, and some do.</summary>
public class CidrsInputTests
{
    private const int TenMegabytes = 10 << 20;

    [Test]
    public async Task Ten_megabytes_of_junk_lines_are_refused_with_file_and_line()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("junk.yaml", Repeat("default via 10.0.0.1 dev eth0 proto dhcp !@#$%\n"));
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path);
        run.VerifyRefused($"{file}:1");
        Assert.That(run.Error, Has.Length.LessThan(2_000));
    }

    [Test]
    public async Task Junk_behind_a_good_object_is_refused_with_its_line()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("cluster.yaml", SmallCluster.Text() + "---\n" + Repeat("} ] junk: [\n"));
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path);
        run.VerifyRefused($"{file}:{SmallCluster.Text().Split('\n').Length + 1}:");
        Assert.That(run.Error, Has.Length.LessThan(2_000));
    }

    [Test]
    public async Task One_line_of_ten_megabytes_is_refused_without_being_printed()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("long.yaml", new string('x', TenMegabytes));
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path);
        run.VerifyRefused($"{file}:1");
        Assert.That(run.Error, Has.Length.LessThan(2_000));
    }

    [Test]
    public async Task A_PodCIDR_of_ten_megabytes_is_refused_without_being_printed()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("cluster.yaml", SmallCluster.Text(podCidr: new string('1', TenMegabytes)));
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path);
        run.VerifyRefused(file, "Node/b", "spec.podCIDR");
        Assert.That(run.Error, Has.Length.LessThan(5_000));
    }

    [Test]
    public async Task A_NUL_is_refused_with_its_line_since_what_is_behind_it_would_be_lost()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("cluster.yaml", SmallCluster.Text().Replace("---\napiVersion: crd", "\0---\napiVersion: crd", StringComparison.Ordinal));
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path);
        run.VerifyRefused($"{file}:12:1: there is a NUL character here");
    }

    [Test]
    public async Task Ten_megabytes_of_NULs_are_refused_with_the_file()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("zeros.yaml", new string('\0', TenMegabytes));
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path);
        run.VerifyRefused($"{file}:1:1: there is a NUL character here");
        Assert.That(run.Error, Has.Length.LessThan(2_000));
    }

    [TestCase("10.10.1.7/24", "bits set behind its /24")]
    [TestCase("10.10.1.0/33", "must be a number from 0 to 32")]
    [TestCase("10.10.1/24", "is not an IP address")]
    [TestCase("\"fd00::1/64\"", "bits set behind its /64")]
    public async Task A_PodCIDR_that_is_none_is_refused_with_file_line_object_and_field(string podCidr, string expected)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("cluster.yaml", SmallCluster.Text(podCidr: podCidr));
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path);
        run.VerifyRefused($"{file}:7", "Node/b", "spec.podCIDR", expected);
    }

    [TestCase("0.0.0.0/0", "10.10.200.64/26")]
    [TestCase("10.10.200.64/32", "10.10.200.64/26")]
    [TestCase("10.10.200.64/26", "10.10.200.64/26")]
    [TestCase("\"::/0\"", "\"fd00::40/122\"")]
    [TestCase("\"fd00::41/128\"", "\"fd00::40/122\"")]
    public async Task The_largest_and_smallest_PodCIDRs_overlap_as_they_should(string podCidr, string block)
    {
        using var folder = new TemporaryFolder();
        folder.Write("cluster.yaml", SmallCluster.Text(block, podCidr));
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path, "-o", "json", "--picture", folder.At("a.svg"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Findings, "")));
            Assert.That(
                run.Json["overlaps"]!.AsArray().Select(o => $"{o!["block"]} {o["podCidr"]} {o["node"]}"),
                Is.EqualTo([$"{block} {podCidr} b".Replace("\"", "", StringComparison.Ordinal)]));
        }
    }

    [Test]
    public async Task Objects_twice_and_in_another_order_give_the_same_overlaps()
    {
        using var folder = new TemporaryFolder();
        var documents = SmallCluster.Text(block: "10.10.0.64/26").Split("---\n");
        folder.Write("once.yaml", string.Join("---\n", documents));
        folder.Write("again.yaml", string.Join("---\n", documents.Reverse().Select(d => d.TrimEnd() + "\n")));
        var once = await MigratorRun.OfAsync("cidrs", "--from", folder.At("once.yaml"), "-o", "json");
        var twice = await MigratorRun.OfAsync("cidrs", "--from", folder.Path, "-o", "json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(once.Json["overlaps"]!.AsArray(), Has.Count.EqualTo(1));
            Assert.That(twice.Json["overlaps"]!.ToJsonString(), Is.EqualTo(once.Json["overlaps"]!.ToJsonString()));
            Assert.That(twice.ExitCode, Is.EqualTo(ExitCodes.Findings));
        }
    }

    [TestCase("default via 10.0.0.1 dev eth0 !@#$%\n")]
    [TestCase("} ] junk: [\n")]
    [TestCase("\0")]
    [TestCase("x")]
    public void Refusing_ten_megabytes_allocates_in_proportion(string junk)
    {
        var text = Repeat(junk);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => ObjectReader.Read(text, "junk.yaml"), Throws.TypeOf<InputException>());
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(16L * TenMegabytes));
    }

    private static string Repeat(string line) => new StringBuilder(TenMegabytes + line.Length).Insert(0, line, TenMegabytes / line.Length).ToString();
}
