using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Clusters;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Verification;
using BenchmarkDotNet.Attributes;

namespace Antrea.Migration.Benchmarks;

/// <summary>Reading, converting and proving the policies of a cluster: ten policies and ten Pods in each Namespace.</summary>
/// <remarks><c>ANTREA_MIGRATION_BENCHMARK_NAMESPACES=14,140,1400</c> says how many Namespaces; 14 without it.</remarks>
[MemoryDiagnoser]
public class PolicyConversionBenchmarks
{
    private readonly PolicyConversionOptions _options = new() { AntreaVersion = "v2.7.0" };
    private PolicyScale? _scale;
    private ClusterSnapshot _snapshot = new();
    private PolicyConversion? _conversion;

    public static IEnumerable<int> Sizes =>
        (Environment.GetEnvironmentVariable("ANTREA_MIGRATION_BENCHMARK_NAMESPACES") ?? "14").Split(',').Select(int.Parse);

    [ParamsSource(nameof(Sizes))]
    public int Namespaces { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _scale = new PolicyScale(Namespaces);
        _snapshot = Read().GetAwaiter().GetResult();
        _conversion = Convert();
        if (_conversion.HasRefusals)
        {
            throw new InvalidOperationException($"Refused: {_conversion.Findings[0]}");
        }

        if (ProveExisting() != ProofVerdict.Equal || ProveFuture() != ProofVerdict.Equal)
        {
            throw new InvalidOperationException("The conversion is not proven.");
        }
    }

    [GlobalCleanup]
    public void Cleanup() => _scale?.Dispose();

    [Benchmark]
    public Task<ClusterSnapshot> Read() => new FolderClusterReader(_scale!.Folder).ReadAsync();

    [Benchmark]
    public PolicyConversion Convert() => PolicyConverter.Convert(_snapshot, _options);

    [Benchmark]
    public ProofVerdict ProveExisting() => Prove(ProofScope.Existing);

    [Benchmark]
    public ProofVerdict ProveFuture() => Prove(ProofScope.Future);

    [Benchmark(Baseline = true)]
    public async Task<ProofVerdict> ReadConvertAndProve()
    {
        var snapshot = await Read().ConfigureAwait(false);
        var conversion = PolicyConverter.Convert(snapshot, _options);
        return PolicyVerifier.Verify(snapshot, conversion, _options, ProofScope.Future).Verdict;
    }

    private ProofVerdict Prove(ProofScope scope) => PolicyVerifier.Verify(_snapshot, _conversion!, _options, scope).Verdict;
}

/// <summary>Selectors evaluated on labels, a thousand an invocation.</summary>
[MemoryDiagnoser]
public class SelectorBenchmarks
{
    private const int Pods = 1000;

    private readonly CalicoSelector _selector = CalicoSelector.Parse("app in {'a1', 'a2'} && tier == 'front' && !has(canary) || projectcalico.org/namespace != 'dev'");

    private readonly Dictionary<string, string>[] _labels =
    [
        .. Enumerable.Range(0, Pods).Select(i => new Dictionary<string, string>
        {
            ["app"] = $"a{i % 10}", ["tier"] = i % 3 == 0 ? "front" : "back", ["projectcalico.org/namespace"] = i % 7 == 0 ? "dev" : $"ns-{i % 50}",
        }),
    ];

    [Benchmark(OperationsPerInvoke = Pods)]
    public int Evaluate() => _labels.Count(_selector.Matches);
}
