using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Antrea.Migration.Addressing;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.Scenarios;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>What a migration asks of the API server for each Pod does not depend on how large the cluster is.</summary>
public sealed class ScaleTests
{
    private const int PodsPerNode = 10;
    private const int PodsPerWorkload = 5;
    private const int WorkloadsPerNamespace = 20;

    /// <summary>A run's figures. Reads of what nobody had changed since it was last read are polls and left out, on Nodes too: their number is a matter of time.</summary>
    private sealed record Figures(int Nodes, long Calls, long Commands, long Bytes);

    [TestCase(BridgeKind.PolicyRoute)]
    [TestCase(BridgeKind.Multus)]
    [CancelAfter(600_000)]
    public async Task Another_Pod_costs_no_more_calls_in_a_larger_cluster(BridgeKind bridge, CancellationToken cancellationToken) => AssertLinear(
        await MigrateAsync(Apart(4), bridge, cancellationToken), await MigrateAsync(Apart(8), bridge, cancellationToken), await MigrateAsync(Apart(16), bridge, cancellationToken));

    /// <summary>Calico lies in the PodCIDRs of every Node: each Pod moves once more, and then its Nodes' routes are looked through.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task Another_Pod_costs_no_more_calls_in_a_larger_cluster_where_all_addresses_move_first(CancellationToken cancellationToken) => AssertLinear(
        await MigrateAsync(Overlapping(LabScenario.Crowded, 4), BridgeKind.PolicyRoute, cancellationToken, "MostOverlap"),
        await MigrateAsync(Overlapping(LabScenario.Crowded, 8), BridgeKind.PolicyRoute, cancellationToken, "MostOverlap"),
        await MigrateAsync(Overlapping(LabScenario.Crowded, 16), BridgeKind.PolicyRoute, cancellationToken, "MostOverlap"));

    /// <summary>One Node overlaps in each of these.</summary>
    [Test]
    [CancelAfter(600_000)]
    public async Task Another_Pod_costs_no_more_calls_in_a_larger_cluster_where_one_Node_is_drained_first(CancellationToken cancellationToken) => AssertLinear(
        await MigrateAsync(Overlapping("c2a3", 4), BridgeKind.PolicyRoute, cancellationToken, "SmallOverlap"),
        await MigrateAsync(Overlapping("c2a1", 11), BridgeKind.PolicyRoute, cancellationToken, "SmallOverlap"),
        await MigrateAsync(Overlapping("c2a4", 21), BridgeKind.PolicyRoute, cancellationToken, "SmallOverlap"));

    [TestCase(BridgeKind.PolicyRoute)]
    [CancelAfter(7_200_000)]
    public Task A_thousand_Nodes_with_ten_thousand_Pods_are_migrated(BridgeKind bridge, CancellationToken cancellationToken)
    {
        Requires.LongRun();
        var nodes = Environment.GetEnvironmentVariable("ANTREA_MIGRATION_SCALE_NODES") is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : 1000;
        return MigrateAsync(Apart(nodes), bridge, cancellationToken);
    }

    /// <summary>What one Node and its Pods add to the larger cluster may be a quarter more than what they add to the smaller one, which is for what differs from run to run;
    /// what grew with the square of the Nodes would be twice as much.</summary>
    private static void AssertLinear(Figures small, Figures middle, Figures large)
    {
        using (Assert.EnterMultipleScope())
        {
            Check(f => f.Calls, "calls");
            Check(f => f.Commands, "commands on Nodes");
            Check(f => f.Bytes, "bytes, the journal's aside");
        }

        void Check(Func<Figures, long> of, string what) => Assert.That(
            (double)(of(large) - of(middle)) / (large.Nodes - middle.Nodes), Is.LessThan(1.25 * (of(middle) - of(small)) / (middle.Nodes - small.Nodes)), what);
    }

    /// <summary>Calico's pool is outside the PodCIDRs.</summary>
    private static LabClusterOptions Apart(int nodes) => new() { Name = "scale", Workers = nodes - 1, PodSubnet = Cidr.Parse("10.0.0.0/12"), CalicoPool = Cidr.Parse("10.64.0.0/12") };

    /// <summary>Which Nodes overlap follows from the name and their number.</summary>
    private static LabClusterOptions Overlapping(string name, int nodes) => new() { Name = name, Workers = nodes - 1 };

    private static async Task<Figures> MigrateAsync(LabClusterOptions cluster, BridgeKind bridge, CancellationToken cancellationToken, string scenario = "Simple")
    {
        var nodes = cluster.Workers + 1;
        var watch = Stopwatch.StartNew();
        await using var migration = await LabMigration.StartAsync(
            cancellationToken,
            cluster with
            {
                Workloads = false,
                ExtraObjects = Workloads(nodes * PodsPerNode),
            },
            bridge);
        var built = watch.Elapsed;
        migration.Options = migration.Options with { MaxUnavailable = 20, StepTimeout = TimeSpan.FromMinutes(10), PollInterval = TimeSpan.FromMilliseconds(50) };
        watch.Restart();
        var plan = await migration.PlanAsync(cancellationToken);
        var planned = watch.Elapsed;
        Assert.That(plan.Scenario, Is.EqualTo(scenario), string.Join('\n', plan.Findings.Take(3)));
        var counter = new CallCounter();
        using var client = migration.Client(counter);
        var access = new CommandCounter(new PodExecNodeAccess(client), counter);
        watch.Restart();
        var events = await migration.ExecuteAsync(plan, new MigrationExecutor(client, new ConfigMapJournal(client), access), cancellationToken);
        Assert.That(events[^1], Is.TypeOf<MigrationCompleted>(), string.Join('\n', events.TakeLast(3)));

        var pods = nodes * PodsPerNode;
        var text = new StringBuilder()
            .AppendLine(CultureInfo.InvariantCulture, $"{scenario}, {bridge}, {nodes} Nodes, {pods} Pods: built in {built.TotalSeconds:0.0} s, planned in {planned.TotalSeconds:0.0} s, migrated in {watch.Elapsed.TotalSeconds:0.0} s")
            .AppendLine(CultureInfo.InvariantCulture, $"{(double)counter.Calls / pods:0.0} calls a Pod ({counter.Polls} polls more), {(double)access.Commands / nodes:0.0} commands a Node ({access.Polls} polls more), {counter.Bytes / 1024.0 / pods:0.0} KiB a Pod; {Process.GetCurrentProcess().PeakWorkingSet64 >> 20} MiB at the peak, the lab's share in it");
        foreach (var kind in counter.ByKind.OrderByDescending(k => k.Value).Take(12))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{kind.Value,10} {kind.Key}");
        }

        foreach (var verb in access.ByVerb.OrderByDescending(v => v.Value))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{verb.Value,10} {verb.Key}");
        }

        // Phases follow each other, so they are the critical path; within them the steps of Nodes go side by side, and their sum is not time that passes.
        text.AppendLine(CultureInfo.InvariantCulture, $"critical path: {string.Join(", ", events.OfType<PhaseCompleted>().Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Phase} {e.Duration.TotalSeconds:0.0} s")))}");
        foreach (var steps in events.OfType<StepCompleted>().GroupBy(e => (e.Step.Phase, e.Step.Kind)).OrderByDescending(g => g.Sum(e => e.Duration.TotalSeconds)).Take(12))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{steps.Sum(e => e.Duration.TotalSeconds),10:0.0} s {steps.Key.Phase}/{steps.Key.Kind}, {steps.Count()} steps");
        }

        TestContext.Out.WriteLine(text);
        return new Figures(nodes, counter.Calls, access.Commands, counter.Bytes);
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

    /// <summary>Counts the commands on Nodes. One that was given there and to which nothing has been changed since is a poll.</summary>
    private sealed class CommandCounter(INodeAccess nodes, CallCounter calls) : INodeAccess
    {
        private readonly ConcurrentDictionary<string, long> _seen = [];
        private readonly ConcurrentDictionary<string, int> _byVerb = [];
        private long _polls;

        public long Commands => _byVerb.Values.Sum();

        public long Polls => Interlocked.Read(ref _polls);

        public IReadOnlyDictionary<string, int> ByVerb => _byVerb;

        public Task<NodeCommandResult> RunAsync(string node, NodeCommand command, CancellationToken cancellationToken = default)
        {
            var (now, before) = (calls.Changes, -1L);
            _seen.AddOrUpdate($"{node} {string.Join(' ', command.ToArgv())}", now, (_, seen) =>
            {
                before = seen;
                return now;
            });
            if (before == now)
            {
                Interlocked.Increment(ref _polls);
            }
            else
            {
                _byVerb.AddOrUpdate(command.Verb, 1, (_, n) => n + 1);
            }

            return nodes.RunAsync(node, command, cancellationToken);
        }
    }

    /// <summary>Counts a client's requests.</summary>
    private sealed class CallCounter : DelegatingHandler
    {
        private readonly HashSet<string> _known = [];
        private readonly ConcurrentDictionary<string, int> _byKind = new();
        private long _changes;
        private long _calls;
        private long _polls;
        private long _bytes;

        /// <summary>How many requests were to change something of the cluster's.</summary>
        public long Changes => Interlocked.Read(ref _changes);

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
                    _changes++;
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
