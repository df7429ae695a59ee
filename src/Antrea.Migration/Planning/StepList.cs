using System.Collections.Immutable;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>A plan's steps while they are written down: gives each its id, and those that restart Pods their workloads.</summary>
internal sealed class StepList(ClusterSnapshot snapshot)
{
    private readonly ImmutableArray<MigrationStep>.Builder _steps = ImmutableArray.CreateBuilder<MigrationStep>();
    private readonly WorkloadOwners _owners = new(snapshot);

    public ImmutableArray<MigrationStep> ToImmutable() => _steps.ToImmutable();

    public void Add(MigrationPhase phase, MigrationStepKind kind, string title, Reversibility reversibility) =>
        _steps.Add(new MigrationStep($"{StepNames.Of(phase)}/{StepNames.Of(kind)}", phase, kind, title, null, reversibility, []));

    /// <summary>One step for each Node of the cluster, or of <paramref name="nodes"/>.</summary>
    public void ForEachNode(
        MigrationPhase phase, MigrationStepKind kind, string title, Reversibility reversibility, IEnumerable<string>? nodes = null)
    {
        foreach (var node in nodes ?? snapshot.Nodes.Select(n => n.Name))
        {
            _steps.Add(new MigrationStep($"{StepNames.Of(phase)}/{StepNames.Of(kind)}/{node}", phase, kind, title, node, reversibility, []));
        }
    }

    /// <summary>A step that restarts Pods on a Pod network: all of them, or those that <paramref name="which"/> picks.</summary>
    public void Restart(MigrationPhase phase, MigrationStepKind kind, string title, string? node = null, Func<PodInfo, bool>? which = null)
    {
        var id = node is null ? "" : $"/{node}";
        _steps.Add(new MigrationStep(
            $"{StepNames.Of(phase)}/{StepNames.Of(kind)}{id}", phase, kind, title, node, Reversibility.ReversibleWithRestarts, Restarts(which ?? (_ => true))));
    }

    /// <summary>Pod-network workloads as <c>Kind/namespace/name (n Pods)</c>; a ReplicaSet stands for its Deployment.</summary>
    private ImmutableArray<string> Restarts(Func<PodInfo, bool> which) =>
    [
        .. snapshot.Pods
            .Where(p => !p.HostNetwork && !p.HasEnded && which(p))
            .GroupBy(p => _owners.Of(p).ToString())
            .OrderBy(g => g.Key, StringComparer.Ordinal)
            .Select(g => $"{g.Key} ({g.Count()} Pods)"),
    ];
}
