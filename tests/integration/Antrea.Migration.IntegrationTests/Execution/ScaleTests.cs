using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Antrea.Migration.Addressing;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>What a migration asks of the API server for each Pod does not depend on how large the cluster is.</summary>
public sealed class ScaleTests
{
    private const int PodsPerNode = 10;
    private const int PodsPerWorkload = 5;
    private const int WorkloadsPerNamespace = 20;

    /// <summary>A run's figures. Reads of what nobody had changed since it was last read are polls and left out: their number is a matter of time.</summary>
    private sealed record Figures(int Nodes, long Calls, long Commands, long Bytes);

    [TestCase(BridgeKind.PolicyRoute)]
    [TestCase(BridgeKind.Multus)]
    [CancelAfter(600_000)]
    public async Task Another_Pod_costs_no_more_calls_in_a_larger_cluster(BridgeKind bridge, CancellationToken cancellationToken)
    {
        var (small, middle, large) = (
            await MigrateAsync(4, bridge, cancellationToken), await MigrateAsync(8, bridge, cancellationToken), await MigrateAsync(16, bridge, cancellationToken));

        using (Assert.EnterMultipleScope())
        {
            // Twice the Pods may add twice as much; a quarter more is for what is counted by chance.
            Assert.That(large.Calls - middle.Calls, Is.LessThan(2.5 * (middle.Calls - small.Calls)), "calls");
            Assert.That(large.Commands - middle.Commands, Is.LessThan(2.5 * (middle.Commands - small.Commands)), "commands on Nodes");
            Assert.That(large.Bytes - middle.Bytes, Is.LessThan(2.5 * (middle.Bytes - small.Bytes)), "bytes, the journal's aside");
        }
    }

    [TestCase(BridgeKind.PolicyRoute)]
    [CancelAfter(7_200_000)]
    public Task A_thousand_Nodes_with_ten_thousand_Pods_are_migrated(BridgeKind bridge, CancellationToken cancellationToken)
    {
        Requires.LongRun();
        var nodes = Environment.GetEnvironmentVariable("ANTREA_MIGRATION_SCALE_NODES") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : 1000;
        return MigrateAsync(nodes, bridge, cancellationToken);
    }

    private static async Task<Figures> MigrateAsync(int nodes, BridgeKind bridge, CancellationToken cancellationToken)
    {
        var commands = 0L;
        var watch = Stopwatch.StartNew();
        await using var migration = await LabMigration.StartAsync(
            cancellationToken,
            new LabClusterOptions
            {
                Name = "scale",
                Workers = nodes - 1,
                PodSubnet = Cidr.Parse("10.0.0.0/12"),
                CalicoPool = Cidr.Parse("10.64.0.0/12"),
                Workloads = false,
                ExtraObjects = Workloads(nodes * PodsPerNode),
                Faults = request =>
                {
                    Interlocked.Add(ref commands, request.Subresource == "exec" ? 1 : 0);
                    return null;
                },
            },
            bridge);
        var built = watch.Elapsed;
        migration.Options = migration.Options with { MaxUnavailable = 20, StepTimeout = TimeSpan.FromMinutes(10), PollInterval = TimeSpan.FromMilliseconds(50) };
        watch.Restart();
        var plan = await migration.PlanAsync(cancellationToken);
        var planned = watch.Elapsed;
        var counter = new CallCounter();
        using var client = migration.Client(counter);
        watch.Restart();
        var events = await migration.ExecuteAsync(plan, new MigrationExecutor(client, new ConfigMapJournal(client)), cancellationToken);
        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));

        var pods = nodes * PodsPerNode;
        var text = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"{bridge}, {nodes} Nodes, {pods} Pods: built in {built.TotalSeconds:0.0} s, planned in {planned.TotalSeconds:0.0} s, migrated in {watch.Elapsed.TotalSeconds:0.0} s")
            .AppendLine(CultureInfo.InvariantCulture, $"{(double)counter.Calls / pods:0.0} calls a Pod ({counter.Polls} polls more), {(double)commands / nodes:0.0} commands a Node, {counter.Bytes / 1024.0 / pods:0.0} KiB a Pod; {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB at the peak, the lab's share in it");
        foreach (var kind in counter.ByKind.OrderByDescending(k => k.Value).Take(12))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{kind.Value,10} {kind.Key}");
        }

        foreach (var steps in events.OfType<StepCompleted>().GroupBy(e => (e.Step.Phase, e.Step.Kind)).OrderByDescending(g => g.Sum(e => e.Duration.TotalSeconds)).Take(12))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{steps.Sum(e => e.Duration.TotalSeconds),10:0.0} s {steps.Key.Phase}/{steps.Key.Kind}, {steps.Count()} steps");
        }

        TestContext.Out.WriteLine(text);
        return new Figures(nodes, counter.Calls, Interlocked.Read(ref commands), counter.Bytes);
    }

    private static string Workloads(int pods)
    {
        var text = new StringBuilder();
        for (var i = 0; i * PodsPerWorkload < pods; i++)
        {
            var (app, team) = ($"app-{i}", $"team-{i / WorkloadsPerNamespace}");
            if (i % WorkloadsPerNamespace == 0)
            {
                text.Append(CultureInfo.InvariantCulture, $$"""
                    apiVersion: v1
                    kind: Namespace
                    metadata: {name: {{team}} }
                    ---

                    """);
            }

            text.Append(CultureInfo.InvariantCulture, $$"""
                apiVersion: apps/v1
                kind: Deployment
                metadata: {name: {{app}}, namespace: {{team}} }
                spec:
                  replicas: {{Math.Min(PodsPerWorkload, pods - (i * PodsPerWorkload))}}
                  selector: {matchLabels: {app: {{app}} } }
                  template:
                    metadata: {labels: {app: {{app}} } }
                    spec: {containers: [{name: main, image: pause}]}
                ---

                """);
        }

        return text.ToString();
    }

    /// <summary>Counts a client's requests.</summary>
    private sealed class CallCounter : DelegatingHandler
    {
        private readonly HashSet<string> _known = [];
        private readonly ConcurrentDictionary<string, int> _byKind = new();
        private long _calls;
        private long _polls;
        private long _bytes;

        public long Calls => Interlocked.Read(ref _calls);

        public long Polls => Interlocked.Read(ref _polls);

        public long Bytes => Interlocked.Read(ref _bytes);

        public IReadOnlyDictionary<string, int> ByKind => _byKind;

        private static bool IsList(string path) => path.Contains("limit=", StringComparison.Ordinal);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var path = request.RequestUri!.PathAndQuery;
            var isOwn = path.Contains("/leases/", StringComparison.Ordinal) || path.Contains("/configmaps/", StringComparison.Ordinal);
            bool isPoll;
            lock (_known)
            {
                if (request.Method != HttpMethod.Get && !isOwn)
                {
                    // What was listed before may look different now. One object that is asked for twice is waited for.
                    _known.RemoveWhere(IsList);
                }

                isPoll = request.Method == HttpMethod.Get && !_known.Add(path);
            }

            var response = await base.SendAsync(request, cancellationToken);
            if (isPoll || path.Contains("/leases/", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _polls);
                return response;
            }

            await response.Content.LoadIntoBufferAsync(cancellationToken);
            Interlocked.Increment(ref _calls);
            Interlocked.Add(ref _bytes, isOwn ? 0 : response.Content.Headers.ContentLength ?? 0);
            _byKind.AddOrUpdate($"{request.Method} {request.RequestUri.Segments.LastOrDefault(s => s.TrimEnd('/').EndsWith('s'), "?").TrimEnd('/')}", 1, (_, n) => n + 1);
            return response;
        }
    }
}
