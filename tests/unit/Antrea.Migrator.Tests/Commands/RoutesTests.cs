using Antrea.Migration.Tests.House;

namespace Antrea.Migrator.Tests.Commands;

public class RoutesTests
{
    private const string Antrea = """
        10.10.2.0/24 dev antrea-gw0 proto kernel scope link src 10.10.2.1
        10.10.4.0/24 via 10.10.4.1 dev antrea-gw0 onlink
        10.10.6.0/24 via 10.10.6.1 dev antrea-gw0 onlink
        default via 172.18.0.1 dev eth0

        """;

    private const string Web = """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: client, namespace: default}
        spec: {nodeName: a}
        status: {phase: Running, podIP: 10.10.0.7, podIPs: [{ip: 10.10.0.7}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web-0, namespace: default, labels: {app: web}}
        spec: {nodeName: b}
        status: {phase: Running, podIP: 10.10.0.66, podIPs: [{ip: 10.10.0.66}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: default}
        spec: {clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7], selector: {app: web}}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: empty, namespace: default}
        spec: {clusterIP: 10.96.0.8, clusterIPs: [10.96.0.8], selector: {app: nobody}}
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: kubernetes, namespace: default, labels: {kubernetes.io/service-name: kubernetes}}
        addressType: IPv4
        endpoints: [{addresses: [172.18.0.3]}]
        ports: [{port: 6443, protocol: TCP}]

        """;

    private static readonly string SeedFolder = Path.Combine(TestContext.CurrentContext.TestDirectory, "Fixtures", "test");

    [Test]
    public async Task Saved_tables_alone_show_their_conflicts()
    {
        using var folder = new TemporaryFolder();
        var worker2 = folder.Write("w2.txt", "$ ip route\n" + Antrea + "10.10.4.128/26 via 172.18.0.5 dev tunl0 proto bird onlink\n");
        var worker3 = folder.Write("w3.txt", "10.10.3.0/24 dev antrea-gw0 proto kernel scope link src 10.10.3.1\nblackhole 10.10.4.128/26 proto bird\n");
        var pod = folder.Write("pod.txt", "default via 10.10.2.1 dev net1\ndefault via 169.254.1.1 dev eth0\n");
        var run = await MigratorRun.OfAsync("routes", "--file", $"test-worker2={worker2}", $"test-worker3={worker3}", "--file", $"default/client={pod}");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Findings, "")));
        Approval.Verify(string.Join('\n', run.Lines), "Files");
    }

    [Test]
    public async Task What_two_commands_list_in_one_file_counts_once()
    {
        using var folder = new TemporaryFolder();
        var rules = "0: from all lookup local\n32766: from all lookup main\n32767: from all lookup default\n";
        var file = folder.Write("w2.txt", $"$ ip rule\n{rules}$ ip route\n{Antrea}$ ip rule\n{rules}$ ip route show table all\n{Antrea}");
        var run = await MigratorRun.OfAsync("routes", "--file", $"w2={file}", "-o", "json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
            Assert.That(run.Json["tables"]!.AsArray().Select(t => t!["routes"]!.GetValue<int>()), Is.EqualTo([4]));
            Assert.That(run.Json["conflicts"]!.AsArray(), Is.Empty);
        }
    }

    [Test]
    public async Task Tables_without_a_conflict_are_success()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("w2.txt", Antrea + "10.10.100.0/26 via 172.18.0.5 dev tunl0 proto bird onlink\n");
        var run = await MigratorRun.OfAsync("routes", "--file", $"test-worker2={file}", "-o", "json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Success), run.Error);
            Assert.That(run.Json["conflicts"]!.ToJsonString(), Is.EqualTo("[]"));
            Assert.That(run.Json["matrix"], Is.Null);
            Assert.That(run.Json["tables"]!.ToJsonString(), Does.Contain("\"routes\":5"));
        }
    }

    [Test]
    public async Task The_seeds_cluster_shows_who_reaches_whom()
    {
        var run = await MigratorRun.OfAsync("routes", "--from", SeedFolder);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Findings, "")));
        Approval.Verify(string.Join('\n', run.Lines), "SeedMatrix");
    }

    [Test]
    public async Task Machines_get_the_same_facts()
    {
        using var folder = new TemporaryFolder();
        var cluster = folder.Write("cluster.yaml", SmallCluster.Text(block: "10.10.0.64/26"));
        var file = folder.Write(
            "a.txt", "10.10.0.0/24 dev antrea-gw0 proto kernel scope link src 10.10.0.1\n10.10.1.0/24 via 10.10.1.1 dev antrea-gw0 onlink\n"
                + "10.10.0.64/26 via 172.18.0.3 dev tunl0 proto bird onlink\n");
        var run = await MigratorRun.OfAsync("routes", "--from", cluster, "--file", $"a={file}", "-o", "json");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Findings, "")));
        Approval.Verify(string.Join('\n', run.Lines), "Json");
    }

    /// <summary>In the seed's cluster test-worker3 has the block 10.10.4.128/26, which lies in the PodCIDR of test-worker4.</summary>
    [TestCase("10.10.115.1", "10.10.72.1", ExitCodes.Success, "Works")]
    [TestCase("10.10.115.1", "10.10.4.129", ExitCodes.Findings, "DiesInOvs")]
    [TestCase("10.10.72.1", "10.10.4.129", ExitCodes.Findings, "DiesOnLink")]
    public async Task Why_tells_the_story_of_an_Antrea_client(string from, string to, int exitCode, string story)
    {
        var run = await MigratorRun.OfAsync("routes", "why", "--from", from, "--from-as", "antrea", "--to", to, "--snapshot", SeedFolder);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((exitCode, "")));
        Approval.Verify(string.Join('\n', run.Lines), $"Why{story}");
    }

    [Test]
    public async Task Why_follows_a_Nodes_own_table()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("w17.txt", "default via 172.18.0.1 dev eth0\n10.10.115.1 dev cali1 scope link\n");
        var run = await MigratorRun.OfAsync(
            "routes", "why", "--from", "10.10.115.1", "--to", "10.10.72.1", "--snapshot", SeedFolder, "--file", $"test-worker17={file}", "-o", "json");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Findings), run.Error);
            Assert.That(run.Json["cause"]!.ToString(), Is.EqualTo("UnexpectedRoute"));
            Assert.That(run.Json["lostAt"]!.ToString(), Is.EqualTo("the host of test-worker17"));
            Assert.That(run.Json["savedTables"]!.ToJsonString(), Is.EqualTo("[\"test-worker17\"]"));
        }
    }

    [Test]
    public async Task A_file_that_is_no_table_is_refused_with_its_line_and_column()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("w2.txt", "kernel panic\n");
        var run = await MigratorRun.OfAsync("routes", "--file", $"w2={file}");
        run.VerifyRefused($"{file} has no route: {file}:1:1: 'kernel' is neither");
    }

    [Test]
    public async Task Odd_lines_are_told_and_the_rest_is_read()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("w2.txt", Antrea + "10.9.0.0/24 dev eth0 onlink6\n");
        var run = await MigratorRun.OfAsync("routes", "--file", $"w2={file}");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
        Assert.That(run.Output, Does.Contain($"route-word-unknown  {file}:5:22").And.Contain("1 tables with 5 routes"));
    }

    [Test]
    public async Task An_array_that_was_cut_off_is_no_clean_table()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("w2.txt", Antrea + "[{\"dst\":\"10.10.4.128/26\",\"gateway\":\"172.18.0.5\",\"dev\":\"tunl0\",\n{\"dst\"]\n");
        var run = await MigratorRun.OfAsync("routes", "--file", $"w2={file}");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Findings, "")));
        Assert.That(run.Output, Does.Contain($"BLOCKER routes-unreadable  {file}:5"));
    }

    [TestCase("--file w2", "--file is 'w2', but must be NODE=PATH.")]
    [TestCase("--file w2=", "--file is 'w2=', but must be NODE=PATH.")]
    [TestCase("--file w2=/nowhere/at/all", "/nowhere/at/all")]
    public async Task Wrong_files_are_named(string arguments, string says)
    {
        var run = await MigratorRun.OfAsync(["routes", .. arguments.Split(' ')]);
        run.VerifyRefused(says);
    }

    [TestCase("routes --from")]
    [TestCase("cidrs --from")]
    [TestCase("routes why --from 10.10.115.1 --to 10.10.72.1 --snapshot")]
    public async Task A_table_of_no_Node_is_refused(string verb)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("w2.txt", Antrea);
        var run = await MigratorRun.OfAsync([.. verb.Split(' '), SeedFolder, "--file", $"test-wroker2={file}"]);
        run.VerifyRefused("--file is given for 'test-wroker2'");
    }

    [TestCase("default/nobody", "neither a Pod nor a Service nor a Node 'default/nobody'")]
    [TestCase("192.0.2.7", "No Pod, Node, Service, block or PodCIDR of the cluster has the address 192.0.2.7")]
    public async Task Unknown_ends_are_named(string to, string says)
    {
        var run = await MigratorRun.OfAsync("routes", "why", "--from", "test-worker2", "--to", to, "--snapshot", SeedFolder);
        run.VerifyRefused(says);
    }

    /// <summary>The server's block lies in the PodCIDR of the client's Node: by its own address it is asked for by ARP, by the Service it is
    /// not, and dies later.</summary>
    [TestCase("default/web", ExitCodes.Findings)]
    [TestCase("10.96.0.7", ExitCodes.Findings)]
    [TestCase("default/kubernetes", ExitCodes.Success)]
    public async Task Why_asks_a_Service_for_its_endpoints(string to, int exitCode)
    {
        using var folder = new TemporaryFolder();
        var cluster = folder.Write("cluster.yaml", SmallCluster.Text(block: "10.10.0.64/26") + Web);
        var run = await MigratorRun.OfAsync("routes", "why", "--from", "default/client", "--to", to, "--snapshot", cluster);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((exitCode, "")));
        Approval.Verify(string.Join('\n', run.Lines), exitCode == ExitCodes.Success ? "WhyServiceOfANode" : "WhyService");
    }

    [TestCase("default/web", "default/client", "--from is Service default/web, but a Service opens no connection")]
    [TestCase("default/client", "default/empty", "Service default/empty has no endpoint on a Pod or Node of the cluster")]
    public async Task Services_that_cannot_be_an_end_are_refused(string from, string to, string says)
    {
        using var folder = new TemporaryFolder();
        var cluster = folder.Write("cluster.yaml", SmallCluster.Text(block: "10.10.0.64/26") + Web);
        var run = await MigratorRun.OfAsync("routes", "why", "--from", from, "--to", to, "--snapshot", cluster);
        run.VerifyRefused(says);
    }

    [Test]
    public async Task A_Pod_can_be_asked_for_as_what_it_becomes()
    {
        var run = await MigratorRun.OfAsync("routes", "why", "--from", "10.10.115.1", "--from-as", "multus", "--to", "test-worker2", "--snapshot", SeedFolder);
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
        Assert.That(run.Output, Does.StartWith("Multus Pod 10.10.115.1 on test-worker17 to Node test-worker2"));
    }
}
