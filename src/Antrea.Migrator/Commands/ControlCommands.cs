using System.CommandLine;
using Antrea.Migration;
using Antrea.Migration.Execution;

namespace Antrea.Migrator.Commands;

/// <summary><c>pause</c>, <c>resume</c>, <c>abort</c>: words to the migrator at work, from any terminal that reaches the cluster.</summary>
internal static class ControlCommands
{
    public static Command CreatePause(TextWriter output) => Create(
        "pause",
        "Let the migrator finish the change under way and wait there.",
        async (control, migrator, cancellationToken) =>
        {
            await control.AskAsync(MigrationWish.Pause, Operator.Self, cancellationToken);
            output.WriteLine(migrator is null
                ? "No migrator is at work; the next one will wait before its first change."
                : $"Asked: {migrator.Holder} finishes the change under way and waits there.");
            output.WriteLine("'antrea-migrator resume' lets it go on; 'antrea-migrator status' shows where it is.");
        });

    public static Command CreateResume(TextWriter output) => Create(
        "resume",
        "Take back a pause, or an abort that nobody has obeyed yet.",
        async (control, migrator, cancellationToken) =>
        {
            output.WriteLine(await control.WithdrawAsync(cancellationToken) is not { } request
                ? "Nothing was asked for: no migrator is paused."
                : $"Taken back: the {request.Wish.ToString().ToLowerInvariant()} that {request.By} asked for. "
                    + (migrator is null ? "No migrator is at work; 'antrea-migrator migrate --execute' goes on." : $"{migrator.Holder} goes on."));
        });

    public static Command CreateAbort(TextWriter output) => Create(
        "abort",
        "Let the migrator finish the change under way and end there. Nothing is undone: see rollback.",
        async (control, migrator, cancellationToken) =>
        {
            if (migrator is null)
            {
                throw new MigrationException("No migrator is at work on this cluster, so there is none to end.", "See what was done with 'antrea-migrator status'.");
            }

            await control.AskAsync(MigrationWish.Abort, Operator.Self, cancellationToken);
            output.WriteLine($"Asked: {migrator.Holder} finishes the change under way and ends.");
            output.WriteLine("Afterwards: 'antrea-migrator rollback' undoes what was done, 'antrea-migrator migrate --execute' goes on.");
        });

    private static Command Create(string name, string description, Func<MigrationControl, MigratorPresence?, CancellationToken, Task> act)
    {
        var source = new ClusterSource.Options(offline: false);
        var command = new Command(name, description);
        source.AddTo(command);
        command.SetAction(async (parse, cancellationToken) =>
        {
            await using var cluster = await source.OpenAsync(parse, cancellationToken);
            if ((await new ConfigMapJournal(cluster.Client!).ReadRecordAsync(cancellationToken)).Current is null)
            {
                throw new MigrationException("No migration was begun on this cluster.", "See what one would do with 'antrea-migrator plan'.");
            }

            await act(new MigrationControl(cluster.Client!), await MigratorPresence.ReadAsync(cluster.Client!, cancellationToken: cancellationToken), cancellationToken);
            return ExitCodes.Success;
        });
        return command;
    }
}
