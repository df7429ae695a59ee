using Antrea.Migration.Connectivity;
using Antrea.Migration.Connectivity.Load;
using BenchmarkDotNet.Attributes;

namespace Antrea.Migration.Benchmarks;

/// <summary>The open model at 5,000/s, by the machine's clock: the time is the schedule's, what counts is memory and how late requests leave,
/// which the log tells for each run. What a request allocates in the steady state is the difference of the two lengths.</summary>
[MemoryDiagnoser]
public class OpenModelProbeBenchmarks
{
    private readonly HttpProbeTransport _transport = new(reuseConnections: true);
    private HelloServer? _server;

    public static IEnumerable<int> Lengths => Scale.Of(1, 4);

    [ParamsSource(nameof(Lengths))]
    public int Seconds { get; set; }

    [GlobalSetup]
    public void Setup() => _server = new HelloServer();

    [GlobalCleanup]
    public void Cleanup()
    {
        _server!.Dispose();
        _transport.Dispose();
    }

    /// <summary>What the schedule itself takes: answers are there at once.</summary>
    [Benchmark]
    public Task<long> AnsweredAtOnce() => Probe(new AtOnce());

    [Benchmark]
    public Task<long> ConnectionsKept() => Probe(_transport);

    private async Task<long> Probe(IProbeTransport transport)
    {
        var options = new OpenModelOptions { Target = _server!.Url, Rate = 5_000, Duration = TimeSpan.FromSeconds(Seconds) };
        var report = await new OpenModelProber(options, transport).ProbeAsync();
        var (late, totals) = (report.Lateness, report.Totals);
        Console.WriteLine(FormattableString.Invariant(
            $"// {transport.GetType().Name} {totals.Success} ok, {totals.Failure} failed, {totals.NotSent} not sent; late p50 {late.P50.TotalMicroseconds} µs, p99 {late.P99.TotalMicroseconds} µs, max {late.Max.TotalMicroseconds} µs"));
        return totals.Success;
    }

    private sealed class AtOnce : IProbeTransport
    {
        private static readonly Task<ProbeResponse> Ok = Task.FromResult(new ProbeResponse(200, 5));

        public Task<ProbeResponse> SendAsync(Uri target, CancellationToken cancellationToken) => Ok;
    }
}
