using System.Net.WebSockets;
using System.Text;
using Antrea.Migration.Lab.ControlPlane;
using k8s;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

[Parallelizable(ParallelScope.All)]
[CancelAfter(180_000)]
internal sealed class ExecTests
{
    private static async Task<TestCluster> StartWithPodAsync(CancellationToken token)
    {
        var cluster = await TestCluster.StartAsync(token);
        cluster.Store.Create(ResourceType.Pod, TestCluster.NewPod("one"));
        await cluster.UntilAsync(ResourceType.Pod, "one", p => p.Text("status", "phase") == "Running", token);
        return cluster;
    }

    [Test]
    public async Task Output_errors_and_the_exit_code_come_back(CancellationToken token)
    {
        await using var cluster = await StartWithPodAsync(token);

        async Task<(int Code, string Output, string Error)> RunAsync(params string[] command)
        {
            var (output, error) = ("", "");
            var code = await cluster.Client.NamespacedPodExecAsync(
                "one",
                "default",
                "main",
                command,
                false,
                async (_, stdout, stderr) =>
                {
                    var reading = new StreamReader(stderr).ReadToEndAsync(token);
                    output = await new StreamReader(stdout).ReadToEndAsync(token);
                    error = await reading;
                },
                token);
            return (code, output, error);
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await RunAsync("echo", "a b", "c"), Is.EqualTo((0, "one/main: a b c\n", "")));
            Assert.That(await RunAsync("exit", "42"), Is.EqualTo((42, "", "going\n")));
            Assert.That(await RunAsync("nothing"), Is.EqualTo((127, "", "")));
        }
    }

    [Test]
    public async Task Standard_input_goes_in_and_comes_back_whole(CancellationToken token)
    {
        await using var cluster = await StartWithPodAsync(token);
        var sent = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, 20_000).Select(i => $"line {i}\n")));
        using var socket = await cluster.Client.WebSocketNamespacedPodExecAsync(
            "one", "default", "cat", "main", stderr: false, stdin: true, stdout: true, tty: false, cancellationToken: token);
        using var demuxer = new StreamDemuxer(socket, StreamType.RemoteCommand);
        demuxer.Start();
        var stream = demuxer.GetStream(ChannelIndex.StdOut, ChannelIndex.StdIn);
        var writing = Task.Run(() => stream.Write(sent), token);
        var received = new byte[sent.Length];
        await stream.ReadExactlyAsync(received, token);
        await writing;
        Assert.That(received, Is.EqualTo(sent));
    }

    [Test]
    public async Task A_command_needs_a_container_and_a_bound_Pod(CancellationToken token)
    {
        await using var cluster = await TestCluster.StartAsync(token, nodes: 0);
        cluster.Store.Create(ResourceType.Pod, TestCluster.NewPod("waiting"));
        cluster.Store.Create(ResourceType.Pod, TestCluster.NewPod("one", spec: """{ "nodeName": "worker1" }"""));

        async Task<string> RefusalAsync(string pod, string container)
        {
            var refused = await Assert.ThrowsAsync<WebSocketException>(() => cluster.Client.WebSocketNamespacedPodExecAsync(
                pod, "default", "echo", container, tty: false, cancellationToken: token));
            return refused!.Message;
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(await RefusalAsync("waiting", "main"), Does.Contain("400"));
            Assert.That(await RefusalAsync("one", "other"), Does.Contain("400"));
            Assert.That(await RefusalAsync("none", "main"), Does.Contain("404"));
        }
    }
}
