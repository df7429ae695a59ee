using System.CommandLine;
using System.Text.Json.Nodes;
using Antrea.Migration.Findings;
using Antrea.Migration.Planning;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>check</c>: the preflight, against a cluster or saved files. Reads only.</summary>
internal static class CheckCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: true);
        var inputs = new PlanInputs();
        var format = CommonOptions.Format();
        var command = new Command("check", "Check whether the cluster can be migrated: every finding, with its remedy.") { format };
        source.AddTo(command);
        inputs.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var options = inputs.Read(parse, cluster);
            var plan = MigrationPlanner.Plan(await cluster.Reader.ReadAsync(cancellationToken), options);
            if (parse.GetValue(format) == "json")
            {
                output.WriteJson(new JsonObject
                {
                    ["scenario"] = plan.Scenario,
                    ["executable"] = plan.IsExecutable,
                    ["findings"] = JsonOutput.Of(plan.Findings),
                });
            }
            else
            {
                output.WriteLine($"Scenario {plan.Scenario}, {plan.Nodes.Length} Nodes");
                output.WriteFindings(plan.Findings);
            }

            return plan.Findings.Any(f => f.Severity == Severity.Blocker) ? ExitCodes.Findings : ExitCodes.Success;
        });
        return command;
    }
}
