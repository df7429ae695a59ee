using Antrea.Migration.Addressing;

namespace Antrea.Migration.Execution;

/// <summary>What the steps of one phase in one run need not ask for again: each Node has a step, and what each reads grows with the cluster.</summary>
internal sealed class PhaseMemory
{
    /// <summary>Which Node each Calico block is affine to.</summary>
    public CidrTable<string>? Blocks { get; set; }
}
