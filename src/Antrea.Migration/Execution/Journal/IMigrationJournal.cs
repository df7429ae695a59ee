using System.Collections.Immutable;

namespace Antrea.Migration.Execution;

/// <summary>The memory of a migration. The cluster is the truth; the journal says what was meant.</summary>
public interface IMigrationJournal
{
    /// <summary>Everything written so far, in order; empty when nothing was.</summary>
    /// <exception cref="MigrationException">The journal cannot be read, or holds what no journal holds.</exception>
    Task<ImmutableArray<JournalEntry>> ReadAsync(CancellationToken cancellationToken = default);

    /// <summary>Adds an entry; when it returns, the entry survives the end of this process.</summary>
    /// <exception cref="MigrationException">The entry could not be kept; the step must not act.</exception>
    Task AppendAsync(JournalEntry entry, CancellationToken cancellationToken = default);
}
