using System.Collections.Immutable;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Planning;

namespace Antrea.Migration.Execution;

/// <summary>Stops nothing, but tells a <see cref="ContinuousProbe"/> what is going on, so that outages name the phase and the Nodes under
/// restart.</summary>
/// <param name="probe">What watches the traffic; stays the caller's.</param>
public sealed class NotingGate(ContinuousProbe probe) : IMigrationGate
{
    private const int MostNodesNamed = 5;

    private readonly ContinuousProbe _probe = probe ?? throw new ArgumentNullException(nameof(probe));

    /// <inheritdoc/>
    public ValueTask<MigrationStop?> AskAsync(MigrationChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        cancellationToken.ThrowIfCancellationRequested();
        Note(_probe, change);
        return default;
    }

    /// <summary>Tells the probe of a change that is about to be made.</summary>
    internal static void Note(ContinuousProbe probe, MigrationChange change) => probe.EnterPhase(
        change.Step.Phase.ToString(),
        change.Step.Kind is MigrationStepKind.RestartPods or MigrationStepKind.MovePods ? NamesOf(change.Nodes) : "");

    private static string NamesOf(ImmutableArray<string> nodes) =>
        string.Join(", ", nodes.Take(MostNodesNamed)) + (nodes.Length > MostNodesNamed ? $" and {nodes.Length - MostNodesNamed} more" : "");
}
