using System.CommandLine;
using Antrea.Migration.Execution;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>rollback</c>: undoes a begun migration, from everywhere before Calico's removal. A dry run unless told otherwise.</summary>
internal static class RollbackCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: false);
        var inputs = new PlanInputs();
        var execute = new Option<bool>("--execute") { Description = "Change the cluster. Without it the steps are only shown." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only show the steps (the default)." };
        var journal = new Option<string?>("--journal") { Description = "The copy of the journal (default antrea-migration/PLAN/journal.jsonl); it stays, the one in the cluster goes with the last step." };
        var nodesAtOnce = CommonOptions.NodesAtOnce();
        var report = new Option<string?>("--report") { Description = "Write a JSON report to this file." };
        var command = new Command("rollback", "Undo a begun migration: dry run first, then --execute. Run again to go on.") { execute, dryRun, journal, report, nodesAtOnce };
        var hooks = new HookOptions();
        var monitor = new MonitorOptions();
        monitor.AddTo(command);
        hooks.AddTo(command);
        source.AddTo(command);
        inputs.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            monitor.Validate(parse, hasFlows: false);
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var inCluster = new ConfigMapJournal(cluster.Client!);
            var record = await inCluster.ReadRecordAsync(cancellationToken);
            if (record.PlanRollback(await cluster.Reader.ReadAsync(cancellationToken)) is not { } plan)
            {
                output.WriteLine("No migration was begun on this cluster: there is nothing to roll back.");
                return ExitCodes.Success;
            }

            // As the migration did, unless something else is asked for before the way back has begun.
            plan = inputs.NamesRestart(parse) && record.Rollback is null ? plan with { Restart = inputs.Restart(parse) } : plan;
            inputs.RequireRestart(parse, plan);
            output.WritePlan(plan, json: false);
            if (!plan.IsExecutable)
            {
                return ExitCodes.Findings;
            }

            if (parse.GetValue(dryRun) || !parse.GetValue(execute))
            {
                output.WriteLine();
                output.WriteLine("Dry run: nothing was changed. Add --execute to carry it out.");
                return ExitCodes.Success;
            }

            WholeFile.Prepare("--report", parse.GetValue(report));
            monitor.Prepare(parse);
            using var files = MigrationFiles.For(plan, parse.GetValue(journal), backup: null, temporary: false);
            var executor = new MigrationExecutor(cluster.Client!, new MirroredJournal(inCluster, new FileJournal(files.Journal)));
            await using var watch = await monitor.WatchAsync(parse, cluster.Client!, lab: null, kind: null, output, cancellationToken);
            var options = inputs.Read(parse, cluster);
            var hook = hooks.Read(parse, plan, options, output, watch?.Gate);
            var run = new MigrationRun(output, plan, executor, watch, hook);
            var execution = new ExecutionOptions { Gate = hook ?? watch?.Gate, BackupDirectory = files.Backup, NodesAtOnce = parse.GetValue(nodesAtOnce), Holder = Operator.Self };
            var result = await run.ExecuteAsync(options, execution, cancellationToken);
            await result.WriteAsync(output, parse.GetValue(report));
            await monitor.DrawAsync(parse, result.Traffic, "Traffic during the rollback");
            return result.ExitCode();
        });
        return command;
    }
}
