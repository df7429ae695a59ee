using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;
using Antrea.Migration.Lab.Fabric.Kernel;

namespace Antrea.Migration.Lab.Nodes;

/// <summary><c>pods/exec</c> in the lab: only the migration's Node commands, only in its node agent, a Pod's routes, and the migration's probes, where an image has a shell.
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

        var result = argv is ["sh", "-c", _, NodeCommand.NamePrefix + PodRoutes.Verb]
            ? await ReadRoutesAsync(pod, argv, cancellationToken).ConfigureAwait(false)
            : carrier is KernelFabric kernel && KernelNodeShell.Knows(argv) && NodeOf(pod, image) is { } node
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

    /// <summary>Whatever the image: each of the lab's has <c>ip</c>.</summary>
    private async Task<NodeCommandResult> ReadRoutesAsync(JsonObject pod, IReadOnlyList<string> argv, CancellationToken cancellationToken)
    {
        if (pod.Text("spec", "nodeName") is not { } name || find(name)?.Pods.GetValueOrDefault(pod.UidOf())?.Netns is not { } netns)
        {
            return new NodeCommandResult(1, "", $"Pod {pod.NamespaceOf()}/{pod.NameOf()} has no sandbox\n");
        }

        if (carrier is KernelFabric kernel)
        {
            await carrier.CaughtUpAsync(cancellationToken).ConfigureAwait(false);
            var (code, output, error) = await kernel.RunInsideAsync(netns, argv, cancellationToken).ConfigureAwait(false);
            return new NodeCommandResult(code, output, error);
        }

        var text = new StringBuilder();
        foreach (var isIPv6 in new[] { false, true })
        {
            text.Append(CultureInfo.InvariantCulture, $"$ ip -{(isIPv6 ? 6 : 4)} route show table main\n");
            foreach (var route in netns.State.Routing.Routes.Where(r => r.Destination.IsIPv6 == isIPv6 && r.Table == RoutingState.MainTable))
            {
                text.Append(CultureInfo.InvariantCulture, $"{route}\n");
            }
        }

        return new NodeCommandResult(0, text.ToString(), "");
    }

    private LabNode? NodeOf(JsonObject pod, string image) =>
        NodePrograms.IsNodeAgent(image) && pod.Text("spec", "nodeName") is { } name ? find(name) : null;
}
