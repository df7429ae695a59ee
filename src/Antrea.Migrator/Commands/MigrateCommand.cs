using System.CommandLine;
using Antrea.Migration;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>migrate</c>: carries a plan out. A dry run unless told otherwise; with <c>--lab</c> the guided tour, with <c>--kind</c> a rehearsal.</summary>
internal static class MigrateCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: false, kind: new KindOptions());
        var inputs = new PlanInputs();
        var tour = new TourOptions();
        var monitor = new MonitorOptions();
        var hooks = new HookOptions();
        var execute = new Option<bool>("--execute") { Description = "Change the cluster. Without it the plan is only shown; a lab or KinD cluster is always changed." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only show the plan (the default, but for a lab or KinD cluster)." };
        var passHold = new Option<bool>("--pass-hold") { Description = "Pass the hold point that an earlier run has stopped at; stop at the next one." };
        var passHolds = new Option<bool>("--pass-holds") { Description = "Pass every hold point: for rehearsals (a lab or KinD cluster does)." };
        var planFile = new Option<string?>("--plan") { Description = "Execute this saved plan; refused when the cluster has changed since." };
        var journal = new Option<string?>("--journal") { Description = "A copy of the journal that is kept in the cluster (default antrea-migration/PLAN/journal.jsonl)." };
        var backup = new Option<string?>("--backup") { Description = "The folder for the backup (default antrea-migration/PLAN/backup)." };
        var nodesAtOnce = CommonOptions.NodesAtOnce();
        var report = new Option<string?>("--report") { Description = "Write a JSON report to this file." };
        var command = new Command("migrate", "Migrate the cluster: dry run first, then --execute. Run again to go on.")
        {
            execute, dryRun, passHold, passHolds, planFile, journal, backup, report, nodesAtOnce,
        };
        source.AddTo(command, ofLabs: tour.All);
        inputs.AddTo(command);
        tour.AddTo(command);
        monitor.AddTo(command);
        hooks.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetResult(passHold) is { Implicit: false } && source.MakesCluster(result))
            {
                result.AddError("--pass-hold is for a migration that has stopped: a lab or KinD cluster is made for the run, which passes every hold point.");
            }
        });
        command.SetAction(async (parse, cancellationToken) =>
        {
            var isRehearsal = source.UsesLab(parse) || source.UsesKind(parse);
            var isDryRun = parse.GetValue(dryRun) || !(isRehearsal || parse.GetValue(execute));
            monitor.Validate(parse, hasFlows: isRehearsal);

            // What is wrong with the files is known before minutes are spent on a cluster.
            var saved = parse.GetValue(planFile) is { } path ? PlanJson.Parse(await File.ReadAllTextAsync(path, cancellationToken), path) : null;
            inputs.ReadFiles(parse);
            if (!isDryRun)
            {
                WholeFile.Prepare("--report", parse.GetValue(report));
                WholeFile.Prepare("--journal", parse.GetValue(journal));
                WholeFile.PrepareFolder("--backup", parse.GetValue(backup));
                monitor.Prepare(parse);
            }

            if (source.UsesLab(parse))
            {
                output.WriteLine("Starting a lab cluster…");
            }

            await using var cluster = await source.OpenAsync(parse, cancellationToken, output, inputs.NodeAgentImage(parse), monitor.Image(parse));
            var options = inputs.Read(parse, cluster);
            var inCluster = new ConfigMapJournal(cluster.Client!);
            var record = await inCluster.ReadRecordAsync(cancellationToken);
            var plan = saved ?? record.Plan ?? MigrationPlanner.Plan(await cluster.Reader.ReadAsync(cancellationToken), options);
            inputs.RequireRestart(parse, plan);
            output.WritePlan(plan, json: false);
            output.WriteNodesAtOnce(plan, parse.GetValue(nodesAtOnce));
            if (!plan.IsExecutable)
            {
                return ExitCodes.Findings;
            }

            if (isDryRun)
            {
                output.WriteLine();
                output.WriteLine("Dry run: nothing was changed. " + (isRehearsal
                    ? "Leave --dry-run out to carry it out."
                    : parse.GetValue(dryRun) ? "Say --execute instead of --dry-run to carry it out." : "Add --execute to carry it out."));
                return ExitCodes.Success;
            }

            using var files = MigrationFiles.For(plan, parse.GetValue(journal), parse.GetValue(backup), temporary: isRehearsal);
            var executor = new MigrationExecutor(cluster.Client!, new MirroredJournal(inCluster, new FileJournal(files.Journal)));
            await using var watch = await monitor.WatchAsync(
                parse, cluster.Client!, cluster.Lab is { } lab ? tour.Traffic(parse, lab) : null, cluster.Kind, output, cancellationToken);
            var hook = hooks.Read(parse, plan, options, output, watch?.Gate);
            var execution = new ExecutionOptions
            {
                Gate = hook ?? watch?.Gate,
                BackupDirectory = files.Backup,
                NodesAtOnce = parse.GetValue(nodesAtOnce),
                Holder = Operator.Self,
                Holds = isRehearsal || parse.GetValue(passHolds) ? HoldPolicy.PassAll
                    : parse.GetValue(passHold) ? HoldPolicy.PassNext : HoldPolicy.Stop,
            };
            var forecasts = watch is not null && plan.Partition is { } parts ? watch.Forecast(await cluster.Reader.ReadAsync(cancellationToken), parts) : [];
            var run = new MigrationRun(output, plan, executor, watch, hook) { Forecasts = forecasts, AtStart = record.Progress };
            var result = await run.ExecuteAsync(options, execution, cancellationToken);
            await result.WriteAsync(output, parse.GetValue(report));
            await monitor.DrawAsync(parse, result.Traffic, "Traffic during the migration");
            if (cluster.Kind is { } kind && result.Last is StepFailed)
            {
                await kind.SaveLogsAsync(cancellationToken);
            }

            return result.ExitCode();
        });
        return command;
    }
}
