using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;
using Antrea.Migration.Planning;
using BenchmarkDotNet.Attributes;

namespace Antrea.Migration.Benchmarks;

/// <summary>Planning the migration of a whole cluster of thirty Pods a Node, all findings, predictions and steps included.</summary>
[MemoryDiagnoser]
public class PlanBenchmarks
{
    private MigrationOptions _options = new();
    private PlanScale? _scale;
    private ClusterSnapshot _snapshot = new();

    public static IEnumerable<int> Sizes => Scale.Of(100, 1000, 5000);

    [ParamsSource(nameof(Sizes))]
    public int Nodes { get; set; }

    /// <summary>Whether every Node's block lies in a PodCIDR, so that all Pods must move.</summary>
    [Params(false, true)]
    public bool Overlapped { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _scale = new PlanScale(Nodes, Overlapped);
        _snapshot = Read().GetAwaiter().GetResult();
        _options = new MigrationOptions
        {
            Bridge = BridgeKind.PolicyRoute,
            AntreaManifest = ObjectReader.Read(
                """
                apiVersion: apps/v1
                kind: DaemonSet
                metadata: {name: antrea-agent, namespace: kube-system}
                spec: {template: {spec: {containers: [{name: antrea-agent, image: "antrea/antrea-agent-ubuntu:v2.7.0"}]}}}
                """,
                "antrea.yml"),
        };
        var plan = Plan();
        if (!plan.IsExecutable || plan.Steps.Length < 5 * Nodes || (plan.Readdressing is not null) != Overlapped)
        {
            throw new InvalidOperationException(
                $"No plan, or not the one for this cluster: {plan.Steps.Length} steps, readdressing {plan.Readdressing is not null}, "
                + $"blocker {plan.Findings.FirstOrDefault(f => f.Severity == Severity.Blocker)?.ToString() ?? "none"}");
        }
    }

    [GlobalCleanup]
    public void Cleanup() => _scale?.Dispose();

    /// <summary>Reading the cluster's objects from JSON files.</summary>
    [Benchmark]
    public Task<ClusterSnapshot> Read() => new FolderClusterReader(_scale!.Folder).ReadAsync();

    [Benchmark(Baseline = true)]
    public MigrationPlan Plan() => MigrationPlanner.Plan(_snapshot, _options);
}
