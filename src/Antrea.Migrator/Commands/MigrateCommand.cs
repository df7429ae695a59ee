using System.CommandLine;
using Antrea.Migration;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary><c>migrate</c>: carries a plan out. A dry run unless told otherwise; with <c>--lab</c> the guided tour.</summary>
internal static class MigrateCommand
{
    public static Command Create(TextWriter output)
    {
        var source = new ClusterSource.Options(offline: false);
        var inputs = new PlanInputs();
        var tour = new TourOptions();
        var execute = new Option<bool>("--execute") { Description = "Change the cluster. Without it the plan is only shown; a lab is always executed." };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only show the plan (the default, but for a lab)." };
        var passHolds = new Option<bool>("--pass-holds") { Description = "Go on at hold points." };
        var planFile = new Option<string?>("--plan") { Description = "Execute this saved plan; refused when the cluster has changed since." };
        var journal = new Option<string>("--journal") { Description = "A copy of the journal that is kept in the cluster.", DefaultValueFactory = _ => Path.Combine("antrea-migration", "journal.jsonl") };
        var backup = new Option<string>("--backup") { Description = "The folder for the backup.", DefaultValueFactory = _ => Path.Combine("antrea-migration", "backup") };
        var report = new Option<string?>("--report") { Description = "Write a JSON report to this file." };
        var command = new Command("migrate", "Migrate the cluster: dry run first, then --execute. Run again to go on.")
        {
            execute, dryRun, passHolds, planFile, journal, backup, report,
        };
        source.AddTo(command);
        inputs.AddTo(command);
        tour.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            var isLab = source.UsesLab(parse);
            if (isLab)
            {
                output.WriteLine("Starting a lab cluster…");
            }

            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            var options = inputs.Read(parse, cluster.Lab);
            using var files = MigrationFiles.For(parse.GetRequiredValue(journal), parse.GetRequiredValue(backup), temporary: isLab);
            var memory = new MirroredJournal(new ConfigMapJournal(cluster.Client!), new FileJournal(files.Journal));
            var plan = parse.GetValue(planFile) is { } path
                ? PlanJson.Parse(await File.ReadAllTextAsync(path, cancellationToken), path)
                : await PlanAsync(cluster, memory, files, options, cancellationToken);
            output.WritePlan(plan, json: false);
            if (!plan.IsExecutable)
            {
                return ExitCodes.Findings;
            }

            if (parse.GetValue(dryRun) || !(isLab || parse.GetValue(execute)))
            {
                output.WriteLine();
                output.WriteLine("Dry run: nothing was changed. " + (isLab
                    ? "Leave --dry-run out to carry it out."
                    : parse.GetValue(dryRun) ? "Say --execute instead of --dry-run to carry it out." : "Add --execute to carry it out."));
                return ExitCodes.Success;
            }

            if (parse.GetValue(report) is { } wanted)
            {
                PrepareReport(wanted);
            }

            await SavePlanAsync(files.Plan, plan, cancellationToken);
            var executor = new MigrationExecutor(cluster.Client!, memory);
            var execution = new ExecutionOptions
            {
                BackupDirectory = files.Backup,
                PassHolds = parse.GetValue(passHolds) || isLab,
            };
            await using var watch = tour.Watch(parse, cluster.Lab, output);
            var run = new MigrationRun(output, plan, executor, watch);
            var result = await run.ExecuteAsync(options, execution, cancellationToken);
            result.WriteSummary(output);
            if (parse.GetValue(report) is { } reportPath)
            {
                await File.WriteAllTextAsync(reportPath, JsonOutput.Format(result.ToJson()) + "\n", cancellationToken);
            }

            return result.ExitCode;
        });
        return command;
    }

    /// <summary>That a report cannot be written should be known before the migration, not after it.</summary>
    private static void PrepareReport(string path)
    {
        if (Directory.Exists(path))
        {
            throw new IOException($"--report {path} is a folder; name a file.");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
    }

    /// <summary>A migration that was begun goes on with the plan it was begun with; the cluster is between two plans now.</summary>
    private static async Task<MigrationPlan> PlanAsync(
        ClusterSource cluster, IMigrationJournal journal, MigrationFiles files, MigrationOptions options, CancellationToken cancellationToken)
    {
        var begun = (await journal.ReadAsync(cancellationToken)).FirstOrDefault(e => e.State == JournalState.Plan);
        if (begun is null)
        {
            return MigrationPlanner.Plan(await cluster.Reader.ReadAsync(cancellationToken), options);
        }

        return File.Exists(files.Plan)
            ? PlanJson.Parse(await File.ReadAllTextAsync(files.Plan, cancellationToken), files.Plan)
            : throw new MigrationException(
                $"Plan {begun.StepId} was begun on this cluster, and its file {files.Plan} is not here.",
                "Copy it from where the migration was begun, or name it with --plan.");
    }

    private static async Task SavePlanAsync(string path, MigrationPlan plan, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        await File.WriteAllTextAsync(path + ".part", PlanJson.Format(plan), cancellationToken);
        File.Move(path + ".part", path, overwrite: true);
    }
}
