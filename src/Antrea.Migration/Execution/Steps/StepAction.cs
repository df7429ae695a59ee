using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution.Steps;

/// <summary>How one kind of step is carried out.</summary>
internal abstract class StepAction
{
    /// <summary>Whether the journal in the cluster ends with it, so that its outcome has no place there.</summary>
    public virtual bool EndsJournal => false;

    /// <summary>Why nothing needs doing, as the cluster shows it now; null when it needs doing. Changes nothing.</summary>
    public virtual Task<string?> AlreadyDoneAsync(
        MigrationContext context, MigrationStep step, CancellationToken cancellationToken) => Task.FromResult<string?>(null);

    /// <summary>Acts, waits until the cluster shows it, and says what came of it. Safe to repeat.</summary>
    public abstract Task<string> RunAsync(MigrationContext context, MigrationStep step, CancellationToken cancellationToken);
}
