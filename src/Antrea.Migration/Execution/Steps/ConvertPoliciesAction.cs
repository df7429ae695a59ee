using Antrea.Migration.Findings;
using Antrea.Migration.Planning;
using Antrea.Migration.Policies.Application;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Converts the policies, compares both engines' verdicts, applies, and waits until every agent has them in force.</summary>
internal sealed class ConvertPoliciesAction : StepAction
{
    public override async Task<string> RunAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken)
    {
        var snapshot = AllowanceObjects.Without(await context.ReadWholeAsync(cancellationToken).ConfigureAwait(false));
        var options = new PolicyConversionOptions { AntreaVersion = context.Plan.AntreaVersion };
        var conversion = PolicyConverter.Convert(snapshot, options);
        if (conversion.Findings.FirstOrDefault(f => f.Severity == Severity.Blocker) is { } refusal)
        {
            throw new StepFailedException(
                $"A policy has no equal in Antrea: {refusal.Subject}: {refusal.Evidence}", $"{refusal.Remedy}, then run the command again.");
        }

        var proof = PolicyVerifier.Verify(snapshot, conversion, options, cancellationToken);
        if (proof.Verdict != ProofVerdict.Equal)
        {
            throw new StepFailedException(
                $"The converted policies are not proven equal: {proof.CounterExample?.ToString() ?? proof.Reason}",
                "See 'antrea-migrator policies convert'; nothing was applied.");
        }

        // Of a partition not all Nodes have an agent yet.
        var without = context.Plan.Partition is null ? new HashSet<string>() : await NodeLabels.FindAsync(context, NodeLabels.WithoutAntrea, cancellationToken).ConfigureAwait(false);
        await new PolicyApplier(context.Api, context.Time).ApplyAsync(
            conversion,
            new PolicyApplyOptions
            {
                Timeout = context.Options.StepTimeout,
                PollInterval = context.Options.PollInterval,
                NodesOf = without.Count == 0
                    ? null
                    : PolicyReach.Of(snapshot, conversion.Objects, options, context.Plan.Nodes.Where(n => !without.Contains(n)).ToHashSet(StringComparer.Ordinal)),
            },
            cancellationToken).ConfigureAwait(false);
        var native = conversion.Policies.Count(p => p.Kind == "KubernetesNetworkPolicy");
        return $"{conversion.Policies.Length - native} Calico policies converted to {conversion.Objects.Length} objects, "
            + $"{native} Kubernetes policies left as they are; equal for {proof.ComparedFlows} classes of flows";
    }
}
