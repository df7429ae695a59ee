using System.Collections.Immutable;
using System.Text.Json.Nodes;
using Antrea.Migration;
using Antrea.Migration.Bridge;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary>One run of a migration, watched and written down.</summary>
internal sealed class MigrationRun(TextWriter output, MigrationPlan plan, MigrationExecutor executor, TrafficWatch? watch)
{
    public async Task<MigrationRunResult> ExecuteAsync(
        MigrationOptions options, ExecutionOptions execution, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        var console = new MigrationConsole(output, plan);
        var phases = ImmutableArray.CreateBuilder<(MigrationPhase, TimeSpan)>();
        MigrationEvent? last = null;
        StepCompleted? policies = null;
        if (watch is not null)
        {
            watch.Start();
            watch.EnterPhase("Before");
            output.WriteLine();
            await watch.ProbeAsync("Before", cancellationToken);
        }

        await foreach (var item in executor.ExecuteAsync(plan, options, execution, cancellationToken))
        {
            console.Write(item);
            last = item;
            if (item is PhaseStarted begun)
            {
                watch?.EnterPhase(begun.Phase.ToString());
            }
            else if (item is StepCompleted { Step.Kind: MigrationStepKind.ConvertPolicies } converted)
            {
                policies = converted;
            }
            else if (item is PhaseCompleted ended)
            {
                phases.Add((ended.Phase, ended.Duration));
                if (watch is not null && ChangesTraffic(ended.Phase))
                {
                    await watch.ProbeAsync(ended.Phase.ToString(), cancellationToken);
                }
            }
        }

        var traffic = watch is null ? null : await watch.StopAsync(cancellationToken);
        return new MigrationRunResult(
            plan,
            last!,
            await CountPodsAsync(cancellationToken),
            phases.ToImmutable(),
            [.. watch?.Probes ?? []],
            traffic,
            policies?.Detail,
            TimeProvider.System.GetElapsedTime(started));
    }

    /// <summary>Null where a failed run has left the cluster out of reach: the report is written all the same.</summary>
    private async Task<ImmutableSortedDictionary<PodNetwork, int>?> CountPodsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await executor.CountPodsAsync(cancellationToken);
        }
        catch (MigrationException e)
        {
            output.WriteLine($"   The Pods could not be counted: {e.Message}");
            return null;
        }
    }

    private static bool ChangesTraffic(MigrationPhase phase) =>
        phase is MigrationPhase.Addresses or MigrationPhase.InstallAntrea or MigrationPhase.Policies or MigrationPhase.MultusPods or MigrationPhase.AntreaPods
            or MigrationPhase.RemoveCalico;
}

/// <summary>What a run came to: the summary for people and the report for machines say the same.</summary>
internal sealed record MigrationRunResult(
    MigrationPlan Plan,
    MigrationEvent Last,
    ImmutableSortedDictionary<PodNetwork, int>? Pods,
    ImmutableArray<(MigrationPhase Phase, TimeSpan Duration)> Phases,
    ImmutableArray<PhaseProbe> Probes,
    ContinuousProbeResult? Traffic,
    string? Policies,
    TimeSpan Duration)
{
    public string Result => Last switch
    {
        MigrationCompleted => "Succeeded",
        MigrationHeld => "Held",
        MigrationPaused => "Paused",
        _ => "Failed",
    };

    public int ExitCode => Last switch
    {
        MigrationCompleted => ExitCodes.Success,
        MigrationHeld or MigrationPaused => ExitCodes.Findings,
        _ => ExitCodes.Error,
    };

    public JsonObject ToJson() => new()
    {
        ["result"] = Result,
        ["scenario"] = Plan.Scenario,
        ["nodes"] = Plan.Nodes.Length,
        ["pods"] = Pods is null ? null : new JsonObject
        {
            ["total"] = Pods.Values.Sum(),
            ["calico"] = Pods.GetValueOrDefault(PodNetwork.Calico),
            ["multus"] = Pods.GetValueOrDefault(PodNetwork.Multus),
            ["antrea"] = Pods.GetValueOrDefault(PodNetwork.Antrea),
        },
        ["phases"] = new JsonArray([.. Phases.Select(p => new JsonObject
        {
            ["name"] = p.Phase.ToString(),
            ["seconds"] = Math.Round(p.Duration.TotalSeconds, 3),
        })]),
        ["probes"] = new JsonArray([.. Probes.Select(p => new JsonObject
        {
            ["phase"] = p.Phase,
            ["source"] = p.Source,
            ["total"] = p.Result.Total,
            ["success"] = p.Result.Success,
            ["failure"] = p.Result.Failure,
        })]),
        ["flows"] = new JsonArray([.. (Traffic?.Flows ?? []).Select(f => new JsonObject
        {
            ["flow"] = f.Flow,
            ["total"] = f.Total,
            ["failure"] = f.Failure,
            ["longestOutageSeconds"] = Math.Round(f.LongestOutage.TotalSeconds, 3),
        })]),
        ["outages"] = new JsonArray([.. (Traffic?.Outages ?? []).Select(o => new JsonObject
        {
            ["flow"] = o.Flow,
            ["phase"] = o.Phase,
            ["nodes"] = o.Nodes,
            ["start"] = o.Start.ToString("O"),
            ["seconds"] = Math.Round(o.Duration.TotalSeconds, 3),
            ["requestsLost"] = o.RequestsLost,
            ["cause"] = o.Cause.ToString(),
        })]),
        ["prediction"] = new JsonObject
        {
            ["bridge"] = Plan.Bridge.Word(),
            ["pairsCutOff"] = Plan.PredictedLosses.Sum(l => l.Pairs),
            ["asPredicted"] = AsPredicted,
        },
        ["services"] = new JsonArray([.. (Traffic?.Services ?? []).Select(s => new JsonObject
        {
            ["target"] = s.Target.OriginalString,
            ["flows"] = s.Flows,
            ["impairedSeconds"] = Math.Round(s.Impaired.TotalSeconds, 3),
            ["downSeconds"] = Math.Round(s.Down.TotalSeconds, 3),
        })]),
        ["policies"] = Policies,
        ["seconds"] = Math.Round(Duration.TotalSeconds, 3),
        ["stoppedAt"] = (Last as StepFailed)?.Step.Id ?? (Last as MigrationHeld)?.Step.Id ?? (Last as MigrationPaused)?.Step.Id,
        ["stoppedBecause"] = (Last as MigrationPaused)?.Reason ?? (Last as StepFailed)?.Message,
    };

    /// <summary>Whether the watched traffic went as the plan said; null where nothing was watched, or the plan's losses are not about it.</summary>
    private bool? AsPredicted => Traffic is null || !Plan.PredictedLosses.IsEmpty ? null : Traffic.Flows.All(f => f.Failure == 0);

    public void WriteSummary(TextWriter output)
    {
        output.WriteLine();
        output.WriteLine($"── {Result} ".PadRight(60, '─'));
        output.WriteLine($"   Pods      {(Pods is null ? "unknown" : string.Join(", ", Pods.Select(p => $"{p.Value} {p.Key}")))}");
        foreach (var flow in Traffic?.Flows ?? [])
        {
            output.WriteLine(
                $"   Traffic   {flow.Flow}: {flow.Total} requests, {flow.Failure} lost, longest outage {flow.LongestOutage.TotalSeconds:0.0} s");
        }

        if (AsPredicted is { } asPredicted)
        {
            output.WriteLine($"   Predicted no lost request; measured {Traffic!.Flows.Sum(f => f.Failure)} of {Traffic.Flows.Sum(f => f.Total)}: {(asPredicted ? "as predicted" : "NOT as predicted")}");
        }

        foreach (var service in (Traffic?.Services ?? []).Where(s => s.Impaired > TimeSpan.Zero))
        {
            output.WriteLine(
                $"   Service   {service.Target.OriginalString}: {service.Impaired.TotalSeconds:0.0} s impaired, {service.Down.TotalSeconds:0.0} s down for all {service.Flows} flows");
        }

        if (Policies is not null)
        {
            output.WriteLine($"   Policies  {Policies}");
        }

        output.WriteLine($"   Time      {Duration.TotalSeconds:0.0} s");
        switch (Last)
        {
            case MigrationHeld:
                output.WriteLine("   Look at the cluster, then run the command again with --pass-hold to go on to the next hold.");
                break;
            case MigrationPaused paused:
                output.WriteLine($"   Stopped at {paused.Step.Id}: {paused.Reason}");
                output.WriteLine($"   {paused.Next}");
                break;
            case StepFailed failed:
                output.WriteLine($"   Stopped at {failed.Step.Id}. {failed.Next}");
                break;
        }
    }
}
