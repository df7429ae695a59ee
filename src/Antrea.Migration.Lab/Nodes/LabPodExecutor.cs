using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;

namespace Antrea.Migration.Lab.Nodes;

/// <summary><c>pods/exec</c> in the lab: only the migration's Node commands, only in its node agent, and its probes, where an image has a shell.
/// Everything else is 127. On the kernel's own network the commands about it run for real.</summary>
/// <param name="find">The Node of a name, or null.</param>
/// <param name="probes">Runs the probes.</param>
/// <param name="carrier">What a Node command changes counts when the command ends.</param>
internal sealed class LabPodExecutor(Func<string, LabNode?> find, PodProbes probes, IConnectionCarrier carrier) : IPodExecutor
{
    public string? ObstacleTo(JsonObject pod) =>
        pod.Text("spec", "nodeName") is { } name && find(name) is { IsLost: true } node ? $"dial tcp {new IPEndPoint(node.Address, 10250)}: connect: no route to host" : null;

    public async Task<int> ExecAsync(
        JsonObject pod,
        string container,
        IReadOnlyList<string> argv,
        Stream? input,
        Stream output,
        Stream error,
        CancellationToken cancellationToken)
    {
        var image = pod.Items("spec", "containers").FirstOrDefault(c => c.Text("name") == container).Text("image") ?? "";
        if (NodePrograms.HasShell(image) && argv is ["sh", "-c", _, var name, ..]
            && name.StartsWith(NodeCommand.NamePrefix, StringComparison.Ordinal)
            && probes.Run($"{pod.NamespaceOf()}/{pod.NameOf()}", name[NodeCommand.NamePrefix.Length..], [.. argv.Skip(4)], output, cancellationToken) is { } probe)
        {
            return await probe.ConfigureAwait(false);
        }

        var result = carrier is KernelFabric kernel && KernelNodeShell.Knows(argv) && NodeOf(pod, image) is { } node
            ? await new KernelNodeShell(kernel).RunAsync(node, argv, cancellationToken).ConfigureAwait(false)
            : await RunAsync(pod, image, argv, cancellationToken).ConfigureAwait(false);
        await carrier.CaughtUpAsync(cancellationToken).ConfigureAwait(false);
        await output.WriteAsync(Encoding.UTF8.GetBytes(result.Output), cancellationToken).ConfigureAwait(false);
        await error.WriteAsync(Encoding.UTF8.GetBytes(result.Error), cancellationToken).ConfigureAwait(false);
        return result.ExitCode;
    }

    private async Task<NodeCommandResult> RunAsync(JsonObject pod, string image, IReadOnlyList<string> argv, CancellationToken cancellationToken) =>
        !NodePrograms.IsNodeAgent(image)
            ? new NodeCommandResult(127, "", $"the lab runs no programs in containers of image '{image}'\n")
            : NodeOf(pod, image) is { } node
                ? await NodeVerbs.RunAsync(node, argv, cancellationToken).ConfigureAwait(false)
                : new NodeCommandResult(127, "", $"Pod {pod.NamespaceOf()}/{pod.NameOf()} is on no Node of the lab\n");

    private LabNode? NodeOf(JsonObject pod, string image) =>
        NodePrograms.IsNodeAgent(image) && pod.Text("spec", "nodeName") is { } name ? find(name) : null;
}
