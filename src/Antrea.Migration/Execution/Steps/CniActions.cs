using System.Collections.Immutable;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Bridge;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Puts a CNI file of ours, the first on its Node, into the state that a step asks for.</summary>
internal abstract class WriteCniConfigAction(string fileName) : StepAction
{
    private string ConfigPath => $"{NodeCommands.CniConfigDirectory}/{fileName}";

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
        if (first != fileName)
        {
            throw new StepFailedException(
                $"Node {node}: the runtime loads {first}, which sorts before {fileName}.",
                $"Move {first} out of {NodeCommands.CniConfigDirectory}, then run the command again.");
        }

        return seen == wanted
            ? Describe(wanted)
            : throw new StepFailedException(
                $"Node {node}: {ConfigPath} does not hold what was written a moment ago.",
                "Something else writes that file (a Multus with its generator on?); stop it, then run the command again.");
    }

    /// <summary>The file the container runtime would load: the first by name.</summary>
    public static async Task<string?> FirstConfigAsync(
        MigrationContext context, string node, string? except, CancellationToken cancellationToken) =>
        (await context.RunAsync(node, NodeCommands.ListDirectory(NodeCommands.CniConfigDirectory), cancellationToken).ConfigureAwait(false))
        .Split('\n').Where(f => f != except && IsCniConfig(f)).Order(StringComparer.Ordinal).FirstOrDefault();

    protected virtual string Describe(string text) => $"{fileName} delegates to {string.Join(" and ", MultusConfig.DelegatesOf(text))}";

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

internal sealed class DelegateToCalicoAction() : WriteCniConfigAction(MultusConfig.FileName)
{
    protected override async Task<string> RenderAsync(MigrationContext context, string node, CancellationToken cancellationToken) =>
        MultusConfig.DelegateToCalico(
            await RequireFileAsync(context, node, "10-calico.conflist", cancellationToken).ConfigureAwait(false), node);
}

/// <summary>Replies of Multus Pods stay symmetric by the routes in the file and, in IPv6, by address labels on the Node, which come first.</summary>
internal sealed class DelegateToBothAction() : WriteCniConfigAction(MultusConfig.FileName)
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var node = step.Node!;
        if (BridgesIPv6(context, node))
        {
            var addresses = (await context.ReadNodeAsync(node, cancellationToken).ConfigureAwait(false))?.InternalIPs ?? [];
            if (addresses.Any(a => a.AddressFamily == AddressFamily.InterNetworkV6))
            {
                await context.RunAsync(
                    node, NodeCommands.LabelAddresses(addresses, context.Plan.PodCidrs[node], context.Plan.OutermostCalicoCidrs()), cancellationToken)
                    .ConfigureAwait(false);
            }
        }

        return await base.RunAsync(context, step, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whether Multus Pods of the Node have IPv6 addresses of both networks.</summary>
    public static bool BridgesIPv6(MigrationContext context, string node) =>
        context.Plan.PodCidrs.GetValueOrDefault(node, []).Any(c => c.IsIPv6) && context.Plan.CalicoCidrs.Any(c => c.IsIPv6);

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

internal sealed class DelegateToAntreaAction() : WriteCniConfigAction(MultusConfig.FileName)
{
    protected override async Task<string> RenderAsync(MigrationContext context, string node, CancellationToken cancellationToken) =>
        MultusConfig.DelegateToAntrea(
            await RequireFileAsync(context, node, "10-antrea.conflist", cancellationToken).ConfigureAwait(false));
}

/// <summary>A copy of Calico's own file, for a bridge without Multus.</summary>
internal sealed class HoldCalicoAction() : WriteCniConfigAction(HeldConfig.FileName)
{
    protected override string Describe(string text) => $"{HeldConfig.FileName} is Calico's";

    protected override async Task<string> RenderAsync(MigrationContext context, string node, CancellationToken cancellationToken) =>
        HeldConfig.HoldCalico(await RequireFileAsync(context, node, "10-calico.conflist", cancellationToken).ConfigureAwait(false), node);
}

/// <summary>Takes our file away: Antrea's own is the first then, or Calico's in a rollback.</summary>
internal abstract class RemoveCniConfigAction(string fileName) : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var node = step.Node!;
        var next = await WriteCniConfigAction.FirstConfigAsync(context, node, fileName, cancellationToken).ConfigureAwait(false);
        var wanted = context.Plan.Undoes is null ? "10-antrea.conflist" : "10-calico.conflist";
        if (next != wanted)
        {
            throw new StepFailedException(
                $"Node {node}: without {fileName} the runtime would load {next ?? "nothing"}, not {wanted}.",
                $"Move that file out of the directory or restore {wanted}, then run the command again.");
        }

        await context.RunAsync(
            node, NodeCommands.RemoveFile($"{NodeCommands.CniConfigDirectory}/{fileName}"), cancellationToken)
            .ConfigureAwait(false);
        return $"{wanted} is the first file";
    }
}

/// <summary>No Multus Pod is left, so what was done for their replies goes too.</summary>
internal sealed class RemoveMultusConfigAction() : RemoveCniConfigAction(MultusConfig.FileName)
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        if (DelegateToBothAction.BridgesIPv6(context, step.Node!))
        {
            await context.RunAsync(step.Node!, NodeCommands.RemoveAddressLabels(), cancellationToken).ConfigureAwait(false);
        }

        return await base.RunAsync(context, step, cancellationToken).ConfigureAwait(false);
    }
}

internal sealed class ReleaseHoldAction() : RemoveCniConfigAction(HeldConfig.FileName);
