using Antrea.Migration.Execution;
using Antrea.Migration.Kind;

namespace Antrea.Migration.Tests.Kind;

public class KindNodeAccessTests
{
    [Test]
    public async Task RunAsync_ACommand_IsExecutedWithItsArgumentsAsData()
    {
        var runner = new FakeToolRunner().On("docker exec", output: "10-calico.conflist\n");
        var result = await new KindNodeAccess(new KindTool(runner))
            .RunAsync("c2a6-worker2", NodeCommands.ReadFile("/etc/cni/net.d/it's; reboot"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(result, Is.EqualTo(new NodeCommandResult(0, "10-calico.conflist\n", "")));
            Assert.That(runner.Asked.Single().Arguments, Is.EqualTo<string>(
            [
                "exec", "-i", "--privileged", "c2a6-worker2",
                "sh", "-c", "cat \"$1\"", "antrea-migration:read-file", "/etc/cni/net.d/it's; reboot",
            ]));
            Assert.That(runner.Lines.Single(), Is.EqualTo(
                "docker exec -i --privileged c2a6-worker2 "
                + "sh -c 'cat \"$1\"' antrea-migration:read-file '/etc/cni/net.d/it'\\''s; reboot'"));
        }
    }

    [TestCase(1, "cat: /etc/cni/net.d/00-multus.conf: No such file or directory")]
    [TestCase(127, "sh: ip: not found")]
    public async Task RunAsync_ACommandThatFails_IsAResult(int exitCode, string error)
    {
        var runner = new FakeToolRunner().On("docker exec", exitCode, error: error);
        Assert.That(
            await new KindNodeAccess(new KindTool(runner)).RunAsync("c2a6-worker2", NodeCommands.ReadRoutes()),
            Is.EqualTo(new NodeCommandResult(exitCode, "", error)));
    }

    [TestCase(1, "Error: No such container: c2a6-worker2")]
    [TestCase(1, "Error response from daemon: Container 1f is not running")]
    [TestCase(1, "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?")]
    [TestCase(125, "unknown flag: --privileged")]
    public void RunAsync_ANodeThatCannotBeReached_IsAnException(int exitCode, string error)
    {
        var runner = new FakeToolRunner().On("docker exec", exitCode, error: error);
        Assert.That(
            () => new KindNodeAccess(new KindTool(runner)).RunAsync("c2a6-worker2", NodeCommands.ReadRoutes()),
            Throws.InstanceOf<MigrationException>().With.Message.Contains(error)
                .And.Message.Contains($"exit code {exitCode}")
                .And.Property(nameof(MigrationException.Next)).Contains("docker ps --filter name=c2a6-worker2"));
    }

    [TestCase(125, "Error: no container with name or ID \"c2a6-worker2\" found: no such container")]
    [TestCase(255, "Error: can only create exec sessions on running containers: container state improper")]
    public void RunAsync_ANodeThatPodmanCannotReach_IsAnException(int exitCode, string error)
    {
        var runner = new FakeToolRunner().On("podman exec", exitCode, error: error);
        Assert.That(
            () => new KindNodeAccess(new KindTool(runner, KindProvider.Podman)).RunAsync("c2a6-worker2", NodeCommands.ReadRoutes()),
            Throws.InstanceOf<MigrationException>().With.Message.Contains(error)
                .And.Property(nameof(MigrationException.Next)).Contains("podman ps --filter name=c2a6-worker2"));
    }

    [TestCase("--user=root")]
    [TestCase("")]
    [TestCase("a b")]
    public void RunAsync_AnImpossibleName_IsRefusedBeforeAnythingRuns(string node)
    {
        var runner = new FakeToolRunner();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                () => new KindNodeAccess(new KindTool(runner)).RunAsync(node, NodeCommands.ReadRoutes()),
                Throws.ArgumentException.With.Message.Contains("not a name that kind makes"));
            Assert.That(runner.Asked, Is.Empty);
        }
    }
}
