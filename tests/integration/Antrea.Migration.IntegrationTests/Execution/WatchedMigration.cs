using System.Collections.Immutable;
using Antrea.Migration.Clusters;
using Antrea.Migration.Connectivity;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Planning;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>A whole migration of a lab with probes that never stop, from Pods and from a Node.</summary>
internal sealed class WatchedMigration : IAsyncDisposable
{
    private readonly LabMigration _migration;
    private readonly List<HttpProbeTransport> _transports = [];

    private WatchedMigration(LabMigration migration, MigrationPlan plan) => (_migration, Plan) = (migration, plan);

    public MigrationPlan Plan { get; }

    public LabCluster Lab => _migration.Lab;

    public LabMigration Migration => _migration;

    public static async Task<WatchedMigration> StartAsync(
        LabClusterOptions options,
        BridgeKind bridge,
        CancellationToken cancellationToken,
        params (string Namespace, string Workload, string Service)[] denied)
    {
        var migration = await LabMigration.StartAsync(cancellationToken, options, bridge);
        return new WatchedMigration(migration, await migration.PlanAsync(cancellationToken)) { Denied = denied };
    }

    /// <summary>As above, where more than the bridge is to be chosen; <paramref name="client"/> is the Deployment of Namespace default that asks. Disposes the migration.</summary>
    public static async Task<WatchedMigration> StartAsync(LabMigration migration, string client, CancellationToken cancellationToken) =>
        new(migration, await migration.PlanAsync(cancellationToken)) { Client = client };

    private string Client { get; init; } = "client";

    /// <summary>Requests that policies deny, sent all the time as well: from a Pod to the first port of a Service of Namespace default.</summary>
    public IReadOnlyList<(string Namespace, string Workload, string Service)> Denied { get; init; } = [];

    /// <summary>What became of <see cref="Denied"/> in <see cref="RunAsync"/>.</summary>
    public ContinuousProbeResult? DeniedTraffic { get; private set; }

    /// <summary>What a partition does to each flow that is watched.</summary>
    public async Task<IReadOnlyDictionary<FlowName, FlowForecast>> ForecastAsync(NodePartition parts, CancellationToken cancellationToken)
    {
        using var client = _migration.Client();
        var snapshot = await new KubernetesClusterReader(client).ReadAsync(cancellationToken);
        Dictionary<string, string> sources = new() { ["client"] = $"default/{Client}", ["nginx"] = "default/nginx-ds", ["DNS"] = "kube-system/coredns", ["Node"] = Lab.NodeNames[0] };
        return Flows().Select(f => (f.Name, Forecast: FlowForecast.Of(snapshot, parts, sources[f.Name.Source], f.Target))).Where(f => f.Forecast is not null)
            .ToDictionary(f => f.Name, f => f.Forecast!);
    }

    private List<ProbeFlow> Flows()
    {
        var service = Lab.ServiceUri("default", "nginx-origin");
        return
        [
            .. IPv6Flows(),
            Flow("client", "nginx by name", new Uri("http://nginx-origin"), Lab.ConnectFrom("default", Client)),
            Flow("client", "nginx by address", service, Lab.ConnectFrom("default", Client)),
            Flow("nginx", "nginx", service, Lab.ConnectFrom("default", "nginx-ds")),
            Flow("DNS", "nginx", service, Lab.ConnectFrom("kube-system", "coredns")),
            Flow("Node", "nginx", service, Lab.ConnectFromNode(Lab.NodeNames[0])),
        ];
    }

    /// <summary>Runs the plan to its end; <paramref name="afterPhase"/> is called while the migration stands still between two phases, <paramref name="atEvent"/> at each event. Where it
    /// <paramref name="beginsWithALoss"/>, some request has been lost before it begins, if that comes about within a minute.</summary>
    public Task<(MigrationEvent Last, ContinuousProbeResult Traffic)> RunAsync(
        CancellationToken cancellationToken, Func<MigrationPhase, Task>? afterPhase = null, Action<MigrationEvent>? atEvent = null, bool beginsWithALoss = false) =>
        WatchAsync(
            async enter =>
            {
                using var client = _migration.Client();
                var executor = new MigrationExecutor(client, new ConfigMapJournal(client));
                var execution = new ExecutionOptions { BackupDirectory = _migration.BackupDirectory, Holds = HoldPolicy.PassAll };
                MigrationEvent? last = null;
                await foreach (var item in executor.ExecuteAsync(Plan, _migration.Options, execution, cancellationToken))
                {
                    last = item;
                    atEvent?.Invoke(item);
                    switch (item)
                    {
                        case PhaseStarted started:
                            enter(started.Phase);
                            break;
                        case PhaseCompleted completed when afterPhase is not null:
                            await afterPhase(completed.Phase);
                            break;
                    }
                }

                return last!;
            },
            cancellationToken,
            beginsWithALoss);

    /// <summary>Probes from before <paramref name="run"/> begins until it has ended.</summary>
    /// <param name="run">Changes the cluster; it calls what it is given at the start of each phase.</param>
    /// <param name="cancellationToken">Ends the probes.</param>
    /// <param name="beginsWithALoss">Whether a lost request is waited for first, a minute at most.</param>
    public async Task<(T Result, ContinuousProbeResult Traffic)> WatchAsync<T>(
        Func<Action<MigrationPhase>, Task<T>> run, CancellationToken cancellationToken, bool beginsWithALoss = false)
    {
        await using var probe = new ContinuousProbe(Flows(), new ContinuousProbeOptions { Interval = TimeSpan.FromMilliseconds(25), Timeout = TimeSpan.FromSeconds(4) });
        await using var closed = Denied.Count == 0
            ? null
            : new ContinuousProbe(
                Denied.Select(d => Flow(d.Workload, d.Service, Lab.ServiceUri("default", d.Service), Lab.ConnectFrom(d.Namespace, d.Workload))),
                new ContinuousProbeOptions { Interval = TimeSpan.FromMilliseconds(100), Timeout = TimeSpan.FromSeconds(1) });
        probe.EnterPhase("Before");
        probe.Start();
        closed?.Start();
        for (var i = 0; beginsWithALoss && i < 600 && probe.GetCurrent().Flows.Sum(f => f.Failure) == 0; i++)
        {
            await Task.Delay(100, cancellationToken);
        }

        var result = await run(phase =>
        {
            probe.EnterPhase(phase.ToString());
            closed?.EnterPhase(phase.ToString());
        });
        DeniedTraffic = closed is null ? null : await closed.StopAsync(cancellationToken);
        return (result, await probe.StopAsync(cancellationToken));
    }

    public async ValueTask DisposeAsync()
    {
        _transports.ForEach(t => t.Dispose());
        await _migration.DisposeAsync();
    }

    /// <summary>The same Service by its second ClusterIP, where there is one.</summary>
    private IEnumerable<ProbeFlow> IPv6Flows()
    {
        var second = Lab.Store.Peek(ResourceType.Service, "default", "nginx-origin")!["spec"].Texts("clusterIPs").Skip(1).Select(a => new Uri($"http://[{a}]"));
        return second.SelectMany(service => (ProbeFlow[])
        [
            Flow("client", "nginx by IPv6", service, Lab.ConnectFrom("default", Client)),
            Flow("nginx", "nginx by IPv6", service, Lab.ConnectFrom("default", "nginx-ds")),
            Flow("Node", "nginx by IPv6", service, Lab.ConnectFromNode(Lab.NodeNames[0])),
        ]);
    }

    private ProbeFlow Flow(string source, string destination, Uri target, Func<System.Net.DnsEndPoint, CancellationToken, ValueTask<Stream>> connect)
    {
        var transport = new HttpProbeTransport(connect.Invoke);
        _transports.Add(transport);
        return new ProbeFlow(new FlowName(source, destination), target, transport);
    }
}
