using Antrea.Migration.Connectivity;
using Antrea.Migration.Lab;

namespace Antrea.Migrator.Commands;

/// <summary>What one probe between two phases saw.</summary>
internal sealed record PhaseProbe(string Phase, string Source, ProbeResult Result);

/// <summary>The lab's traffic during a migration: the seed's load test between phases, and a slow probe that never stops.</summary>
internal sealed class TrafficWatch : IAsyncDisposable
{
    public static readonly Uri Target = new("http://nginx-origin");

    private const string Source = "deployment/client";
    private readonly ProbeOptions _options;
    private readonly TextWriter _output;
    private readonly HttpProbeTransport _fromClient;
    private readonly HttpProbeTransport _fromNode;
    private readonly ContinuousProbe _continuous;
    private readonly List<PhaseProbe> _probes = [];

    public TrafficWatch(LabCluster lab, ProbeOptions options, TextWriter output)
    {
        _options = options;
        _output = output;
        _fromClient = new HttpProbeTransport(lab.ConnectFrom("default", "client").Invoke);
        _fromNode = new HttpProbeTransport(lab.ConnectFromNode(lab.NodeNames[0]).Invoke);
        _continuous = new ContinuousProbe(
            [
                new ProbeFlow("default/client → nginx-origin", Target, _fromClient),
                new ProbeFlow($"{lab.NodeNames[0]} → nginx-origin", lab.ServiceUri("default", "nginx-origin"), _fromNode),
            ],
            new ContinuousProbeOptions { Interval = TimeSpan.FromMilliseconds(250) });
    }

    public IReadOnlyList<PhaseProbe> Probes => _probes;

    public void Start() => _continuous.Start();

    public void EnterPhase(string name) => _continuous.EnterPhase(name);

    /// <summary>Runs the seed's load test once and prints its result in a line.</summary>
    public async Task ProbeAsync(string phase, CancellationToken cancellationToken)
    {
        var result = await new ConnectivityProber(_options, _fromClient).ProbeAsync(cancellationToken);
        _probes.Add(new PhaseProbe(phase, Source, result));
        await _output.WriteLineAsync(
            $"   ⇄ /client -c {_options.Workers} -n {_options.Requests} -url {Target.OriginalString}: "
            + $"{result.Total} requests, {result.Failure} failed, {result.SuccessRate:0.000000}% "
            + $"in {GoDuration.FromTimeSpan(result.Elapsed)}"
            + (result.Failures.IsEmpty ? "" : $" ({string.Join(", ", result.Failures)})"));
    }

    public Task<ContinuousProbeResult> StopAsync(CancellationToken cancellationToken) => _continuous.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _continuous.DisposeAsync();
        _fromClient.Dispose();
        _fromNode.Dispose();
    }
}
