using System.Collections.Concurrent;
using Antrea.Migration.IntegrationTests.ControlPlane;
using Antrea.Migration.Lab.ControlPlane;
using Antrea.Migration.Lab.ControlPlane.Real;
using k8s;

namespace Antrea.Migration.IntegrationTests.Conformance;

/// <summary>A control plane under test: the lab's own, or Kubernetes'. Each is started once and shared.</summary>
internal sealed class ConformancePlane(IAsyncDisposable plane, string kubeconfig) : IAsyncDisposable
{
    public const string Embedded = "embedded";
    public const string Real = "real";

    private static readonly ConcurrentDictionary<string, Lazy<Task<ConformancePlane>>> Started = [];

    public string Kubeconfig { get; } = kubeconfig;

    public Kubernetes Client { get; } = TestCluster.NewClient(kubeconfig);

    public RealControlPlane? RealPlane => plane as RealControlPlane;

    public static Task<ConformancePlane> GetAsync(string kind)
    {
        var binaries = kind == Real ? Requires.ControlPlane() : "";
        return Started.GetOrAdd(kind, _ => new(() => kind == Real ? StartRealAsync(binaries) : StartEmbeddedAsync())).Value;
    }

    public static async Task StopAllAsync()
    {
        foreach (var started in Started.Values)
        {
            try
            {
                await (await started.Value).DisposeAsync();
            }
            catch (Exception e) when (e is MigrationException or IgnoreException or AssertionException)
            {
                // It never started; the tests that wanted it have said so.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await plane.DisposeAsync();
    }

    private static async Task<ConformancePlane> StartEmbeddedAsync()
    {
        var plane = await LabControlPlane.StartAsync(
            new(), new ObjectStore(TimeProvider.System), new EchoExecutor(), TimeProvider.System, CancellationToken.None);
        return new ConformancePlane(plane, plane.Kubeconfig);
    }

    private static async Task<ConformancePlane> StartRealAsync(string binaries)
    {
        var plane = await RealControlPlane.StartAsync(new() { Binaries = binaries }, CancellationToken.None);
        return new ConformancePlane(plane, plane.Kubeconfig);
    }
}

/// <summary>Ends what <see cref="ConformancePlane.GetAsync"/> started.</summary>
[SetUpFixture]
public sealed class ConformancePlanes
{
    [OneTimeTearDown]
    public static Task StopAsync() => ConformancePlane.StopAllAsync();
}
