using System.Collections.Immutable;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>A plan's steps while they are written down: gives each its id, and those that restart Pods their workloads.</summary>
internal sealed class StepList(ClusterSnapshot snapshot, MigrationOptions options, ImmutableHashSet<MigrationPhase> withAllowances)
{
    private readonly ImmutableArray<MigrationStep>.Builder _steps = ImmutableArray.CreateBuilder<MigrationStep>();
    private readonly RestartOrder _order = new(snapshot);

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

    /// <summary>Several steps for each Node, one Node after the other: each goes through all of them without waiting for others.</summary>
    public void NodeByNode(MigrationPhase phase, IEnumerable<string> nodes, params ReadOnlySpan<(MigrationStepKind Kind, string Title)> steps)
    {
        foreach (var node in nodes)
        {
            foreach (var (kind, title) in steps)
            {
                ForEachNode(phase, kind, title, Reversibility.Reversible, [node]);
            }
        }
    }

    /// <summary>Puts the phase's allowances in force, in place of those of a phase before; nothing where it has none.</summary>
    public void Allow(MigrationPhase phase)
    {
        if (withAllowances.Contains(phase))
        {
            Add(phase, MigrationStepKind.AllowMasqueraded, "Allow what policies allow and would not know again, under its Nodes' addresses; see the allowances below", Reversibility.Reversible);
        }
    }

    /// <summary>Removes the phase's allowances; nothing where it has none.</summary>
    public void Withdraw(MigrationPhase phase)
    {
        if (withAllowances.Contains(phase))
        {
            Add(phase, MigrationStepKind.WithdrawAllowances, "Remove the allowances, and see that none is left", Reversibility.Reversible);
        }
    }

    /// <summary>The steps that give every Pod a new network: <paramref name="flip"/> makes it that of new Pods, a canary on every Node shows it, then Pods
    /// restart, while no CronJob begins.</summary>
    public void Renew(MigrationPhase phase, Action flip, string title, Func<PodInfo, bool>? which = null)
    {
        Allow(phase);
        var suspends = CronJobs.AreConcerned(snapshot);
        if (suspends)
        {
            Add(phase, MigrationStepKind.SuspendCronJobs, "Suspend CronJobs, for a running Job can only be waited for", Reversibility.Reversible);
        }

        flip();
        Add(phase, MigrationStepKind.TryCanaries, "Try the new network with a Pod of the migration's own on every Node", Reversibility.Reversible);
        Restart(phase, MigrationStepKind.RestartPods, title, which: which);
        if (phase == MigrationPhase.MultusPods || !withAllowances.Contains(MigrationPhase.RemoveCalico))
        {
            Withdraw(phase);
        }

        if (suspends)
        {
            Add(phase, MigrationStepKind.ResumeCronJobs, "Let CronJobs run again", Reversibility.Reversible);
        }
    }

    /// <summary>A step that restarts Pods on a Pod network: all of them, or those that <paramref name="which"/> picks.</summary>
    public void Restart(MigrationPhase phase, MigrationStepKind kind, string title, string? node = null, Func<PodInfo, bool>? which = null)
    {
        var id = node is null ? "" : $"/{node}";
        _steps.Add(new MigrationStep(
            $"{StepNames.Of(phase)}/{StepNames.Of(kind)}{id}", phase, kind, title, node, Reversibility.ReversibleWithRestarts, Restarts(kind, which)));
    }

    /// <summary>Pod-network workloads in the order of restarts, as <c>Kind/namespace/name (n Pods)</c>, and how where it is not by rollout.</summary>
    private ImmutableArray<string> Restarts(MigrationStepKind kind, Func<PodInfo, bool>? which)
    {
        var limits = new RestartLimits(options.MaxUnavailable) { OneByOne = kind == MigrationStepKind.MovePods, OnSomeNodes = kind == MigrationStepKind.RestartPods && which is not null, InPlace = options.Restart == RestartMode.InPlace };
        return
        [
            .. _order.Of(snapshot.Pods.Where(p => !p.HostNetwork && !p.HasEnded && which?.Invoke(p) != false))
                .Select(w => (Workload: w, How: _order.RuleOf(w, limits).ToString()))
                .Select(w => $"{w.Workload} ({w.Workload.Pods.Count} Pods{(w.How.Length > 0 ? $"; {w.How}" : "")})"),
        ];
    }
}
