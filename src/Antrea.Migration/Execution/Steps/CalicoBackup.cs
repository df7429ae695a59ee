using System.Text.Json.Nodes;

namespace Antrea.Migration.Execution.Steps;

/// <summary>Holds the backup against the cluster before something of Calico's is deleted for good.</summary>
/// <remarks>The backup was made at the start, days ago perhaps and on another machine perhaps. What was new, changed or cannot be read there is saved beside it.</remarks>
internal sealed class CalicoBackup(MigrationContext context)
{
    private readonly BackupFolder _folder = new(context.BackupDirectory);
    private readonly Dictionary<BackupOutcome, int> _outcomes = [];
    private bool? _isThere;

    /// <summary>Makes sure of every definition that goes, of every object of their kinds, and of what has no definition.</summary>
    /// <remarks>Asked again, it counts only what has changed since.</remarks>
    /// <param name="which">The definitions.</param>
    /// <param name="paths">What has none; what is not there is passed over.</param>
    /// <param name="cancellationToken">Ends it; what is saved by then is found the next time.</param>
    /// <exception cref="StepFailedException">One of them can be neither found in the backup nor saved, or cannot be seen: nothing may be deleted then.</exception>
    public async Task EnsureAsync(Predicate<JsonObject> which, IEnumerable<string> paths, CancellationToken cancellationToken)
    {
        var isFirst = _isThere is null;
        _isThere ??= _folder.IsThere();
        if (isFirst && _isThere == false)
        {
            context.Report($"There is no backup from the start in {_folder.Directory}: everything that goes is saved there as it is now");
        }

        foreach (var definition in await Definitions.ListAsync(context, which, cancellationToken).ConfigureAwait(false))
        {
            await KeepAsync(definition).ConfigureAwait(false);
            foreach (var obj in await Definitions.ListObjectsAsync(context, definition, cancellationToken).ConfigureAwait(false))
            {
                await KeepAsync(obj).ConfigureAwait(false);
            }
        }

        foreach (var path in paths)
        {
            if (await context.Api.GetAsync(path, cancellationToken).ConfigureAwait(false) is { } obj)
            {
                await KeepAsync(obj).ConfigureAwait(false);
            }
        }

        async Task KeepAsync(JsonObject obj)
        {
            var outcome = await _folder.KeepAsync(obj, cancellationToken).ConfigureAwait(false);
            if (isFirst || outcome != BackupOutcome.Held)
            {
                _outcomes[outcome] = Count(outcome) + 1;
            }
        }
    }

    /// <summary>What was found, for the step's outcome.</summary>
    public override string ToString()
    {
        var folder = Path.Combine(_folder.Directory, BackupFolder.AtRemoval);
        var saved = _outcomes.Where(o => o.Key != BackupOutcome.Held).Sum(o => o.Value);
        return _isThere == false
            ? $"no backup from the start was in {_folder.Directory} (it is where the migration was begun), so {_outcomes.Values.Sum()} objects are in {folder} as they were, read back"
            : $"backup read back: {Count(BackupOutcome.Held)} objects as they were"
                + (saved == 0 ? "" : $"; {Count(BackupOutcome.Added)} new, {Count(BackupOutcome.Changed)} changed and {Count(BackupOutcome.Mended)} unreadable ones saved to {folder}");
    }

    private int Count(BackupOutcome outcome) => _outcomes.GetValueOrDefault(outcome);
}
