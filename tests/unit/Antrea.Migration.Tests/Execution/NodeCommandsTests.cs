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

    private string At(string name) => Path.Combine(_folder.FullName, name);

    private static async Task<BufferedCommandResult> RunAsync(NodeCommand command)
    {
        var argv = command.ToArgv();
        return await Cli.Wrap(argv[0]).WithArguments(argv[1..]).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync();
    }
}
