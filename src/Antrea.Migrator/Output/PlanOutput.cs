using Antrea.Migration.Planning;

namespace Antrea.Migrator.Output;

/// <summary>A plan for people: one line for the same step on many Nodes.</summary>
internal static class PlanOutput
{
    private const string NotSimple = "scenario-not-simple";

    public static void WritePlan(this TextWriter output, MigrationPlan plan, bool json)
    {
        if (json)
        {
            output.Write(PlanJson.Format(plan));
            return;
        }

        output.WriteLine($"Plan {plan.Id}: {plan.Scenario}, {plan.Nodes.Length} Nodes, Antrea {(plan.AntreaVersion.Length > 0 ? plan.AntreaVersion : "(version unknown)")}");
        if (plan.Findings.Length > 0)
        {
            output.WriteLine();
            output.WriteFindings(plan.Findings, notes: false);
        }

        if (!plan.IsExecutable)
        {
            output.WriteLine();
            output.WriteLine(
                "No steps: remedy what blocks, or ignore a finding you have judged with --ignore ID"
                + (plan.Findings.Any(f => f.Id == NotSimple) ? $"; {NotSimple} cannot be ignored." : "."));
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
                foreach (var restart in first.Restarts)
                {
                    output.WriteLine($"      {restart}");
                }
            }
        }

        output.WriteLine();
        output.WriteLine("· changes nothing   ↺ can be undone   ⟳ can be undone by restarting Pods   ■ final");
    }

    private static string Mark(Reversibility reversibility) => reversibility switch
    {
        Reversibility.ReadOnly => "·",
        Reversibility.Reversible => "↺",
        Reversibility.ReversibleWithRestarts => "⟳",
        _ => "■",
    };
}
