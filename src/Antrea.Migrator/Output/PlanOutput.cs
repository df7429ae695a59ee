using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migrator.Output;

/// <summary>A plan for people: one line for the same step on many Nodes.</summary>
internal static class PlanOutput
{
    public static void WritePlan(this TextWriter output, MigrationPlan plan, bool json)
    {
        if (json)
        {
            output.Write(PlanJson.Format(plan));
            return;
        }

        if (plan.Undoes is { } undone)
        {
            output.WriteLine($"Rollback of plan {undone}: {plan.Nodes.Length} Nodes");
        }
        else
        {
            output.WriteLine($"Plan {plan.Id}: {plan.Scenario}, {plan.Nodes.Length} Nodes, Antrea {(plan.AntreaVersion.Length > 0 ? plan.AntreaVersion : "(version unknown)")}");
            output.WriteLine($"Bridge {plan.Bridge.Word()}. {plan.BridgeReason}");
        }

        if (plan.Restart == RestartMode.InPlace)
        {
            output.WriteLine(
                "Restarts in place. A Pod keeps Node, name, uid and volumes. It leaves its Services first; then its containers start again under another address, preStop hooks are not run, "
                + "and nothing stands in for it meanwhile: what has one Pod only is gone for that time.");
        }

        if (plan.Findings.Length > 0)
        {
            output.WriteLine();
            output.WriteFindings(plan.Findings, notes: false);
        }

        output.WritePartition(plan);
        if (!plan.IsExecutable)
        {
            output.WriteLine();
            output.WriteLine(plan.Undoes is not null
                ? "No steps: there is no way back from here."
                : "No steps: remedy what blocks, or ignore a finding you have judged with --ignore ID.");
            return;
        }

        foreach (var phase in plan.Steps.GroupBy(s => s.Phase))
        {
            output.WriteLine();
            output.WriteLine(phase.Key.ToString());
            foreach (var group in phase.GroupBy(s => (s.Kind, s.Title)))
            {
                var first = group.First();
                var where = first.Node is null ? "" : $" (on each of {group.Count()} Nodes)";
                output.WriteLine($"  {Mark(first.Reversibility)} {first.Title}{where}");
                foreach (var step in group)
                {
                    foreach (var restart in step.Restarts)
                    {
                        output.WriteLine($"      {restart}{(step.Node is null ? "" : $" on {step.Node}")}");
                    }
                }
            }
        }

        output.WriteLine();
        output.WritePrediction(plan);
        output.WriteAllowances(plan);
        output.WriteLine();
        output.WriteLine("· changes nothing   ↺ can be undone   ⟳ can be undone by restarting Pods   ■ final");
    }

    /// <summary>The two parts, and every flow between workloads that breaks for the time.</summary>
    private static void WritePartition(this TextWriter output, MigrationPlan plan)
    {
        if (plan is not { Undoes: null, Partition: { } parts })
        {
            return;
        }

        output.WriteLine();
        output.WriteLine($"First part ({(parts.IsNamed ? "as named" : "chosen for the fewest broken flows")}): {string.Join(", ", parts.FirstPart)}; about {Minutes(parts.FirstPartTime)}");
        output.WriteLine($"The rest: {string.Join(", ", parts.Rest)}; about {Minutes(parts.RestTime)}");
        output.WriteLine($"Minutes are for {ExecutionOptions.DefaultNodesAtOnce} Nodes side by side (--nodes-at-once); hooks, and what an error budget makes wait, come on top.");
        output.WriteLine($"{parts.BrokenFlows.Length} of {parts.Flows} flows between workloads break, in both directions, for about {Minutes(parts.TimeApart)} and the time of the hold between:");
        foreach (var flow in parts.BrokenFlows)
        {
            output.WriteLine($"  {flow.From} → {flow.To}: {flow.BrokenPairs} of {flow.Pairs} pairs{(flow.IsWhole ? ", all of it" : "")}");
        }
    }

    /// <summary>A warning where Nodes are to go one after the other more than the plan's minutes take for granted.</summary>
    public static void WriteNodesAtOnce(this TextWriter output, MigrationPlan plan, int nodesAtOnce)
    {
        if (plan is { Undoes: null, Partition: { } parts } && parts.MoreTimeApart(nodesAtOnce) is var more && more > TimeSpan.Zero)
        {
            output.WriteLine();
            output.WriteLine($"WARNING --nodes-at-once {nodesAtOnce}: the minutes predicted are for {ExecutionOptions.DefaultNodesAtOnce} Nodes side by side; the parts are apart for about {Minutes(more)} more.");
        }
    }

    private static string Minutes(TimeSpan time) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalMinutes):0} min");

    /// <summary>Who will be cut off from whom, in a line each.</summary>
    public static void WritePrediction(this TextWriter output, MigrationPlan plan)
    {
        output.WriteLine((plan.PredictedLosses.IsEmpty, plan.PredictedPolicyChanges.IsEmpty) switch
        {
            (true, true) => "Prediction: every Pod and Node reaches every Pod in every phase; no request is lost.",
            (true, false) => "Prediction: paths are there for every Pod and Node in every phase; policies decide these connections otherwise for a while:",
            _ => $"Prediction: {plan.PredictedLosses.Sum(l => l.Pairs)} pairs do not reach each other for a while:",
        });
        foreach (var loss in plan.PredictedLosses)
        {
            output.WriteLine($"  {loss.Phase}: {loss.From} → {loss.To}, {loss.Place} ({loss.Pairs} pairs): {loss.Reason}");
        }

        foreach (var change in plan.PredictedPolicyChanges)
        {
            output.WriteLine($"  {change.Phase}: {(change.Opens ? "OPEN" : "denied")}, though policies {(change.Opens ? "deny" : "allow")} it: {change.From} → {change.To}, {change.Place}, {string.Join(", ", change.Ports)}: {change.Reason}");
        }
    }

    /// <summary>What is opened on purpose, in a line each.</summary>
    private static void WriteAllowances(this TextWriter output, MigrationPlan plan)
    {
        if (plan.PolicyAllowances.IsEmpty)
        {
            return;
        }

        output.WriteLine();
        output.WriteLine("Allowances, each removed at the end of its phase and looked for afterwards:");
        foreach (var allowance in plan.PolicyAllowances)
        {
            output.WriteLine($"  {allowance.Phase}: {allowance.Engine} NetworkPolicy {allowance.Namespace}/{allowance.Name}: {allowance}");
        }
    }

    private static string Mark(Reversibility reversibility) => reversibility switch
    {
        Reversibility.ReadOnly => "·",
        Reversibility.Reversible => "↺",
        Reversibility.ReversibleWithRestarts => "⟳",
        _ => "■",
    };
}
