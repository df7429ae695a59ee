using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Asks every Node's kernel for what Antrea needs, before anything is changed: the part of the preflight that the API server cannot answer.</summary>
internal sealed class CheckNodesAction : StepAction
{
    public override async Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var settings = AntreaAgentSettings.Of(context.Options.AntreaManifest);
        var nodes = (await context.ReadPodsAsync(cancellationToken).ConfigureAwait(false)).Nodes;
        string[] names = [.. nodes.Select(n => n.Name)];
        var kernels = await MigrationContext.LookOnNodesAsync(
            names,
            async (node, token) => NodeKernel.Parse(await context.RunAsync(node, NodeCommands.InspectNode(KernelRules.Modules(settings)), token).ConfigureAwait(false)),
            cancellationToken).ConfigureAwait(false);
        List<Finding> found =
        [
            .. KernelRules.Check([.. nodes.Zip(kernels)], settings),
            .. context.Plan.Restart == RestartMode.InPlace ? await SandboxCheck.FindAsync(context, names, cancellationToken).ConfigureAwait(false) : [],
        ];
        var findings = Preflight.Judge(found, [.. context.Options.IgnoredFindings.Where(id => found.Exists(f => f.Id == id))]);
        var blockers = findings.Where(f => f.Severity == Severity.Blocker).ToList();
        if (blockers.Count > 0)
        {
            throw new StepFailedException(
                $"{blockers.Count} Nodes or parts of them are not fit: {string.Join("; ", blockers.Take(5).Select(f => $"{f.Id} {f.Subject}: {f.Evidence}"))}{(blockers.Count > 5 ? "; …" : "")}",
                $"{blockers[0].Remedy} Or ignore what you have judged with --ignore ID. Then run the command again; nothing of the network was changed.");
        }

        foreach (var group in findings.GroupBy(f => f.Id))
        {
            context.Report($"{group.Key}: {group.First().Subject}{(group.Count() > 1 ? $" and {group.Count() - 1} more" : "")}: {group.First().Evidence} {group.First().Remedy}");
        }

        return $"{nodes.Length} Nodes have the modules, ports and MTU that Antrea needs";
    }
}
