using System.CommandLine;
using Antrea.Migration.Planning;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>plan</c>: what a migration would do. Reads only.</summary>
internal static class PlanCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: true);
        var inputs = new PlanInputs();
        var format = CommonOptions.Format();
        var save = new Option<string?>("--save") { Description = "Save the plan to this file, for 'migrate --plan'." };
        var command = new Command("plan", "Show what a migration would do, step by step; exit code 2 when something blocks it.") { format, save };
        source.AddTo(command);
        inputs.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var options = inputs.Read(parse, cluster);
            var plan = MigrationPlanner.Plan(await cluster.Reader.ReadAsync(cancellationToken), options);
            if (parse.GetValue(save) is { } path)
            {
                await WholeFile.WriteAsync(path, PlanJson.Format(plan), cancellationToken);
            }

            output.WritePlan(plan, parse.GetValue(format) == "json");
            return plan.IsExecutable ? ExitCodes.Success : ExitCodes.Findings;
        });
        return command;
    }
}
