using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using System.Text.Json.Nodes;
using Antrea.Migration;
using Antrea.Migration.Bridge;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;
using Antrea.Migrator.Output;

namespace Antrea.Migrator.Commands;

/// <summary>One run of a migration, watched and written down.</summary>
internal sealed class MigrationRun(TextWriter output, MigrationPlan plan, MigrationExecutor executor, TrafficWatch? watch, Hooks? hooks)
{
    private readonly ImmutableArray<(MigrationPhase Phase, TimeSpan Duration)>.Builder _phases = ImmutableArray.CreateBuilder<(MigrationPhase, TimeSpan)>();
    private MigrationEvent? _last;
    private MigrationStep? _lastEnded;
    private StepCompleted? _policies;

    /// <summary>What the plan's partition does to the flows that are watched; empty without one.</summary>
    public ImmutableDictionary<FlowName, FlowForecast> Forecasts { get; init; } = [];

    /// <summary>How far its parts were before this run.</summary>
    public PartitionProgress AtStart { get; init; }

    /// <summary>Runs to the end, to a stop, until it is interrupted or cannot go on: what was seen until then is in the result too.</summary>
    public async Task<MigrationRunResult> ExecuteAsync(
        MigrationOptions options, ExecutionOptions execution, CancellationToken cancellationToken)
    {
        var started = TimeProvider.System.GetTimestamp();
        var console = new MigrationConsole(output, plan) { AtStart = AtStart, NodesAtOnce = execution.NodesAtOnce };
        watch?.Start();
        var isInterrupted = false;
        MigrationException? failure = null;
        try
        {
            await FollowAsync(console, options, execution, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            isInterrupted = true;
        }
        catch (MigrationException e)
        {
            failure = e;
            if (hooks?.Failure is { } hook)
            {
                console.Line($"   ‖ {hook.Reason}");
            }
        }

        var traffic = watch is null ? null : await watch.StopAsync(CancellationToken.None);
        return new MigrationRunResult(
            plan,
            isInterrupted || failure is not null ? null : _last!,
            isInterrupted ? null : await CountPodsAsync(cancellationToken),
            _phases.ToImmutable(),
            [.. watch?.Probes ?? []],
            traffic,
            _policies?.Detail,
            TimeProvider.System.GetElapsedTime(started))
        {
            Failure = failure,
            Forecasts = Forecasts,
            AtStart = AtStart,
            NodesAtOnce = execution.NodesAtOnce,
        };
    }

    private async Task FollowAsync(MigrationConsole console, MigrationOptions options, ExecutionOptions execution, CancellationToken cancellationToken)
    {
        if (watch is not null)
        {
            watch.EnterPhase("Before");
            output.WriteLine();
            await watch.ProbeAsync("Before", cancellationToken);
        }

        await foreach (var item in executor.ExecuteAsync(plan, options, execution, cancellationToken))
        {
            console.Write(item);
            _last = item;
            if (item is PhaseStarted begun)
            {
                watch?.EnterPhase(begun.Phase.ToString());
            }
            else if (item is StepCompleted { Step.Kind: MigrationStepKind.ConvertPolicies } converted)
            {
                _policies = converted;
            }
            else if (item is PhaseCompleted ended)
            {
                _phases.Add((ended.Phase, ended.Duration));
                if (watch is not null && ChangesTraffic(ended.Phase))
                {
                    await watch.ProbeAsync(ended.Phase.ToString(), cancellationToken);
                }
            }

            if (hooks is not null)
            {
                _lastEnded = LastStepOf(item) ?? _lastEnded;
                await hooks.ObserveAsync(item, cancellationToken);
            }
        }

        TellFailedHooks(console);
    }

    /// <summary>A hook that failed when nothing else was to come, or that failed beside what the run ended with, is told too.</summary>
    private void TellFailedHooks(MigrationConsole console)
    {
        if (hooks?.Failure is not { } failure || (_last as MigrationPaused)?.Reason == failure.Reason)
        {
            return;
        }

        var stop = new MigrationPaused(_last!.Time, _lastEnded ?? plan.Steps[0], "the next change", failure.Reason, failure.Next);
        console.Write(stop);
        if (_last is not StepFailed)
        {
            _last = stop;
        }
    }

    /// <summary>Null where a failed run has left the cluster out of reach, or nobody wants to wait for it: the report is written all the same.</summary>
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
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private MigrationStep? LastStepOf(MigrationEvent item) => item switch
    {
        StepCompleted completed => completed.Step,
        PhaseCompleted completed => plan.Steps.Last(s => s.Phase == completed.Phase),
        _ => null,
    };

    private static bool ChangesTraffic(MigrationPhase phase) =>
        phase is MigrationPhase.Addresses or MigrationPhase.InstallAntrea or MigrationPhase.Policies or MigrationPhase.MultusPods or MigrationPhase.AntreaPods
            or MigrationPhase.RemoveCalico;
}

/// <summary>What a run came to: the summary for people and the report for machines say the same.</summary>
/// <param name="Plan">What was carried out.</param>
/// <param name="Last">How it ended; null when it was interrupted, or could not go on.</param>
/// <param name="Pods">How many there are on each network; null where nobody could or would count them.</param>
/// <param name="Phases">How long each phase took that has ended.</param>
/// <param name="Probes">The load tests between them.</param>
/// <param name="Traffic">What was watched; null for nothing.</param>
/// <param name="Policies">How they were converted; null when they were not.</param>
/// <param name="Duration">Of all of it.</param>
internal sealed record MigrationRunResult(
    MigrationPlan Plan,
    MigrationEvent? Last,
    ImmutableSortedDictionary<PodNetwork, int>? Pods,
    ImmutableArray<(MigrationPhase Phase, TimeSpan Duration)> Phases,
    ImmutableArray<PhaseProbe> Probes,
    ContinuousProbeResult? Traffic,
    string? Policies,
    TimeSpan Duration)
{
    /// <summary>What the plan's partition does to the flows that are watched; empty without one.</summary>
    public ImmutableDictionary<FlowName, FlowForecast> Forecasts { get; init; } = [];

    /// <summary>How far its parts were before this run.</summary>
    public PartitionProgress AtStart { get; init; }

    /// <summary>How many Nodes were changed side by side.</summary>
    public int NodesAtOnce { get; init; } = ExecutionOptions.DefaultNodesAtOnce;

    /// <summary>Why it could not go on, where that was no step's failure: another run holds the migration, or its journal cannot be written; else null.</summary>
    public MigrationException? Failure { get; init; }

    public string Result => Last switch
    {
        MigrationCompleted => "Succeeded",
        MigrationHeld => "Held",
        MigrationPaused => "Paused",
        null when Failure is null => "Interrupted",
        _ => "Failed",
    };

    /// <summary>What the program ends with, once all of it is written.</summary>
    /// <exception cref="OperationCanceledException">It was interrupted.</exception>
    /// <exception cref="MigrationException">It could not go on.</exception>
    public int ExitCode()
    {
        if (Failure is not null)
        {
            ExceptionDispatchInfo.Throw(Failure);
        }

        return Last switch
        {
            MigrationCompleted => ExitCodes.Success,
            MigrationHeld or MigrationPaused => ExitCodes.Findings,
            null => throw new OperationCanceledException(),
            _ => ExitCodes.Error,
        };
    }

    public JsonObject ToJson()
    {
        var json = Report();
        if (HasMovedBothParts && Plan.Partition is { } parts)
        {
            json["prediction"]!["secondsApart"] = PredictedApart(parts).TotalSeconds;
            json["secondsApart"] = Math.Round(TimeApart.TotalSeconds, 3);
        }

        return json;
    }

    /// <summary>Whether this run moved both parts of a partition; one that stopped at a hold, or went on behind it, knows of one only, though it looks at the other's steps again.</summary>
    private bool HasMovedBothParts => Plan.Undoes is null && AtStart == PartitionProgress.NotBegun && Phases.Count(p => IsApart(p.Phase)) == 2;

    /// <summary>How long the parts of a partition took to move.</summary>
    private TimeSpan TimeApart => Phases.Where(p => IsApart(p.Phase)).Aggregate(TimeSpan.Zero, (sum, p) => sum + p.Duration);

    private TimeSpan PredictedApart(NodePartition parts) => parts.TimeApart + parts.MoreTimeApart(NodesAtOnce);

    private JsonObject Report() => new()
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
        ["flows"] = new JsonArray([.. (Traffic?.Flows ?? []).Select(WithForecast)]),
        ["outages"] = new JsonArray([.. (Traffic?.Outages ?? []).Select(TrafficJson.Of)]),
        ["prediction"] = new JsonObject
        {
            ["bridge"] = Plan.Bridge.Word(),
            ["policyChanges"] = Plan.PredictedPolicyChanges.Length,
            ["pairsCutOff"] = Plan.PredictedLosses.Sum(l => l.Pairs),
            ["asPredicted"] = AsPredicted,
        },
        ["services"] = new JsonArray([.. (Traffic?.Services ?? []).Select(TrafficJson.Of)]),
        ["policies"] = Policies,
        ["seconds"] = Math.Round(Duration.TotalSeconds, 3),
        ["stoppedAt"] = (Last as StepFailed)?.Step.Id ?? (Last as MigrationHeld)?.Step.Id ?? (Last as MigrationPaused)?.Step.Id,
        ["stoppedBecause"] = (Last as MigrationPaused)?.Reason ?? (Last as StepFailed)?.Message ?? Failure?.Message,
    };

    /// <summary>Whether the watched traffic went as the plan said; null where nothing was watched, or the plan's losses are not about it. A partition
    /// loses nothing but while a part moves or the two are apart; what is lost then is judged flow by flow.</summary>
    private bool? AsPredicted => Traffic is null || !Plan.PredictedPolicyChanges.IsEmpty ? null
        : Plan.Partition is not null ? Judge(Traffic)
        : Plan.PredictedLosses.IsEmpty ? Traffic.Flows.All(f => f.Failure == 0)
        : null;

    /// <summary>No, where one flow says no; yes, where all that have lost something say yes.</summary>
    private bool? Judge(ContinuousProbeResult traffic)
    {
        var verdicts = traffic.Flows.Select(f => JudgeFlow(f.Flow) ?? JudgeUnknown(LostBy(f.Flow))).ToList();
        return verdicts.Contains(false) ? false : verdicts.Contains(null) ? null : true;
    }

    /// <summary>Whether the flow lost what was foretold of it; null where nothing was, or the run did not end well enough to tell.</summary>
    private bool? JudgeFlow(FlowName flow) =>
        Plan.Undoes is null && Forecasts.TryGetValue(flow, out var forecast) ? forecast.Agrees(LostBy(flow), [.. Phases.Select(p => p.Phase)], AtStart) : null;

    /// <summary>Of what nobody knows the ends.</summary>
    private bool? JudgeUnknown(List<OutageWindow> lost) => lost.Count == 0 ? true : Plan.Undoes is not null || FlowForecast.OfUnknownEnds.Agrees(lost, [], AtStart) ? null : false;

    private List<OutageWindow> LostBy(FlowName flow) => [.. (Traffic?.Outages ?? []).Where(o => o.Flow == flow && o.RequestsLost > 0)];

    private JsonObject WithForecast(FlowTotals totals)
    {
        var json = TrafficJson.Of(totals);
        if (Plan.Undoes is null && Forecasts.TryGetValue(totals.Flow, out var forecast))
        {
            json["prediction"] = new JsonObject
            {
                ["phases"] = new JsonArray([.. forecast.Phases.Select(p => (JsonNode)p.ToString())]),
                ["brokenPairs"] = forecast.BrokenPairs,
                ["pairs"] = forecast.Pairs,
                ["isWhole"] = forecast.IsWhole,
                ["asPredicted"] = JudgeFlow(totals.Flow),
            };
        }

        return json;
    }

    private string ForecastOf(FlowTotals totals)
    {
        if (Plan.Undoes is not null || !Forecasts.TryGetValue(totals.Flow, out var forecast))
        {
            return "";
        }

        var predicted = forecast.IsWhole
            ? "all lost while the parts are apart"
            : $"{forecast.BrokenPairs} of {forecast.Pairs} pairs apart, losses in {(forecast.Phases.IsEmpty ? "none" : string.Join(" and ", forecast.Phases))}";
        var lost = LostBy(totals.Flow);
        var phases = lost.Count == 0 ? "none" : string.Join(" and ", lost.Select(o => o.Phase).Distinct());
        return $"; predicted {predicted}; lost in {phases}: {Verdict(JudgeFlow(totals.Flow) == true)}";
    }

    private static string Verdict(bool asPredicted) => asPredicted ? "as predicted" : "NOT as predicted";

    private static bool IsApart(MigrationPhase phase) => phase is MigrationPhase.FirstPart or MigrationPhase.SecondPart;

    /// <summary>Prints the summary and writes the report, also of a run that was interrupted or could not go on: that is when somebody wants to look.</summary>
    /// <param name="output">Where the summary goes.</param>
    /// <param name="report">The file for the report; null for none.</param>
    public async Task WriteAsync(TextWriter output, string? report)
    {
        WriteSummary(output);
        if (report is not null)
        {
            await WholeFile.WriteAsync(report, JsonOutput.Format(ToJson()) + "\n", CancellationToken.None);
        }
    }

    private void WriteSummary(TextWriter output)
    {
        output.WriteLine();
        output.WriteLine($"── {Result} ".PadRight(60, '─'));
        output.WriteLine($"   Pods      {(Pods is null ? "unknown" : string.Join(", ", Pods.Select(p => $"{p.Value} {p.Key}")))}");
        foreach (var flow in Traffic?.Flows ?? [])
        {
            var notSent = flow.NotSent > 0 ? $" {flow.NotSent} not sent," : "";
            var outage = $"longest outage {flow.LongestOutage.TotalSeconds:0.0} s";
            output.WriteLine($"   Traffic   {flow.Flow}: {flow.Total} requests, {flow.Failure} lost,{notSent} {outage}{ForecastOf(flow)}");
        }

        if (AsPredicted is { } asPredicted)
        {
            var but = Plan.Partition is null ? "" : " but while the parts were apart";
            var measured = $"{Traffic!.Flows.Sum(f => f.Failure)} of {Traffic.Flows.Sum(f => f.Total)}";
            output.WriteLine($"   Predicted no lost request{but}; measured {measured}: {Verdict(asPredicted)}");
        }

        if (HasMovedBothParts && Plan.Partition is { } parts)
        {
            output.WriteLine($"   Apart     {TimeApart.TotalSeconds:0.0} s, without the hold; predicted {PredictedApart(parts).TotalSeconds:0} s");
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
