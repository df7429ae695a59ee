using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab.Cni;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Nodes;
using Antrea.Migration.Routing;

namespace Antrea.Migration.IntegrationTests.Nodes;

/// <summary>The library's Node commands on a hollow Node, as exec brings them.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class NodeVerbsTests
{
    private readonly LabNode _node;

    public NodeVerbsTests()
    {
        var store = new ObjectStore(TimeProvider.System);
        _node = new LabNode(
            "n", [new LinkAddress(IPAddress.Parse("172.18.0.2"), 16)], [IPAddress.Parse("172.18.0.1")], [Cidr.Parse("10.10.0.0/24")],
            new CniPlugins(store, new CalicoIpamPlugin(store)));
    }

    [Test]
    public void Files_are_written_read_listed_moved_and_removed()
    {
        var written = Run(NodeCommands.WriteFile("/etc/cni/net.d/00-multus.conf", "{\"ü\": 1}"));
        var read = Run(NodeCommands.ReadFile("/etc/cni/net.d/00-multus.conf"));
        var listed = Run(NodeCommands.ListDirectory("/etc/cni/net.d"));
        var removed = Run(NodeCommands.RemoveFile("/etc/cni/net.d/00-multus.conf"));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(written.ExitCode, Is.Zero);
            Assert.That(read.Output, Is.EqualTo("{\"ü\": 1}"));
            Assert.That(listed.Output, Is.EqualTo("00-multus.conf\n"), "the temporary file is gone");
            Assert.That(removed.ExitCode, Is.Zero);
            Assert.That(Run(NodeCommands.RemoveFile("/etc/cni/net.d/00-multus.conf")).ExitCode, Is.Zero, "already gone is fine");
            Assert.That(Run(NodeCommands.ListDirectory("/etc/cni/net.d")).Output, Is.Empty);
            Assert.That(Run(NodeCommands.ReadFile("/etc/cni/net.d/00-multus.conf")), Is.EqualTo(
                new NodeCommandResult(1, "", "cat: /etc/cni/net.d/00-multus.conf: No such file or directory\n")));
        }
    }

    [Test]
    public void Routes_look_as_ip_prints_them()
    {
        _node.Host.ReplaceRoute(new Route
        {
            Destination = Cidr.Parse("10.10.4.128/26"),
            Gateway = IPAddress.Parse("172.18.0.19"),
            Device = "tunl0",
            Protocol = "bird",
            OnLink = true,
        });
        _node.Host.ReplaceRoute(new Route { Destination = Cidr.Parse("10.10.36.64/26"), Type = RouteType.Blackhole, Protocol = "bird" });
        _node.Host.ReplaceRoute(new Route { Destination = Cidr.Parse("10.10.36.65/32"), Device = "cali1", Scope = "link" });

        var routes = JsonNode.Parse(Run(NodeCommands.ReadRoutes()).Output)!.AsArray().Select(r => r!.ToJsonString());

        Assert.That(routes, Is.EqualTo(new[]
        {
            """{"dst":"172.18.0.0/16","dev":"eth0","protocol":"kernel","scope":"link","prefsrc":"172.18.0.2","flags":[]}""",
            """{"dst":"default","gateway":"172.18.0.1","dev":"eth0","flags":[]}""",
            """{"dst":"10.10.4.128/26","gateway":"172.18.0.19","dev":"tunl0","protocol":"bird","flags":["onlink"]}""",
            """{"type":"blackhole","dst":"10.10.36.64/26","protocol":"bird","flags":[]}""",
            """{"dst":"10.10.36.65","dev":"cali1","scope":"link","flags":[]}""",
        }));
    }

    [Test]
    public void Other_programs_unknown_verbs_and_wrong_arguments_say_what_is_wrong()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(NodeVerbs.Run(_node, ["ls", "/"]).ExitCode, Is.EqualTo(127));
            Assert.That(NodeVerbs.Run(_node, new NodeCommand("fly", "fly", []).ToArgv()).Error, Does.Contain("'fly'").And.Contain("read-file"));
            Assert.That(NodeVerbs.Run(_node, new NodeCommand("read-file", "cat", []).ToArgv()).ExitCode, Is.EqualTo(2));
        }
    }

    [Test]
    public async Task Exec_reaches_the_Node_only_through_a_node_agents_container()
    {
        var executor = new LabPodExecutor(
            name => name == "n" ? _node : null, new PodProbes((_, _, _, _) => throw new ArgumentException("no network"), _ => false, TimeProvider.System), new WalkCarrier(new SimulatedFabric(TimeProvider.System)));
        _node.Files.Write("/etc/cni/net.d/10-calico.conflist", "x");
        string[] argv = ["chroot", "/host", .. NodeCommands.ListDirectory("/etc/cni/net.d").ToArgv()];

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await ExecAsync("antrea-migration/node-agent:v1"), Is.EqualTo((0, "10-calico.conflist\n", "")));
            Assert.That((await ExecAsync("nginx")).Code, Is.EqualTo(127));
        }

        async Task<(int Code, string Output, string Error)> ExecAsync(string image)
        {
            var pod = new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = "p", ["namespace"] = "default" },
                ["spec"] = new JsonObject
                {
                    ["nodeName"] = "n",
                    ["containers"] = new JsonArray(new JsonObject { ["name"] = "agent", ["image"] = image }),
                },
            };
            using var output = new MemoryStream();
            using var error = new MemoryStream();
            var code = await executor.ExecAsync(pod, "agent", argv, null, output, error, CancellationToken.None);
            return (code, Encoding.UTF8.GetString(output.ToArray()), Encoding.UTF8.GetString(error.ToArray()));
        }
    }

    [Test]
    public void Only_writing_removing_and_renaming_in_the_directory_makes_the_runtime_look_again()
    {
        const string Conflist = """{"name": "n", "cniVersion": "0.3.1", "plugins": [{"type": "loopback"}]}""";
        _node.Files.Write("/tmp/10-x.conflist", Conflist);

        _node.Files.Move("/tmp/10-x.conflist", "/etc/cni/net.d/10-x.conflist");
        var afterMoveIn = _node.Cni.Network;
        _node.Files.Move("/etc/cni/net.d/10-x.conflist", "/etc/cni/net.d/11-x.conflist");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(afterMoveIn, Is.Null, "moved in from elsewhere: a CREATE, which containerd ignores");
            Assert.That(_node.Cni.Network?.Name, Is.EqualTo("n"));
        }
    }

    private NodeCommandResult Run(NodeCommand command) => NodeVerbs.Run(_node, command.ToArgv());
}
