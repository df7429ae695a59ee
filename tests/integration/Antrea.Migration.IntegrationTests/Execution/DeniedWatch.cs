using System.Threading.Channels;
using Antrea.Migration.Execution;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.Fabric;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Looks at all times whether a connection that policies deny is open: from every client to port 9090 of every nginx of a simulated lab, where nobody may go.</summary>
/// <remarks>At every change of a Pod or a policy, and whenever it is asked. What it saw counts if both Pods were ready before and after.</remarks>
internal sealed class DeniedWatch : IAsyncDisposable
{
    private const int Open = 80;
    private const int Closed = 9090;

    private readonly Lock _gate = new();
    private readonly LabCluster _lab;
    private readonly SortedSet<string> _opened = new(StringComparer.Ordinal);
    private readonly Channel<string> _changes = Channel.CreateBounded<string>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly IDisposable _subscription;
    private readonly Task _looking;

    public DeniedWatch(LabCluster lab)
    {
        _lab = lab;
        _subscription = lab.Store.Subscribe(
            happened =>
            {
                if (happened.Resource == ResourceType.Pod || happened.Resource.Plural.EndsWith("policies", StringComparison.Ordinal))
                {
                    _changes.Writer.TryWrite($"{happened.Resource.Kind} {happened.Object.NameOf()}");
                }
            },
            lab.Store.Version);
        _looking = Task.Run(async () =>
        {
            await foreach (var change in _changes.Reader.ReadAllAsync())
            {
                Look(change);
            }
        });
    }

    /// <summary>How many denied connections were looked at.</summary>
    public int Looked { get; private set; }

    /// <summary>Those that were open, with when that was.</summary>
    public IReadOnlyCollection<string> Opened
    {
        get
        {
            lock (_gate)
            {
                return [.. _opened];
            }
        }
    }

    /// <summary>Whether port 80, which policies open, can be reached between the same Pods: or nothing is proven by 9090.</summary>
    public bool IsOpenWhereAllowed() => Pairs(LabPods.Ready(_lab)).All(p => _lab.Fabric.Connect(p.Client.Netns, p.Server.Address, Open).Outcome == ConnectionOutcome.Delivered);

    /// <summary>Looks at an event of a migration, unless that says that nothing was done.</summary>
    public void LookAt(MigrationEvent item)
    {
        if (item is not StepSkipped)
        {
            Look($"{item}");
        }
    }

    public void Look(string when)
    {
        lock (_gate)
        {
            foreach (var (client, server) in Pairs(LabPods.Ready(_lab)))
            {
                var verdict = _lab.Fabric.Connect(client.Netns, server.Address, Closed);
                Looked++;
                if (verdict.Outcome == ConnectionOutcome.Delivered && LabPods.Ready(_lab) is var now && now.Contains(client) && now.Contains(server))
                {
                    _opened.Add($"{when}: {verdict}");
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _subscription.Dispose();
        _changes.Writer.TryComplete();
        await _looking;
    }

    private static IEnumerable<(LabPod Client, LabPod Server)> Pairs(List<LabPod> pods) =>
        from client in pods
        where client.Workload == "client"
        from server in pods
        where server.Workload == "nginx-ds"
        select (client, server);
}
