using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using k8s;

namespace Antrea.Migration.Tests.Policies;

/// <summary>Answers for the API server and antrea-controller: keeps what is applied, and sets the status that the test asks for.</summary>
internal sealed class FakeAntreaApi : DelegatingHandler
{
    public SortedDictionary<string, JsonObject> Objects { get; } = new(StringComparer.Ordinal);

    public List<string> Requests { get; } = [];

    /// <summary>How often a policy's first applications are refused because its Tier is not known yet.</summary>
    public int UnknownTierAnswers { get; set; }

    /// <summary>How many lists of policies show them still being realized; -1 for all.</summary>
    public int RealizingLists { get; set; }

    /// <summary>How many lists of groups show them without members yet.</summary>
    public int ComputingLists { get; set; }

    /// <summary>A field of <c>spec</c> that the server's schema lacks, and that it drops although it was asked to refuse.</summary>
    public string? DroppedField { get; set; }

    /// <summary>Whether the server drops the field only when it stores: its schema changes after it was asked.</summary>
    public bool DropsUnannounced { get; set; }

    public HttpStatusCode? Failure { get; set; }

    public Kubernetes Client() => new Kubernetes(new KubernetesClientConfiguration { Host = "http://localhost" }, this);

    /// <summary>Puts an object of an earlier run there.</summary>
    public void Seed(string plural, string name, string? @namespace = null, bool ours = true)
    {
        var metadata = new JsonObject { ["name"] = name, ["labels"] = new JsonObject() };
        if (@namespace is not null)
        {
            metadata["namespace"] = @namespace;
        }

        if (ours)
        {
            metadata["labels"]!["app.kubernetes.io/managed-by"] = "antrea-migrator";
            metadata["annotations"] = new JsonObject { ["antrea-migration/origin"] = "earlier" };
        }

        Objects[$"{plural}/{@namespace}/{name}"] = new JsonObject
        {
            ["apiVersion"] = "crd.antrea.io/v1beta1",
            ["kind"] = plural switch
            {
                "tiers" => "Tier",
                "clustergroups" => "ClusterGroup",
                "clusternetworkpolicies" => "ClusterNetworkPolicy",
                _ => "NetworkPolicy",
            },
            ["metadata"] = metadata,
        };
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        var response = await RespondAsync(request, cancellationToken).ConfigureAwait(false);
        response.RequestMessage = request;
        return response;
    }

    private async Task<HttpResponseMessage> RespondAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var path = request.RequestUri!.AbsolutePath.Split('/', StringSplitOptions.RemoveEmptyEntries)[3..];
        Requests.Add($"{request.Method} {string.Join('/', path)}{request.RequestUri.Query}");
        if (Failure is { } failure)
        {
            return Answer(failure, new JsonObject { ["message"] = "no" });
        }

        var (ns, rest) = path is ["namespaces", var n, .. var after] ? (n, after) : ("", path);
        if (request.Method == HttpMethod.Get)
        {
            return List(rest[0], onlyOurs: request.RequestUri.Query.Contains("labelSelector", StringComparison.Ordinal));
        }

        var key = $"{rest[0]}/{ns}/{rest[1]}";
        if (request.Method == HttpMethod.Delete)
        {
            return Objects.Remove(key, out var old) ? Answer(HttpStatusCode.OK, old) : Answer(HttpStatusCode.NotFound, []);
        }

        if (rest[0] != "tiers" && UnknownTierAnswers > 0)
        {
            UnknownTierAnswers--;
            return Answer(HttpStatusCode.Forbidden, new JsonObject { ["message"] = "tier calico-default does not exist" });
        }

        Assert.That(request.Content!.Headers.ContentType!.MediaType, Is.EqualTo("application/apply-patch+yaml"));
        var body = JsonNode.Parse(await request.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false))!.AsObject();
        var generation = Objects.TryGetValue(key, out var before) ? before["metadata"]!["generation"]?.GetValue<long>() ?? 1 : 1;
        body["metadata"]!["generation"] = generation;
        var isDryRun = request.RequestUri.Query.Contains("dryRun=All", StringComparison.Ordinal);
        if (DroppedField is { } field && !(isDryRun && DropsUnannounced))
        {
            body["spec"]!.AsObject().Remove(field);
        }

        if (!isDryRun)
        {
            Objects[key] = body;
        }

        return Answer(HttpStatusCode.OK, body);
    }

    private HttpResponseMessage List(string plural, bool onlyOurs)
    {
        var isRealizing = onlyOurs && plural.EndsWith("policies", StringComparison.Ordinal) && RealizingLists != 0;
        var isComputing = onlyOurs && plural.EndsWith("groups", StringComparison.Ordinal) && ComputingLists > 0;
        RealizingLists -= isRealizing ? 1 : 0;
        ComputingLists -= isComputing ? 1 : 0;
        var items = new JsonArray();
        foreach (var (_, obj) in Objects.Where(o =>
            o.Key.StartsWith(plural + "/", StringComparison.Ordinal)
            && (!onlyOurs || o.Value["metadata"]!["labels"]!["app.kubernetes.io/managed-by"] is not null)))
        {
            var copy = obj.DeepClone();
            copy["status"] = plural.EndsWith("groups", StringComparison.Ordinal)
                ? new JsonObject
                {
                    ["conditions"] = new JsonArray(new JsonObject { ["type"] = "GroupMembersComputed", ["status"] = isComputing ? "False" : "True" }),
                }
                : new JsonObject
                {
                    ["phase"] = isRealizing ? "Realizing" : "Realized",
                    ["observedGeneration"] = 1,
                    ["currentNodesRealized"] = isRealizing ? 1 : 4,
                    ["desiredNodesRealized"] = 4,
                };
            items.Add(copy);
        }

        return Answer(HttpStatusCode.OK, new JsonObject { ["metadata"] = new JsonObject(), ["items"] = items });
    }

    private static HttpResponseMessage Answer(HttpStatusCode status, JsonObject body) => new(status)
    {
        Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
    };
}

/// <summary>A clock that jumps ahead to whatever is waited for.</summary>
internal sealed class JumpingTimeProvider : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime > TimeSpan.Zero)
        {
            Interlocked.Add(ref _ticks, dueTime.Ticks);
        }

        return System.CreateTimer(callback, state, TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }
}
