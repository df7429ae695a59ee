using System.Collections.Immutable;

namespace Antrea.Migration.Execution;

/// <summary>A journal with a second copy: what is read comes from the first, what is written goes to both.</summary>
/// <remarks>The first is written first: an entry that only the mirror lacks is a memory lost, not a step forgotten.</remarks>
public sealed class MirroredJournal : IMigrationJournal
{
    private readonly IMigrationJournal _primary;
    private readonly IMigrationJournal _mirror;

    /// <summary>Reads <paramref name="primary"/>, writes it and <paramref name="mirror"/>.</summary>
    public MirroredJournal(IMigrationJournal primary, IMigrationJournal mirror)
    {
        ArgumentNullException.ThrowIfNull(primary);
        ArgumentNullException.ThrowIfNull(mirror);
        _primary = primary;
        _mirror = mirror;
    }

    /// <inheritdoc/>
    public Task<ImmutableArray<JournalEntry>> ReadAsync(CancellationToken cancellationToken = default) =>
        _primary.ReadAsync(cancellationToken);

    /// <inheritdoc/>
    public async Task AppendAsync(JournalEntry entry, CancellationToken cancellationToken = default)
    {
        await _primary.AppendAsync(entry, cancellationToken).ConfigureAwait(false);
        await _mirror.AppendAsync(entry, cancellationToken).ConfigureAwait(false);
    }
}
