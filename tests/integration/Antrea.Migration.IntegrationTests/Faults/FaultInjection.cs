using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.IntegrationTests.Faults;

/// <summary>What goes wrong with API requests now; nothing until a test says so.</summary>
internal sealed class FaultInjection
{
    private volatile Func<LabApiRequest, LabApiFault?>? _rule;
    private int _injected;

    /// <summary>How many requests met a fault so far.</summary>
    public int Injected => Volatile.Read(ref _injected);

    public Func<LabApiRequest, LabApiFault?>? Rule
    {
        set => _rule = value;
    }

    /// <summary>A lab of three workers, with a bare ReplicaSet and a StatefulSet that does not roll by itself: both must be evicted.</summary>
    public LabClusterOptions Options => new() { Name = "c2a0", Workers = 3, Faults = Decide, ExtraObjects = Evicted };

    /// <summary>How long a client waits for an answer where some requests hang: longer than an answer takes on a busy machine.</summary>
    public static TimeSpan Patience => TimeSpan.FromSeconds(2);

    /// <summary>A share of all requests refused, dropped before they are handled, or dropped after; and one of each <paramref name="hangsOneOf"/> requests is never answered.</summary>
    public static Func<LabApiRequest, LabApiFault?> Share(int percent, int seed, int hangsOneOf)
    {
        var random = new Random(seed);
        var requests = 0;
        return request =>
        {
            lock (random)
            {
                // Waited out by the caller's clock, and so not one in five of those that fail.
                if (++requests % hangsOneOf == 0)
                {
                    return new LabApiFault.Hang(AfterHandling: requests / hangsOneOf % 2 == 0);
                }

                return random.Next(100) >= percent
                    ? null
                    : random.Next(5) switch
                    {
                        // No API server answers a reader with a conflict.
                        0 when request.Verb is "update" or "patch" or "delete" => new LabApiFault.Refuse(409, "Conflict"),
                        0 or 1 => new LabApiFault.Refuse(429, "TooManyRequests"),
                        2 => new LabApiFault.Refuse(500, "InternalError"),
                        3 => new LabApiFault.Drop(),
                        _ => new LabApiFault.Drop(AfterHandling: true),
                    };
            }
        };
    }

    private LabApiFault? Decide(LabApiRequest request)
    {
        var fault = _rule?.Invoke(request);
        if (fault is not null)
        {
            Interlocked.Increment(ref _injected);
        }

        return fault;
    }

    private const string Evicted =
        """
        apiVersion: apps/v1
        kind: ReplicaSet
        metadata: {name: bare, namespace: default, labels: {app: bare}}
        spec:
          replicas: 2
          selector: {matchLabels: {app: bare}}
          template:
            metadata: {labels: {app: bare}}
            spec:
              containers: [{name: main, image: pause}]
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: still, namespace: default}
        spec: {clusterIP: None, selector: {app: still}, ports: [{port: 80}]}
        ---
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: still, namespace: default, labels: {app: still}}
        spec:
          replicas: 2
          serviceName: still
          updateStrategy: {type: OnDelete}
          selector: {matchLabels: {app: still}}
          template:
            metadata: {labels: {app: still}}
            spec:
              containers: [{name: main, image: pause}]

        """;
}
