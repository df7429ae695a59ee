using System.Collections.Immutable;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Bridge;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Puts a CNI file of ours, the first on its Node, into the state that a step asks for.</summary>
internal abstract class WriteCniConfigAction(string fileName) : StepAction
{
    public override async Task<string?> AlreadyDoneAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var configs = await context.ReadCniConfigsAsync(step.Node!, cancellationToken).ConfigureAwait(false);
        return configs[fileName] == Render(context, step.Node!, configs) ? "the file already says so" : null;
    }

    /// <summary>What the file is made from is read once more: a pause may lie behind the first look.</summary>
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var node = step.Node!;
        var wanted = Render(context, node, await context.ReadCniConfigsAsync(node, cancellationToken).ConfigureAwait(false));
        var seen = CniConfigs.Parse(await context.RunAsync(node, NodeCommands.WriteCniConfig(fileName, wanted), cancellationToken).ConfigureAwait(false));
        if (seen.First() is var first && first != fileName)
        {
            throw new StepFailedException(
                $"Node {node}: the runtime loads {first}, which sorts before {fileName}.",
                $"Move {first} out of {NodeCommands.CniConfigDirectory}, then run the command again.");
        }

        return seen[fileName] == wanted
            ? Describe(wanted)
            : throw new StepFailedException(
                $"Node {node}: {NodeCommands.CniConfigDirectory}/{fileName} does not hold what was written a moment ago.",
                "Something else writes that file (a Multus with its generator on?); stop it, then run the command again.");
    }

    protected virtual string Describe(string text) => $"{fileName} delegates to {string.Join(" and ", MultusConfig.DelegatesOf(text))}";

    protected abstract string Render(MigrationContext context, string node, CniConfigs configs);

    protected static string Require(CniConfigs configs, string node, string name) => configs[name]
        ?? throw new StepFailedException(
            $"Node {node} has no {NodeCommands.CniConfigDirectory}/{name}.",
            "Check that its CNI's DaemonSet Pod on the Node is ready, then run the command again.");
}

internal sealed class DelegateToCalicoAction() : WriteCniConfigAction(MultusConfig.FileName)
{
    protected override string Render(MigrationContext context, string node, CniConfigs configs) =>
        MultusConfig.DelegateToCalico(Require(configs, node, "10-calico.conflist"), node);
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

    protected override string Render(MigrationContext context, string node, CniConfigs configs)
    {
        ImmutableArray<Cidr> peers = [.. context.Plan.PodCidrs.Where(n => n.Key != node).SelectMany(n => n.Value)];
        return MultusConfig.DelegateToBoth(
            Require(configs, node, "10-calico.conflist"),
            Require(configs, node, "10-antrea.conflist"),
            node,
            peers,
            context.Plan.ServiceCidrs);
    }
}

internal sealed class DelegateToAntreaAction() : WriteCniConfigAction(MultusConfig.FileName)
{
    protected override string Render(MigrationContext context, string node, CniConfigs configs) =>
        MultusConfig.DelegateToAntrea(Require(configs, node, "10-antrea.conflist"));
}

/// <summary>A copy of Calico's own file, for a bridge without Multus.</summary>
internal sealed class HoldCalicoAction() : WriteCniConfigAction(HeldConfig.FileName)
{
    protected override string Describe(string text) => $"{HeldConfig.FileName} is Calico's";

    protected override string Render(MigrationContext context, string node, CniConfigs configs) =>
        HeldConfig.HoldCalico(Require(configs, node, "10-calico.conflist"), node);
}

/// <summary>Takes our file away: Antrea's own is the first then, or Calico's in a rollback.</summary>
internal abstract class RemoveCniConfigAction(string fileName) : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var node = step.Node!;
        var next = (await context.ReadCniConfigsAsync(node, cancellationToken).ConfigureAwait(false)).First(except: fileName);
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
