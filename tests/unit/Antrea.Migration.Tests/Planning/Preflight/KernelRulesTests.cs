using System.Net;
using System.Runtime.Versioning;
using Antrea.Migration.Clusters;
using Antrea.Migration.Execution;
using Antrea.Migration.Findings;
using Antrea.Migration.Planning;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.Tests.Planning;

[TestFixture]
[Parallelizable(ParallelScope.All)]
internal sealed class KernelRulesTests
{
    /// <summary>A Node with nothing to say against it, but that Pods' MTU shrinks, as it does from IPIP to Geneve.</summary>
    private const string Healthy =
        """
        module openvswitch present
        module geneve available
        rp_filter all 0
        rp_filter default 0
        mtu lo 65536
        mtu eth0 1500
        mtu tunl0 1480
        address lo 127.0.0.1/8
        address eth0 172.18.0.2/16
        address eth0 fe80::1/64
        socket tcp 0100007F:18EB
        socket udp6 00000000000000000000000000000000:12B5
        containerd conf_dir /etc/cni/net.d
        containerd bin_dir /usr/lib/cni /opt/cni/bin
        containerd max_conf_num 1

        """;

    [TestCase("", "", "pod-mtu-shrinks")]
    [TestCase("module openvswitch present", "module openvswitch missing", "node-module-missing", "pod-mtu-shrinks")]
    [TestCase("module geneve available\n", "", "node-modules-unknown", "pod-mtu-shrinks")]
    [TestCase("0100007F:18EB", "00000000:286E", "node-port-taken", "pod-mtu-shrinks")]
    [TestCase("00000000000000000000000000000000:12B5", "00000000000000000000000000000000:17C1", "node-port-taken", "pod-mtu-shrinks")]
    [TestCase("rp_filter all 0", "rp_filter all 1", "node-rp-filter-strict", "pod-mtu-shrinks")]
    [TestCase("max_conf_num 1", "max_conf_num 0", "cni-files-several", "pod-mtu-shrinks")]
    [TestCase("conf_dir /etc/cni/net.d", "conf_dir /etc/kubernetes/cni", "cni-directory-differs", "pod-mtu-shrinks")]
    [TestCase("bin_dir /usr/lib/cni /opt/cni/bin", "bin_dirs /home/kubernetes/bin", "cni-directory-differs", "pod-mtu-shrinks")]
    [TestCase("mtu tunl0 1480", "mtu vxlan.calico 1450")]
    [TestCase("mtu eth0 1500", "mtu eth0 9000")]
    [TestCase("address eth0 172.18.0.2/16", "address eth0 172.18.0.9/16", "node-mtu-unknown")]
    public void Check_OneNode_FindsWhatAntreaWouldStumbleOver(string from, string to, params string[] ids) =>
        Assert.That(Check(new AntreaAgentSettings(), from.Length == 0 ? Healthy : Healthy.Replace(from, to)).Select(f => f.Id).Order(), Is.EqualTo(ids.Order()));

    [Test]
    public void Check_NoEncap_AsksForNoTunnelsModulePortOrBytes()
    {
        var kernel = Healthy.Replace("module geneve available\n", "").Replace("00000000000000000000000000000000:12B5", "00000000000000000000000000000000:17C1");
        Assert.That(Check(new AntreaAgentSettings { EncapMode = "noencap" }, kernel), Is.Empty);
    }

    [TestCase("geneve", 0, "none", ExpectedResult = "1450")]
    [TestCase("gre", 0, "none", ExpectedResult = "1462")]
    [TestCase("geneve", 0, "wireGuard", ExpectedResult = "1370")]
    [TestCase("geneve", 1400, "none", ExpectedResult = "1400")]
    [TestCase("geneve", 1460, "none", ExpectedResult = "node-mtu-too-small")]
    public string Check_Mtu_IsTheLinksLessTheEncapsulation(string tunnel, int mtu, string encryption)
    {
        var finding = Check(
            new AntreaAgentSettings { TunnelType = tunnel, DefaultMtu = mtu, EncryptionMode = encryption }, Healthy.Replace("geneve", tunnel == "gre" ? "ip_gre" : tunnel)).Single();
        return finding.Id == "pod-mtu-shrinks" ? finding.Evidence.Split("of ")[2].Split(' ')[0] : finding.Id;
    }

    [Test]
    public void Check_NodesWithDifferentLinks_NamesTheMtuThatFitsAll()
    {
        var findings = KernelRules.Check(
            [Node("a", "172.18.0.2", Healthy), Node("b", "172.18.0.3", Healthy.Replace("172.18.0.2", "172.18.0.3").Replace("eth0 1500", "eth0 9000"))], new AntreaAgentSettings());
        var differs = findings.Single(f => f.Id == "node-mtu-differs");
        Assert.That((differs.Severity, differs.Evidence), Is.EqualTo((Severity.Warning, "The Nodes' links differ in MTU: 1500 on 1 Nodes (a), 9000 on 1 Nodes (b).")));
        Assert.That(differs.Remedy, Does.EndWith(": 1450."));
    }

    [Test]
    public void Settings_AreTheManifests_AndAntreasDefaultsForWhatIsCommentedOut()
    {
        var manifest = ObjectReader.Read(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: antrea-config, namespace: kube-system}\ndata:\n  antrea-agent.conf: |\n    tunnelType: \"gre\"\n    #tunnelPort: 0\n    defaultMTU: 1300\n    apiPort: 11350\n",
            "antrea.yml");
        Assert.That(AntreaAgentSettings.Of(manifest), Is.EqualTo(new AntreaAgentSettings { TunnelType = "gre", DefaultMtu = 1300, ApiPort = 11350 }));
    }

    [Test]
    [Platform("Linux")]
    public async Task Inspection_OfThisMachine_IsReadBack()
    {
        var argv = NodeCommands.InspectNode(["openvswitch", "no_such_module"]).ToArgv();
        var result = await Cli.Wrap(argv[0]).WithArguments(argv[1..]).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();

        var kernel = NodeKernel.Parse(result.StandardOutput);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result.ExitCode, Is.Zero, result.StandardError);
            Assert.That(kernel.Mtus.Keys, Does.Contain("lo"));
            Assert.That(kernel.ReversePathFilters.Keys, Does.Contain("all"));
            Assert.That(kernel.Modules["no_such_module"], Is.AnyOf(ModuleState.Missing, ModuleState.Unknown));
        }
    }

    /// <summary>Some distributions have the plugins elsewhere and a link where everybody looks for them.</summary>
    [Test]
    [Platform("Linux")]
    [UnsupportedOSPlatform("windows")]
    public async Task Inspection_OfContainerd_TellsItsCniFilesAndNothingElseOfItsConfiguration()
    {
        var folder = Directory.CreateTempSubdirectory("containerd-");
        try
        {
            Directory.CreateSymbolicLink(Path.Combine(folder.FullName, "plugins"), "/opt/cni/bin");
            var containerd = Path.Combine(folder.FullName, "containerd");
            await File.WriteAllTextAsync(containerd, $"""
                #!/bin/sh
                echo '[plugins."io.containerd.grpc.v1.cri".cni]'
                echo '      bin_dirs = ["/usr/libexec/cni", "{folder.FullName}/plugins"]'
                echo "      conf_dir = '/etc/cni/net.d'"
                echo '      max_conf_num = 2'
                echo '        cni_max_conf_num = 7'
                echo '      password = "max_conf_num = 3"'
                """);
            File.SetUnixFileMode(containerd, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            var argv = NodeCommands.InspectNode([]).ToArgv();
            var result = await Cli.Wrap(argv[0]).WithArguments(argv[1..])
                .WithEnvironmentVariables(e => e.Set("PATH", $"{folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}")).ExecuteBufferedAsync();

            var told = NodeKernel.Parse(result.StandardOutput).Containerd;
            using (Assert.EnterMultipleScope())
            {
                Assert.That(told["bin_dirs"], Is.EqualTo($"/usr/libexec/cni {folder.FullName}/plugins /opt/cni/bin"));
                Assert.That(told["conf_dir"], Is.EqualTo("/etc/cni/net.d /etc/cni/net.d"));
                Assert.That(told["max_conf_num"], Is.EqualTo("2"));
                Assert.That(result.StandardOutput, Does.Not.Contain("password"));
            }
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    [Platform("Linux")]
    public async Task Inspection_SeesAPortThatIsTaken()
    {
        using var listener = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var argv = NodeCommands.InspectNode([]).ToArgv();
        var result = await Cli.Wrap(argv[0]).WithArguments(argv[1..]).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();

        Assert.That(NodeKernel.Parse(result.StandardOutput).Listening, Does.Contain(("tcp", ((IPEndPoint)listener.LocalEndpoint).Port)));
    }

    private static IEnumerable<Finding> Check(AntreaAgentSettings settings, string kernel) => KernelRules.Check([Node("a", "172.18.0.2", kernel)], settings);

    private static (NodeInfo Node, NodeKernel Kernel) Node(string name, string address, string kernel) =>
        (new NodeInfo { Name = name, ContainerRuntime = "containerd://1.7.27", InternalIPs = [IPAddress.Parse(address)] }, NodeKernel.Parse(kernel));
}
