using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Bridge;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Puts one Node's <c>00-multus.conf</c> into the state that a step asks for.</summary>
internal abstract class WriteMultusConfigAction : StepAction
{
    private const string ConfigPath = $"{NodeCommands.CniConfigDirectory}/{MultusConfig.FileName}";

    public override async Task<string?> AlreadyDoneAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var wanted = await RenderAsync(context, step.Node!, cancellationToken).ConfigureAwait(false);
        return await context.ReadFileAsync(step.Node!, ConfigPath, cancellationToken).ConfigureAwait(false) == wanted
            ? "the file already says so"
            : null;
    }

    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var node = step.Node!;
        var wanted = await RenderAsync(context, node, cancellationToken).ConfigureAwait(false);
        await context.RunAsync(node, NodeCommands.WriteFile(ConfigPath, wanted), cancellationToken).ConfigureAwait(false);
        var seen = await context.ReadFileAsync(node, ConfigPath, cancellationToken).ConfigureAwait(false);
        var first = await FirstConfigAsync(context, node, except: null, cancellationToken).ConfigureAwait(false);
        if (first != MultusConfig.FileName)
        {
            throw new StepFailedException(
                $"Node {node}: the runtime loads {first}, which sorts before {MultusConfig.FileName}.",
                $"Move {first} out of {NodeCommands.CniConfigDirectory}, then run the command again.");
        }

        return seen == wanted
            ? $"{MultusConfig.FileName} delegates to {string.Join(" and ", MultusConfig.DelegatesOf(wanted))}"
            : throw new StepFailedException(
                $"Node {node}: {ConfigPath} does not hold what was written a moment ago.",
                "Something else writes that file (a Multus with its generator on?); stop it, then run the command again.");
    }

    /// <summary>The file the container runtime would load: the first by name.</summary>
    public static async Task<string?> FirstConfigAsync(
        MigrationContext context, string node, string? except, CancellationToken cancellationToken) =>
        (await context.RunAsync(node, NodeCommands.ListDirectory(NodeCommands.CniConfigDirectory), cancellationToken).ConfigureAwait(false))
        .Split('\n').Where(f => f != except && IsCniConfig(f)).Order(StringComparer.Ordinal).FirstOrDefault();

    protected abstract Task<string> RenderAsync(MigrationContext context, string node, CancellationToken cancellationToken);

    private static bool IsCniConfig(string name) =>
        name.EndsWith(".conf", StringComparison.Ordinal)
        || name.EndsWith(".conflist", StringComparison.Ordinal)
        || name.EndsWith(".json", StringComparison.Ordinal);

    protected static async Task<string> RequireFileAsync(
        MigrationContext context, string node, string name, CancellationToken cancellationToken) =>
        await context.ReadFileAsync(node, $"{NodeCommands.CniConfigDirectory}/{name}", cancellationToken).ConfigureAwait(false)
        ?? throw new StepFailedException(
            $"Node {node} has no {NodeCommands.CniConfigDirectory}/{name}.",
            "Check that its CNI's DaemonSet Pod on the Node is ready, then run the command again.");
}

internal sealed class DelegateToCalicoAction : WriteMultusConfigAction
{
    protected override async Task<string> RenderAsync(MigrationContext context, string node, CancellationToken cancellationToken) =>
        MultusConfig.DelegateToCalico(
            await RequireFileAsync(context, node, "10-calico.conflist", cancellationToken).ConfigureAwait(false), node);
}

internal sealed class DelegateToBothAction : WriteMultusConfigAction
{
    protected override async Task<string> RenderAsync(MigrationContext context, string node, CancellationToken cancellationToken)
    {
        ImmutableArray<Cidr> peers = [.. context.Plan.PodCidrs.Where(n => n.Key != node).SelectMany(n => n.Value)];
        return MultusConfig.DelegateToBoth(
            await RequireFileAsync(context, node, "10-calico.conflist", cancellationToken).ConfigureAwait(false),
            await RequireFileAsync(context, node, "10-antrea.conflist", cancellationToken).ConfigureAwait(false),
            node,
            peers,
            context.Plan.ServiceCidrs);
    }
}

internal sealed class DelegateToAntreaAction : WriteMultusConfigAction
{
    protected override async Task<string> RenderAsync(MigrationContext context, string node, CancellationToken cancellationToken) =>
        MultusConfig.DelegateToAntrea(
            await RequireFileAsync(context, node, "10-antrea.conflist", cancellationToken).ConfigureAwait(false));
}

/// <summary>Takes our file away: Antrea's own is the first then.</summary>
internal sealed class RemoveMultusConfigAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var node = step.Node!;
        var next = await WriteMultusConfigAction.FirstConfigAsync(context, node, MultusConfig.FileName, cancellationToken).ConfigureAwait(false);
        if (next != "10-antrea.conflist")
        {
            throw new StepFailedException(
                $"Node {node}: without {MultusConfig.FileName} the runtime would load {next ?? "nothing"}, not 10-antrea.conflist.",
                "Move that file out of the directory or restore Antrea's, then run the command again.");
        }

        await context.RunAsync(
            node, NodeCommands.RemoveFile($"{NodeCommands.CniConfigDirectory}/{MultusConfig.FileName}"), cancellationToken)
            .ConfigureAwait(false);
        return "10-antrea.conflist is the first file";
    }
}
