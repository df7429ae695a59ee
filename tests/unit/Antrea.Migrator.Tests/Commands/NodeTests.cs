using Antrea.Migration.Execution;
using Antrea.Migrator.Commands.Nodes;

namespace Antrea.Migrator.Tests.Commands;

/// <summary>The verbs of the node agent's image. What they do in it is tried in containers, by the integration tests.</summary>
[Platform(Exclude = "Win", Reason = "A Node has a POSIX shell.")]
public class NodeTests
{
    private static readonly string[] Changes =
    [
        "cni write 00-multus.conf --from /dev/null", "cni remove 00-multus.conf", "calico clean 10.10.0.0/16", "calico lead --from 10.10.0.0/16", "calico stop-leading", "calico label --address fd00:172:18::2 --from fd00:10:20::/64", "calico unlabel",
        "multus remove", "antrea detach", "antrea clean", "host-ports release --keep 10.10.0.7", "sandbox restart uid-1 10.10.3.7",
    ];

    [TestCaseSource(nameof(Changes))]
    public async Task What_changes_a_Node_only_shows_its_shell_text_unless_told_otherwise(string verb)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("x.conf", """{"cniVersion": "0.3.1"}""");

        var run = await MigratorRun.OfAsync(["node", .. verb.Replace("/dev/null", file, StringComparison.Ordinal).Split(' ')]);

        using (Assert.EnterMultipleScope())
        {
            Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")));
            Assert.That(run.Output, Does.EndWith("Dry run: nothing was changed. Add --execute to run this on the Node.\n"));
        }
    }

    [Test]
    public async Task The_shell_text_shown_is_the_one_that_the_migration_runs()
    {
        var command = NodeCommands.CleanCalico([]);
        var run = await MigratorRun.OfAsync("node", "calico", "clean", "10.10.0.0/16", "10.20.0.0/24");
        Assert.That(run.Output, Does.StartWith($"{command.Script}\n  $1: network=k8s-pod-network\n  $2: 10.10.0.0/16\n  $3: 10.20.0.0/24\n"));
    }

    [TestCase("cni read ../passwd", "'../passwd' is not the name of a file in /etc/cni/net.d.")]
    [TestCase("cni remove .. --execute", "'..' is not the name of a file")]
    [TestCase("cni write x", "'--from'")]
    [TestCase("cni write x --from /no/such/file", "/no/such/file")]
    [TestCase("cni write x --from /dev/null", "/dev/null is not JSON, which every CNI configuration is")]
    [TestCase("calico clean 10.10.0.1/16 --execute", "'10.10.0.1/16' is not a range such as 10.10.0.0/16.")]
    [TestCase("calico clean --network ../x --execute", "'../x' is not the name of a CNI network.")]
    [TestCase("host-ports release --keep ten", "'ten' is not an address")]
    [TestCase("calico lead --own ten", "'ten' is not a range")]
    [TestCase("sandbox restart uid-1 ten --execute", "'ten' is not an address")]
    [TestCase("routes --host /no/such/root", "There is no folder /no/such/root with a Node's files.")]
    public async Task What_cannot_be_meant_is_refused_in_words(string arguments, string words) =>
        (await MigratorRun.OfAsync(["node", .. arguments.Split(' ')])).VerifyRefused(words);

    [Test]
    public async Task A_command_runs_here_as_exec_would_run_it_there()
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "a.conf");
        var host = new NodeHost("/");

        var written = await host.RunAsync(NodeCommands.WriteFile(path, "{\"ü\": 1}\n"), CancellationToken.None);
        var read = await host.RunAsync(NodeCommands.ReadFile(path), CancellationToken.None);
        var missing = await host.RunAsync(NodeCommands.ReadFile(path + ".x"), CancellationToken.None);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(written, Is.EqualTo(new NodeCommandResult(0, "", "")));
            Assert.That(read, Is.EqualTo(new NodeCommandResult(0, "{\"ü\": 1}\n", "")));
            Assert.That((missing.ExitCode, missing.Output), Is.EqualTo((1, "")));
            Assert.That(missing.Error, Does.Contain("No such file"));
        }
    }

    [Test]
    public async Task A_command_that_prints_without_end_is_no_answer_and_fills_no_memory()
    {
        var endless = new NodeCommand("endless", $"head -c {NodeOutput.MostCharacters + 1} /dev/zero", []);
        await Assert.ThatAsync(
            () => new NodeHost("/").RunAsync(endless, CancellationToken.None),
            Throws.InstanceOf<Antrea.Migration.MigrationException>().With.Message.Contains("are kept"));
    }
}
