using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Planning;

namespace Antrea.Migrator.Commands;

/// <summary>What one probe between two phases saw.</summary>
internal sealed record PhaseProbe(string Phase, string Source, ProbeResult Result);

/// <summary>The traffic during a migration: slow probes that never stop, a budget for what they lose, and in a lab the seed's load test
/// between phases.</summary>
internal sealed class TrafficWatch : IAsyncDisposable
{
    private const string Source = "deployment/client";
    private readonly LabTraffic? _lab;
    private readonly ProbePods? _pods;
    private readonly TextWriter _output;
    private readonly ImmutableArray<ProbeFlow> _flows;
    private readonly ContinuousProbe _continuous;
    private readonly BudgetGate? _budget;
    private readonly List<PhaseProbe> _probes = [];

    public TrafficWatch(
        LabTraffic? lab,
        ProbePods? pods,
        IEnumerable<ProbeFlow> flows,
        TimeSpan interval,
        (ErrorBudget Budget, BreachAction Action)? budget,
        TextWriter output)
    {
        (_lab, _pods, _output) = (lab, pods, output);
        _flows = [.. lab?.Flows ?? [], .. flows];
        _continuous = new ContinuousProbe(_flows, new ContinuousProbeOptions { Interval = interval });
        _budget = budget is { } limits ? new BudgetGate(_continuous, limits.Budget, limits.Action) : null;
    }

    public IReadOnlyList<PhaseProbe> Probes => _probes;

    /// <summary>Tells the probes what is going on; with a budget, stops the migration when too much is lost.</summary>
    public IMigrationGate Gate => _budget ?? (IMigrationGate)new NotingGate(_continuous);

    /// <summary>What a partition does to each flow whose ends are in the cluster.</summary>
    public ImmutableDictionary<FlowName, FlowForecast> Forecast(ClusterSnapshot snapshot, NodePartition partition) =>
        _flows.Select(f => (f.Name, Forecast: FlowForecast.Of(snapshot, partition, f.Name.Source, f.Target))).Where(f => f.Forecast is not null)
            .ToImmutableDictionary(f => f.Name, f => f.Forecast!);

    public void Start() => _continuous.Start();

    public void EnterPhase(string name) => _continuous.EnterPhase(name);

    /// <summary>Runs the seed's load test once and prints its result in a line; nothing without a lab.</summary>
    public async Task ProbeAsync(string phase, CancellationToken cancellationToken)
    {
        if (_lab is null)
        {
            return;
        }

        var result = await _lab.ProbeAsync(cancellationToken);
        _probes.Add(new PhaseProbe(phase, Source, result));
        await _output.WriteLineAsync(
            $"   ⇄ /client -c {_lab.Load.Workers} -n {_lab.Load.Requests} -url {LabTraffic.Target.OriginalString}: "
            + $"{result.Total} requests, {result.Failure} failed, {result.SuccessRate:0.000000}% "
            + $"in {GoDuration.FromTimeSpan(result.Elapsed)}"
            + (result.Failures.IsEmpty ? "" : $" ({string.Join(", ", result.Failures)})"));
    }

    public Task<ContinuousProbeResult> StopAsync(CancellationToken cancellationToken) => _continuous.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (_budget is not null)
        {
            await _budget.DisposeAsync();
        }

        await _continuous.DisposeAsync();
        _lab?.Dispose();
        if (_pods is not null)
        {
            await _pods.DisposeAsync();
        }
    }
}
