using Antrea.Migration.Connectivity.Load;
using BenchmarkDotNet.Attributes;

namespace Antrea.Migration.Benchmarks;

/// <summary>Closed loops of ten workers against a server in this process. What a request allocates in the steady state is the difference
/// of the two sizes, since both runs make the same connections and histograms.</summary>
[MemoryDiagnoser]
public class ClosedLoopProbeBenchmarks
{
    private const int Workers = 10;

    private HelloServer? _server;

    public static IEnumerable<int> Sizes => Scale.Of(10_000, 110_000);

    [ParamsSource(nameof(Sizes))]
    public int Requests { get; set; }

    [GlobalSetup]
    public async Task Setup()
    {
        _server = new HelloServer();
        if (await Prober() != Requests || await HttpClients() != Requests)
        {
            throw new InvalidOperationException("Not every request was answered well.");
        }
    }

    [GlobalCleanup]
    public void Cleanup() => _server!.Dispose();

    /// <summary>What a program without a prober would write.</summary>
    [Benchmark(Baseline = true)]
    public async Task<long> HttpClients()
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var answered = 0L;
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async _ =>
        {
            for (var i = 0; i < Requests / Workers; i++)
            {
                using var response = await client.GetAsync(_server!.Url).ConfigureAwait(false);
                Interlocked.Add(ref answered, response.IsSuccessStatusCode ? 1 : 0);
            }
        }));
        return answered;
    }

    [Benchmark]
    public async Task<long> Prober()
    {
        var options = new ClosedLoopOptions { Target = _server!.Url, Workers = Workers, Requests = Requests, Duration = TimeSpan.FromHours(1) };
        return (await new ClosedLoopProber(options).ProbeAsync()).Totals.Success;
    }
}
