using System.Net;
using Antrea.Migration.Execution;
using Antrea.Migration.Routing;

namespace Antrea.Migration.IntegrationTests.Containers;

/// <summary>The node agent's image, made and run: as an operator's tool on a Node, as the migration's DaemonSet, and as a probe Pod.</summary>
[Category("Docker")]
public sealed class NodeAgentImageTests
{
    private bool _isMade;

    [OneTimeSetUp]
    public async Task Make_the_image()
    {
        await DockerTier.RequireAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(10));
        _isMade = true;
        await NodeAgentImage.MakeAsync(limit.Token);
    }

    [OneTimeTearDown]
    public async Task Remove_the_image()
    {
        if (_isMade)
        {
            await NodeAgentImage.RemoveAsync(CancellationToken.None);
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Operator_reads_writes_and_removes_a_CNI_file_on_a_Node(CancellationToken cancellationToken)
    {
        await using var node = await NodeAgentImage.StartAsync([], [], cancellationToken);
        await node.ExecAsync(["mkdir", "-p", NodeCommands.CniConfigDirectory], cancellationToken);
        const string content = "{\"cniVersion\": \"0.3.1\", \"name\": \"ü\"}\n";

        string[] write = ["antrea-migrator", "node", "cni", "write", "00-multus.conf", "--from", "/dev/stdin", "--host", "/"];
        var shown = await node.ExecAsync(content, write, cancellationToken);
        var before = await node.NodeAsync("cni list", cancellationToken);
        var written = await node.ExecAsync(content, [.. write, "--execute"], cancellationToken);
        var read = await node.NodeAsync("cni read 00-multus.conf", cancellationToken);
        var listed = await node.NodeAsync("cni list", cancellationToken);
        var removed = await node.NodeAsync("cni remove 00-multus.conf --execute", cancellationToken);
        var missing = await node.NodeAsync("cni read 00-multus.conf", cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(shown.ExitCode, Is.Zero, shown.StandardError);
            Assert.That(shown.StandardOutput, Does.Contain("Dry run: nothing was changed."));
            Assert.That(before.StandardOutput, Does.Not.Contain("00-multus.conf"));
            Assert.That((written.ExitCode, written.StandardError), Is.EqualTo((0, "")));
            Assert.That(read.StandardOutput, Is.EqualTo(content));
            Assert.That(listed.StandardOutput.Split('\n'), Does.Contain("00-multus.conf").And.None.Contains("antrea-migration"), "no temporary file is left");
            Assert.That(removed.ExitCode, Is.Zero, removed.StandardError);
            Assert.That(missing.ExitCode, Is.EqualTo(1));
            Assert.That(missing.StandardError, Does.StartWith("error: read-file ended with exit code 1: ").And.Contain("No such file"));
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Operator_finds_and_removes_what_Calico_left_on_a_Node(CancellationToken cancellationToken)
    {
        await using var node = await NodeAgentImage.StartAsync(["--privileged"], [], cancellationToken);
        await RunAsync(
            node, "mkdir -p /etc/cni/net.d; echo {} > /etc/cni/net.d/10-calico.conflist; ip route add blackhole 10.10.7.64/26 proto 80; ip route add blackhole 10.77.0.0/24 proto 80",
            cancellationToken);

        var routes = await node.NodeAsync("routes", cancellationToken);
        var left = await node.NodeAsync("calico audit 10.10.0.0/16", cancellationToken);
        var shown = await node.NodeAsync("calico clean 10.10.0.0/16", cancellationToken);
        var stillLeft = await node.NodeAsync("calico audit 10.10.0.0/16", cancellationToken);
        var cleaned = await node.NodeAsync("calico clean 10.10.0.0/16 --execute", cancellationToken);
        var clean = await node.NodeAsync("calico audit 10.10.0.0/16", cancellationToken);
        var after = await node.NodeAsync("routes", cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(RouteParser.ParseJson(routes.StandardOutput, "routes").Routes.Select(r => $"{r.Destination}"), Does.Contain("10.10.7.64/26").And.Contain("10.77.0.0/24"));
            Assert.That(left.ExitCode, Is.EqualTo(2), left.StandardError);
            Assert.That(left.StandardOutput, Does.Contain("file: /etc/cni/net.d/10-calico.conflist\n").And.Contain("route: blackhole 10.10.7.64/26"));
            Assert.That((shown.ExitCode, stillLeft.StandardOutput), Is.EqualTo((0, left.StandardOutput)));
            Assert.That(cleaned.ExitCode, Is.Zero, cleaned.StandardError);
            Assert.That((clean.ExitCode, clean.StandardOutput), Is.EqualTo((0, "")));
            Assert.That(
                RouteParser.ParseJson(after.StandardOutput, "routes").Routes.Select(r => $"{r.Destination}"), Does.Not.Contain("10.10.7.64/26").And.Contain("10.77.0.0/24"), "which is no range of Calico's");
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Operator_leads_what_comes_from_Calico_and_stops_it_again(CancellationToken cancellationToken)
    {
        await using var node = await NodeAgentImage.StartAsync(["--privileged"], [], cancellationToken);
        var led = await node.ExecAsync(
            ["antrea-migrator", "node", "calico", "lead", "--own", "10.10.1.0/24", "--from", "10.10.0.0/16", "--route", "10.10.2.0/24 dev eth0", "--execute", "--host", "/"], cancellationToken);
        var rules = await RunAsync(node, "ip rule list", cancellationToken);
        var stopped = await node.NodeAsync("calico stop-leading --execute", cancellationToken);
        var after = await RunAsync(node, "ip rule list", cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((led.ExitCode, led.StandardError), Is.EqualTo((0, "")));
            Assert.That(rules, Does.Contain("from 10.10.1.0/24 lookup main").And.Contain("from 10.10.0.0/16 lookup 20260"));
            Assert.That((stopped.ExitCode, stopped.StandardError), Is.EqualTo((0, "")));
            Assert.That(after, Does.Not.Contain("10.10."));
        }
    }

    /// <summary>What the DaemonSet asks of any image: to sleep, and to run a Node's own shell behind chroot.</summary>
    [Test]
    [CancelAfter(120_000)]
    public async Task The_migrations_own_commands_run_in_it_as_in_its_DaemonSet(CancellationToken cancellationToken)
    {
        await using var agent = await NodeAgentImage.StartAsync(["--privileged", "--volume", $"/:{PodExecNodeAccess.HostFiles}:ro"], ["sleep", "2147483647"], cancellationToken);

        var listed = await agent.ExecAsync(NodeCommands.ListDirectory("/etc").ToArgvIn(PodExecNodeAccess.HostFiles), cancellationToken);
        var verb = await agent.ExecAsync(["antrea-migrator", "node", "inspect", "no_such_module"], cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(listed.ExitCode, Is.Zero, listed.StandardError);
            Assert.That(listed.StandardOutput.Split('\n'), Does.Contain("passwd"));
            Assert.That(verb.StandardOutput, Does.Match("module no_such_module (missing|unknown)\n"), verb.StandardError);
        }
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_probe_Pod_of_it_listens_connects_and_gets_pages_without_any_right(CancellationToken cancellationToken)
    {
        string[] restricted = ["--user", "65534", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--memory", "64m"];
        await using var pod = await NodeAgentImage.StartAsync(restricted, ["httpd", "-f", "-p", $"{ProbeManifest.Port}", "-h", "/tmp"], cancellationToken);

        var connected = await pod.ExecAsync(
            ProbeCommands.ConnectTo([new DnsEndPoint("127.0.0.1", ProbeManifest.Port), new DnsEndPoint("127.0.0.1", 9)], TimeSpan.FromSeconds(5)).ToArgv(), cancellationToken);
        var asked = await pod.ExecAsync(["sh", "-c", $"echo hello | wget -q -O - http://127.0.0.1:{ProbeManifest.Port}/no-such-page"], cancellationToken);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(connected.StandardOutput.Split('\n'), Has.One.StartsWith("0 0 ").And.One.StartsWith("1 1 "), connected.StandardError);
            Assert.That(asked.StandardError, Does.Contain("404"), "the page is not there, and its server says so");
        }
    }

    private static async Task<string> RunAsync(NodeAgentImage.Running node, string script, CancellationToken cancellationToken)
    {
        var result = await node.ExecAsync(["sh", "-ec", script], cancellationToken);
        Assert.That(result.ExitCode, Is.Zero, $"{script}\n{result.StandardError}");
        return result.StandardOutput;
    }
}
