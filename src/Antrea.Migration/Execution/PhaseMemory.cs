using Antrea.Migration.Addressing;

namespace Antrea.Migration.Execution;

/// <summary>What the steps of one phase in one run need not ask for again: each Node has a step, and what each reads grows with the cluster. Safe for Nodes side by side.</summary>
internal sealed class PhaseMemory
{
    private readonly SemaphoreSlim _turn = new(1);
    private CidrTable<string>? _blocks;

    /// <summary>Which Node each Calico block is affine to.</summary>
    /// <param name="read">Asks the cluster; one at a time, and not where an answer is there and fit.</param>
    /// <param name="unfit">An answer of before that lacks something; null for none.</param>
    /// <param name="cancellationToken">Ends the wait for another's question.</param>
    public async Task<CidrTable<string>> BlocksAsync(Func<Task<CidrTable<string>>> read, CidrTable<string>? unfit, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return _blocks is { } known && known != unfit ? known : _blocks = await read().ConfigureAwait(false);
        }
        finally
        {
            _turn.Release();
        }
    }
}
