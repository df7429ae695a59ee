using System.Net;
using Antrea.Migration.Execution;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.Tests.Execution;

/// <summary>The shell texts run under the machine's own /bin/sh, on a folder of the test's.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[Platform("Linux")]
public sealed class NodeCommandsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("node-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Test]
    public async Task WriteFile_ThenReadFile_GivesTheSameText()
    {
        var path = At("00-multus.conf");
        const string content = "{\"a\": \"$(touch pwned) `id` 'quotes' \\\\ ü\"}\n";

        await RunAsync(NodeCommands.WriteFile(path, content));

        using (Assert.EnterMultipleScope())
        {
            Assert.That((await RunAsync(NodeCommands.ReadFile(path))).StandardOutput, Is.EqualTo(content));
            Assert.That(Directory.GetFiles(_folder.FullName), Is.EqualTo((string[])[path]), "no temporary file is left");
        }
    }

    [Test]
    public async Task WriteFile_OverAnExistingFile_ReplacesIt()
    {
        await RunAsync(NodeCommands.WriteFile(At("f"), new string('x', 100_000)));
        await RunAsync(NodeCommands.WriteFile(At("f"), "short"));

        Assert.That(await File.ReadAllTextAsync(At("f")), Is.EqualTo("short"));
    }

    [Test]
    public async Task WriteFile_WhereTheFolderIsMissing_FailsAndSaysSo()
    {
        var result = await RunAsync(NodeCommands.WriteFile(At("missing/f"), "x"));

        Assert.That(result.ExitCode, Is.Not.Zero);
        Assert.That(result.StandardError, Does.Contain("missing/f"));
    }

    [Test]
    public async Task ReadFile_Missing_HasExitCodeOne() =>
        Assert.That((await RunAsync(NodeCommands.ReadFile(At("missing")))).ExitCode, Is.EqualTo(1));

    [Test]
    public async Task ListDirectory_IsSortedByBytes_AndEmptyWhenMissing()
    {
        foreach (var name in (string[])["10-calico.conflist", "00-multus.conf", "B", "a"])
        {
            await File.WriteAllTextAsync(At(name), "");
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                (await RunAsync(NodeCommands.ListDirectory(_folder.FullName))).StandardOutput,
                Is.EqualTo("00-multus.conf\n10-calico.conflist\nB\na\n"));
            var missing = await RunAsync(NodeCommands.ListDirectory(At("missing")));
            Assert.That((missing.ExitCode, missing.StandardOutput), Is.EqualTo((0, "")));
        }
    }

    [Test]
    public async Task WriteCniConfig_PrintsWhatARuntimeWouldLookAt_TheNewFileAmongIt()
    {
        const string content = "{\"a\": \"$(touch pwned) 'quotes' ü\"}\n";
        await File.WriteAllTextAsync(At("10-calico.conflist"), new string('x', 5000));
        await File.WriteAllTextAsync(At(".hidden.json"), "");
        await File.WriteAllTextAsync(At("calico-kubeconfig"), "a token");
        Directory.CreateDirectory(At("multus.d.conf"));
        File.CreateSymbolicLink(At("99-link.conf"), At("10-calico.conflist"));
        var command = NodeCommands.WriteCniConfig("00 multus.conf", content);

        var result = await RunAsync(command with { Arguments = command.Arguments.SetItem(0, _folder.FullName) });
        var read = await RunAsync(NodeCommands.ReadCniConfigs() with { Arguments = [_folder.FullName] });

        var configs = CniConfigs.Parse(result.StandardOutput);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(configs.Texts.Keys, Is.EqualTo(new[] { ".hidden.json", "00 multus.conf", "10-calico.conflist", "99-link.conf" }));
            Assert.That((configs["00 multus.conf"], configs["10-calico.conflist"]?.Length, configs[".hidden.json"], configs["calico-kubeconfig"]), Is.EqualTo((content, 5000, "", (string?)null)));
            Assert.That((configs.First(), configs.First(except: ".hidden.json")), Is.EqualTo((".hidden.json", "00 multus.conf")));
            Assert.That((result.ExitCode, read.ExitCode, read.StandardOutput), Is.EqualTo((0, 0, result.StandardOutput)));
        }
    }

    [Test]
    public async Task WriteCniConfig_WhereTheFolderIsMissing_FailsAndPrintsNothing()
    {
        var command = NodeCommands.WriteCniConfig("00-multus.conf", "x");

        var result = await RunAsync(command with { Arguments = command.Arguments.SetItem(0, At("missing")) });

        Assert.That((result.ExitCode, result.StandardOutput), Is.EqualTo((1, "")));
        Assert.That(result.StandardError, Does.Contain("missing/00-multus.conf"));
    }

    [TestCase("nowhere", TestName = "ReadCniConfigs_ALinkToNothing_FailsWithItsName")]
    [TestCase("99-broken.conf", TestName = "ReadCniConfigs_ALinkToItself_FailsWithItsName")]
    public async Task ReadCniConfigs_Unreadable(string target)
    {
        await File.WriteAllTextAsync(At("10-calico.conflist"), "{}");
        File.CreateSymbolicLink(At("99-broken.conf"), target);

        var result = await RunAsync(NodeCommands.ReadCniConfigs() with { Arguments = [_folder.FullName] });

        Assert.That(result.ExitCode, Is.EqualTo(4));
        Assert.That(result.StandardError, Does.Contain("/99-broken.conf cannot be read"));
    }

    [TestCase("e30=")]
    [TestCase("10-calico.conflist")]
    [TestCase("no-base64! 10-calico.conflist")]
    public void CniConfigs_ALineThatIsNone_IsRefused(string line) => Assert.That(() => CniConfigs.Parse($"e30= 00-multus.conf\n{line}\n"), Throws.TypeOf<FormatException>());

    [TestCase("""{"name": "pods", "plugins": []}""", null, "pods")]
    [TestCase(null, """{"name": "pods"}""", "pods", TestName = "CalicoNetwork_OurCopyAlone")]
    [TestCase("""{"name": "a/../b"}""", null, "k8s-pod-network", TestName = "CalicoNetwork_NoName")]
    [TestCase("""{"name": 7}""", null, "k8s-pod-network", TestName = "CalicoNetwork_NoText")]
    [TestCase("[]", null, "k8s-pod-network", TestName = "CalicoNetwork_NoObject")]
    [TestCase("{", null, "k8s-pod-network", TestName = "CalicoNetwork_NoJson")]
    [TestCase(null, null, "k8s-pod-network", TestName = "CalicoNetwork_NoFile")]
    public void CalicoNetwork_IsWhatItsFileSays(string? own, string? copy, string expected)
    {
        var texts = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["10-antrea.conflist"] = """{"name": "antrea"}""" };
        foreach (var (name, text) in new[] { ("10-calico.conflist", own), ("00-antrea-migration.conflist", copy) })
        {
            if (text is not null)
            {
                texts[name] = text;
            }
        }

        Assert.That(new CniConfigs(texts).CalicoNetwork, Is.EqualTo(expected));
    }

    [Test]
    public void ReleaseHostPorts_NamesNetworksAndAddresses()
    {
        var command = NodeCommands.ReleaseHostPorts(["k8s-pod-network", "antrea"], [IPAddress.Parse("10.10.0.7"), IPAddress.Parse("FD00::7"), IPAddress.Parse("10.10.0.7")]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(command.Arguments, Is.EqualTo(["network=k8s-pod-network", "network=antrea", "keep=10.10.0.7", "keep=fd00::7"]));
            Assert.That(() => NodeCommands.ReleaseHostPorts(["a b"], []), Throws.ArgumentException);
            Assert.That(() => NodeCommands.CleanCalico([], ".."), Throws.ArgumentException);
        }
    }

    [Test]
    public async Task ReleaseHostPorts_WithoutIptables_HasNothingToDo()
    {
        var result = await RunAsync(NodeCommands.ReleaseHostPorts(["k8s-pod-network"], []), _folder.FullName);

        Assert.That((result.ExitCode, result.StandardOutput, result.StandardError), Is.EqualTo((0, "", "")));
    }

    [Test]
    public async Task ReadCniConfigs_WithoutTheTool_IsNotAnEmptyFolder()
    {
        await File.WriteAllTextAsync(At("10-calico.conflist"), "{}");

        var result = await RunAsync(NodeCommands.ReadCniConfigs() with { Arguments = [_folder.FullName] }, _folder.FullName);

        Assert.That((result.ExitCode, result.StandardOutput), Is.EqualTo((3, "")));
        Assert.That(result.StandardError, Does.Contain("base64 is not on this Node"));
    }

    [Test]
    public async Task RemoveFile_MayBeRepeated()
    {
        await File.WriteAllTextAsync(At("f"), "");

        Assert.That((await RunAsync(NodeCommands.RemoveFile(At("f")))).ExitCode, Is.Zero);
        Assert.That((await RunAsync(NodeCommands.RemoveFile(At("f")))).ExitCode, Is.Zero);
        Assert.That(File.Exists(At("f")), Is.False);
    }

    [Test]
    public async Task ListMultusAttachments_NamesContainersWiredToAntrea()
    {
        await File.WriteAllTextAsync(At("aaa"), """[{"Conf":{"type":"calico"}},{"ConfList":{"name":"antrea","plugins":[{"type":"antrea"}]}}]""");
        await File.WriteAllTextAsync(At("bbb"), """[{"Conf":{"type":"calico"}}]""");
        var command = NodeCommands.ListMultusAttachments() with { Arguments = [_folder.FullName] };

        Assert.That((await RunAsync(command)).StandardOutput, Is.EqualTo("aaa\n"));
        Assert.That((await RunAsync(command with { Arguments = [At("missing")] })).ExitCode, Is.Zero);
    }

    /// <summary>A crictl that knows two sandboxes of the Pod and writes down what it is told.</summary>
    [TestCase("10.10.3.7", "stop --timeout 5 c1;stop --timeout 5 c2;stopp s1;rmp s1", "s1\n")]
    [TestCase("fd00::7", "stop --timeout 5 c1;stop --timeout 5 c2;stopp s1;rmp s1", "s1\n")]
    [TestCase("10.10.3.8", "", "")]
    [TestCase("10.10.3", "", "")]
    public async Task RestartSandbox_EndsTheOneWithTheAddress_ContainersFirst(string address, string told, string printed)
    {
        await WriteCrictlAsync(
            """
            case "$*" in
              'pods --quiet --state ready --label io.kubernetes.pod.uid=uid-1') echo s0; echo s1 ;;
              inspectp*' s0') echo 10.10.9.9 ;;
              inspectp*' s1') echo '10.10.3.7 fd00::7 ' ;;
              'ps --quiet --pod s1') [ -e "$log" ] || { echo c1; echo c2; } ;;
              stop*|rmp*) echo "$*" >>"$log" ;;
              *) echo "unknown: $*" >&2; exit 9 ;;
            esac
            """);

        var result = await RunAsync(NodeCommands.RestartSandbox("uid-1", IPAddress.Parse(address), TimeSpan.FromSeconds(4.2)), PathWithCrictl);

        var log = File.Exists(At("log")) ? await File.ReadAllLinesAsync(At("log")) : [];
        using (Assert.EnterMultipleScope())
        {
            Assert.That((result.ExitCode, result.StandardOutput, result.StandardError), Is.EqualTo((0, printed, "")));
            Assert.That(string.Join(';', log.Take(2).Order().Concat(log.Skip(2))), Is.EqualTo(told), "containers side by side");
        }
    }

    /// <summary>Kubelet starts one container again while the other still ends.</summary>
    [Test]
    public async Task RestartSandbox_WhatKubeletStartsAgain_IsStoppedToo()
    {
        await WriteCrictlAsync(
            """
            case "$*" in
              pods*) echo s1 ;;
              inspectp*) echo 10.10.3.7 ;;
              ps*) if [ ! -e "$log" ]; then echo c1; elif ! grep -q c2 "$log"; then echo c2; fi ;;
              *) echo "$*" >>"$log" ;;
            esac
            """);

        await RunAsync(NodeCommands.RestartSandbox("uid-1", IPAddress.Parse("10.10.3.7"), TimeSpan.Zero), PathWithCrictl);

        Assert.That(await File.ReadAllLinesAsync(At("log")), Is.EqualTo(["stop --timeout 0 c1", "stop --timeout 0 c2", "stopp s1", "rmp s1"]));
    }

    [Test]
    public async Task RestartSandbox_ContainersUnknown_NothingIsEnded()
    {
        await WriteCrictlAsync(
            """
            case "$*" in
              pods*) echo s1 ;;
              inspectp*) echo 10.10.3.7 ;;
              ps*) echo 'timed out' >&2; exit 7 ;;
              *) echo "$*" >>"$log" ;;
            esac
            """);

        var result = await RunAsync(NodeCommands.RestartSandbox("uid-1", IPAddress.Parse("10.10.3.7"), TimeSpan.Zero), PathWithCrictl);

        Assert.That((result.ExitCode, result.StandardError, File.Exists(At("log"))), Is.EqualTo((7, "timed out\n", false)));
    }

    [Test]
    public async Task RestartSandbox_RuntimeThatRefuses_IsTold()
    {
        await WriteCrictlAsync("echo 'no runtime' >&2; exit 7");
        var result = await RunAsync(NodeCommands.RestartSandbox("uid-1", IPAddress.Parse("10.10.3.7"), TimeSpan.Zero), PathWithCrictl);
        Assert.That((result.ExitCode, result.StandardError), Is.EqualTo((7, "no runtime\n")));
        Assert.That((await RunAsync(NodeCommands.CheckSandboxes(), PathWithCrictl)).ExitCode, Is.EqualTo(7));
    }

    [Test]
    public async Task CheckSandboxes_NodeWithoutCrictl_SaysSo()
    {
        var result = await RunAsync(NodeCommands.CheckSandboxes(), _folder.FullName);
        Assert.That((result.ExitCode, result.StandardError), Is.EqualTo((3, "there is no crictl\n")));
    }

    private string PathWithCrictl => $"{_folder.FullName}:{Environment.GetEnvironmentVariable("PATH")}";

    private async Task WriteCrictlAsync(string script)
    {
        await File.WriteAllTextAsync(At("crictl"), $"#!/bin/sh\nlog={At("log")}\n[ \"$1 $2\" = '--timeout 60s' ] || exit 8\nshift 2\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(At("crictl"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private static async Task<BufferedCommandResult> RunAsync(NodeCommand command, string? path = null)
    {
        var argv = command.ToArgv();
        return await Cli.Wrap("/bin/sh").WithEnvironmentVariables(path is null ? new Dictionary<string, string?>() : new() { ["PATH"] = path }).WithArguments(argv[1..]).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
    }
}
