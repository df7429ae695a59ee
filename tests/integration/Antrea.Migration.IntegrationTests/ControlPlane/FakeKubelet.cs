using System.Globalization;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Antrea.Migration.Lab.Controllers;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.IntegrationTests.ControlPlane;

/// <summary>Runs every bound Pod at once and removes every Terminating one at once, unless told to leave it as it is.</summary>
internal sealed class FakeKubelet : IDisposable
{
    private readonly Channel<JsonObject> _pods = Channel.CreateUnbounded<JsonObject>();
    private readonly IDisposable _subscription;
    private int _address;

    public FakeKubelet(ObjectStore store)
    {
        _subscription = store.Subscribe(
            e =>
            {
                if (e.Resource == ResourceType.Pod && e.Type != StoreEventType.Deleted)
                {
                    _pods.Writer.TryWrite(e.Object);
                }
            },
            0);
        Running = RunAsync(store);
    }

    /// <summary>Pods that do not start, or do not end, for now.</summary>
    public Func<JsonObject, bool> Holds { get; set; } = _ => false;

    public Task Running { get; }

    public void Dispose()
    {
        _subscription.Dispose();
        _pods.Writer.TryComplete();
    }

    /// <summary>Marks a Pod Running and Ready, or not Ready.</summary>
    public void Start(ObjectStore store, JsonObject pod, bool ready = true) =>
        store.Mutate(ResourceType.Pod, pod.NamespaceOf(), pod.NameOf(), now =>
        {
            var status = now.Ensure("status");
            status["phase"] = "Running";
            status.Default("podIP", string.Create(CultureInfo.InvariantCulture, $"10.10.0.{Interlocked.Increment(ref _address)}"));
            status.SetCondition("Ready", ready, "", "", store.Now);
            status["containerStatuses"] = new JsonArray([.. now.Items("spec", "containers").Select(c => (JsonNode)new JsonObject
            {
                ["name"] = c.Text("name"),
                ["ready"] = ready,
                ["restartCount"] = 0,
                ["state"] = new JsonObject { ["running"] = new JsonObject { ["startedAt"] = store.Now } },
            })]);
            return true;
        });

    private async Task RunAsync(ObjectStore store)
    {
        await foreach (var pod in _pods.Reader.ReadAllAsync())
        {
            if (Holds(pod))
            {
                continue;
            }

            if (pod.IsTerminating())
            {
                store.Delete(ResourceType.Pod, pod.NamespaceOf(), pod.NameOf());
            }
            else if (pod.NodeName() is not null && pod.Text("status", "phase") == "Pending")
            {
                Start(store, pod);
            }
        }
    }
}
