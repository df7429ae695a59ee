using Antrea.Migration.Addressing;
using Antrea.Migration.Tests.House;

namespace Antrea.Migrator.Tests.Commands;

public class CidrsTests
{
    private static readonly string SeedFolder = Path.Combine(TestContext.CurrentContext.TestDirectory, "Fixtures", "test");

    [Test]
    public async Task The_seeds_cluster_has_three_overlapped_Nodes()
    {
        var run = await MigratorRun.OfAsync("cidrs", "--from", SeedFolder, "-o", "json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Findings));
            Assert.That(run.Json["scenario"]!.ToString(), Is.EqualTo("SmallOverlap"));
            Assert.That(
                run.Json["overlaps"]!.AsArray().Select(o => string.Join(' ', ((string[])["block", "owner", "podCidr", "node", "own"]).Select(k => o![k]!.ToJsonString().Trim('"')))),
                Is.EqualTo(
                [
                    "10.10.4.128/26 test-worker3 10.10.4.0/24 test-worker4 false",
                    "10.10.6.64/26 test-worker11 10.10.6.0/24 test-worker6 false",
                    "10.10.8.128/26 test-worker5 10.10.8.0/24 test-worker8 false",
                ]));
        }
    }

    [Test]
    public async Task The_seeds_cluster_has_three_Pods_that_are_cut_off_and_a_free_pool()
    {
        var run = await MigratorRun.OfAsync("cidrs", "--from", SeedFolder, "-o", "json", "--exclude", "10.0.0.0/8", "--exclude", "192.168.0.0/16");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                run.Json.AsObject().Select(m => m.Key), Is.EqualTo(["scenario", "overlaps", "unreachable", "suggestedPools", "findings"]));
            Assert.That(
                run.Json["unreachable"]!.AsArray().Select(u => $"{u!["pod"]} {u["node"]} {u["address"]}").Distinct(),
                Is.EquivalentTo(
                [
                    "default/nginx-ds-rbr6n test-worker3 10.10.4.129", "default/nginx-ds-d2nt5 test-worker11 10.10.6.65",
                    "default/nginx-ds-n29lb test-worker5 10.10.8.129",
                ]));
            Assert.That(run.Json["suggestedPools"]!.AsArray().Select(p => $"{p!["cidr"]}"), Is.EqualTo(["172.24.0.0/21", "100.64.0.0/21"]));
        }
    }

    [TestCase("172.18.0.0/26", "10.96.0.0/16", ExitCodes.Findings, TestName = "A_block_over_a_Nodes_address_is_an_overlap")]
    [TestCase("10.96.4.0/26", "10.96.0.0/16", ExitCodes.Findings, TestName = "A_block_in_the_Service_CIDR_is_an_overlap")]
    [TestCase("192.168.4.0/26", "10.96.0.0/16", ExitCodes.Success, TestName = "A_block_away_from_everything_is_none")]
    public async Task Only_ranges_that_are_apart_give_exit_code_0(string block, string serviceCidr, int exitCode)
    {
        using var folder = new TemporaryFolder();
        folder.Write("cluster.yaml", $$$"""
            {apiVersion: v1, kind: Node, metadata: {name: a}, spec: {podCIDR: 10.10.0.0/24, podCIDRs: [10.10.0.0/24]}, status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}}
            ---
            {apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: kubernetes}, spec: {cidrs: [{{{serviceCidr}}}]}}
            ---
            {apiVersion: crd.projectcalico.org/v1, kind: IPAMBlock, metadata: {name: b}, spec: {cidr: {{{block}}}, affinity: "host:a", allocations: [], attributes: [], unallocated: [], deleted: false, strictAffinity: false}}
            """);
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((exitCode, "")), string.Join('\n', run.Lines));
    }

    [Test]
    public async Task An_excluded_range_with_host_bits_is_a_usage_error()
    {
        var run = await MigratorRun.OfAsync("cidrs", "--from", SeedFolder, "--exclude", "10.0.0.1/8");
        run.VerifyRefused("--exclude", "10.0.0.1/8");
    }

    /// <summary>Routes of Calico's, of Antrea's, of no use to anybody else, and one that an administrator added.</summary>
    [TestCase("10.64.0.0/10 via 172.18.0.254 dev eth0 proto static", ExitCodes.Success, TestName = "A_network_beside_the_clusters_is_no_overlap")]
    [TestCase("10.0.0.0/8 via 172.18.0.254 dev eth0 proto static", ExitCodes.Success, TestName = "A_network_around_the_clusters_is_none_either")]
    [TestCase("10.10.1.192/27 via 172.18.0.254 dev eth0 proto static", ExitCodes.Findings, TestName = "A_network_in_a_PodCIDR_is_an_overlap")]
    [TestCase("10.10.200.64/28 dev vpn0 table 7", ExitCodes.Findings, TestName = "A_network_in_a_block_is_an_overlap_whatever_table_has_it")]
    public async Task Routes_to_networks_outside_are_compared(string route, int exitCode)
    {
        using var folder = new TemporaryFolder();
        var cluster = folder.Write("cluster.yaml", SmallCluster.Text());
        var file = folder.Write(
            "a.txt",
            $"""
            default via 172.18.0.1 dev eth0
            10.10.0.0/24 dev antrea-gw0 proto kernel scope link src 10.10.0.1
            10.10.1.0/24 via 10.10.1.1 dev antrea-gw0 onlink
            10.10.200.64/26 via 172.18.0.3 dev tunl0 proto bird onlink
            10.10.200.70 dev cali0123456789a scope link
            172.18.0.0/16 dev eth0 proto kernel scope link src 172.18.0.2
            169.254.0.0/16 dev eth0 scope link
            fe80::/64 dev eth0 proto kernel metric 256 pref medium
            blackhole 10.0.0.0/8
            {route}
            """);
        var run = await MigratorRun.OfAsync("cidrs", "--from", cluster, "--file", $"a={file}", "-o", "json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.ExitCode, run.Error), Is.EqualTo((exitCode, "")), run.Output);
            Assert.That(
                run.Json["findings"]!.AsArray().Where(f => f!["id"]!.ToString() == "external-route-in-cluster-range").Select(f => f!["evidence"]!.ToString().Split(',')[0]),
                Is.EqualTo(exitCode == ExitCodes.Success ? Array.Empty<string>() : [route.Split(' ')[0]]));
            var pools = run.Json["suggestedPools"]!.AsArray().Select(p => Cidr.Parse(p!["cidr"]!.ToString())).ToList();
            Assert.That(pools, Is.Not.Empty);
            Assert.That(pools, Has.None.Matches<Cidr>(p => p.Overlaps(Cidr.Parse(route.Split(' ')[0])) || p.Overlaps(Cidr.Parse("172.18.0.0/16"))));
        }
    }

    [Test]
    public async Task A_table_that_cannot_be_read_is_named()
    {
        using var folder = new TemporaryFolder();
        var run = await MigratorRun.OfAsync("cidrs", "--from", SeedFolder, "--file", $"a={folder.Write("a.txt", "kernel panic\n")}");
        run.VerifyRefused($"{folder.At("a.txt")} has no route");
    }

    [Test]
    public async Task People_get_the_seeds_cluster_as_a_table()
    {
        var run = await MigratorRun.OfAsync("cidrs", "--from", SeedFolder);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Findings, "")));
        Approval.Verify(string.Join('\n', run.Lines), "SeedTable");
    }

    [Test]
    public async Task The_seeds_cluster_as_a_picture()
    {
        using var folder = new TemporaryFolder();
        var run = await MigratorRun.OfAsync("cidrs", "--from", SeedFolder, "--picture", folder.At("addresses.svg"));
        Assert.That((run.ExitCode, run.Error, Directory.GetFiles(folder.Path)), Is.EqualTo((ExitCodes.Findings, "", new[] { folder.At("addresses.svg") })));
        Approval.Verify(await File.ReadAllTextAsync(folder.At("addresses.svg")), "SeedPicture");
    }

    [Test]
    public async Task A_page_holds_the_same_picture_and_replaces_an_older_one()
    {
        using var folder = new TemporaryFolder();
        var page = folder.Write("addresses.HTML", "an older one");
        await MigratorRun.OfAsync("cidrs", "--from", SeedFolder, "--picture", page);
        await MigratorRun.OfAsync("cidrs", "--from", SeedFolder, "--picture", folder.At("addresses.svg"));
        static string Flat(string text) => string.Concat(text.Split('\n').Select(l => l.Trim()));
        var text = await File.ReadAllTextAsync(page);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(text, Does.StartWith("<!DOCTYPE html>\n<html lang=\"en\">"));
            Assert.That(Flat(text), Does.Contain(Flat(await File.ReadAllTextAsync(folder.At("addresses.svg")))));
        }
    }

    [Test]
    public async Task A_picture_in_another_format_is_a_usage_error_and_writes_nothing()
    {
        using var folder = new TemporaryFolder();
        var run = await MigratorRun.OfAsync("cidrs", "--from", SeedFolder, "--picture", folder.At("addresses.png"));
        run.VerifyRefused("--picture", "addresses.png", ".svg", ".html");
        Assert.That(Directory.GetFiles(folder.Path), Is.Empty);
    }

    [Test]
    public async Task A_picture_in_a_folder_that_is_not_there_is_an_error_before_anything_is_printed()
    {
        using var folder = new TemporaryFolder();
        var run = await MigratorRun.OfAsync("cidrs", "--from", SeedFolder, "--picture", folder.At("missing/addresses.svg"));
        run.VerifyRefused(folder.At("missing/addresses.svg"));
    }

    [Test]
    public async Task The_threshold_decides_between_small_and_most()
    {
        var run = await MigratorRun.OfAsync("cidrs", "--from", SeedFolder, "-o", "json", "--small-overlap-threshold", "0.1");
        Assert.That((run.ExitCode, run.Json["scenario"]!.ToString()), Is.EqualTo((ExitCodes.Findings, "MostOverlap")));
    }

    [Test]
    public async Task No_overlap_is_success()
    {
        using var folder = new TemporaryFolder();
        folder.Write("cluster.yaml", SmallCluster.Text());
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path, "-o", "json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Success), run.Error);
            Assert.That(run.Json["scenario"]!.ToString(), Is.EqualTo("Simple"));
            Assert.That(run.Json["overlaps"]!.ToJsonString(), Is.EqualTo("[]"));
        }
    }

    [Test]
    public async Task A_block_in_its_own_Nodes_PodCIDR_says_so()
    {
        using var folder = new TemporaryFolder();
        folder.Write("cluster.yaml", SmallCluster.Text(block: "10.10.1.64/26"));
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path, "-o", "json");
        var overlap = run.Json["overlaps"]!.AsArray().Single()!;
        Assert.That(
            (run.ExitCode, overlap["owner"]!.ToString(), overlap["node"]!.ToString(), overlap["own"]!.GetValue<bool>()),
            Is.EqualTo((ExitCodes.Findings, "b", "b", true)));
    }

    [Test]
    public async Task Two_Nodes_with_one_PodCIDR_are_named()
    {
        using var folder = new TemporaryFolder();
        folder.Write("cluster.yaml", SmallCluster.Text(podCidr: "10.10.0.0/24"));
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path, "-o", "json");
        Assert.That((run.ExitCode, string.Join(' ', Blockers(run))), Is.EqualTo((ExitCodes.Findings, "pod-cidrs-overlap Node/b")));
        Assert.That(run.Output, Does.Contain("10.10.0.0/24 of Node b is also 10.10.0.0/24 of Node a"));
    }

    [Test]
    public async Task A_Node_without_PodCIDR_is_named()
    {
        using var folder = new TemporaryFolder();
        folder.Write("cluster.yaml", SmallCluster.Text(podCidr: null));
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path, "-o", "json");
        Assert.That((run.ExitCode, string.Join(' ', Blockers(run))), Is.EqualTo((ExitCodes.Findings, "node-without-pod-cidr Node/b")));
    }

    [Test]
    public async Task A_block_with_host_bits_is_named_with_file_object_and_field()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("cluster.yaml", SmallCluster.Text(block: "10.10.200.70/26"));
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path);
        run.VerifyRefused(file, "10.10.200.70/26", "spec.cidr", "block-b");
    }

    [Test]
    public async Task Broken_YAML_is_named_with_file_document_line_and_column()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("broken.yaml", "kind: Node\nmetadata: {name: a}\napiVersion: v1\n---\nkind: Node\n  metadata: [\n");
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.Path);
        run.VerifyRefused($"{file}:6:", "document 2");
    }

    [Test]
    public async Task A_folder_that_is_not_there_is_named()
    {
        using var folder = new TemporaryFolder();
        var run = await MigratorRun.OfAsync("cidrs", "--from", folder.At("missing"));
        run.VerifyRefused(folder.At("missing"));
    }

    private static IEnumerable<string> Blockers(MigratorRun run) =>
        run.Json["findings"]!.AsArray().Where(f => f!["severity"]!.ToString() == "Blocker").Select(f => $"{f!["id"]} {f["subject"]}");
}
