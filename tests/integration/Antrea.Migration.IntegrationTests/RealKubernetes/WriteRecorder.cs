using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.IntegrationTests.RealKubernetes;

/// <summary>Compares what a client sends to be stored with what the API server answers that it has stored.</summary>
internal sealed class WriteRecorder : DelegatingHandler
{
    private readonly ConcurrentDictionary<string, int> _written = [];
    private readonly ConcurrentQueue<string> _wrong = [];

    /// <summary>How many writes of each kind were stored whole.</summary>
    public IReadOnlyDictionary<string, int> Written => _written;

    /// <summary>What was refused or stored otherwise than sent, a line each.</summary>
    public IEnumerable<string> Wrong => _wrong;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var sent = IsWrite(request) ? (JsonObject)JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))! : null;
        var response = await base.SendAsync(request, cancellationToken);
        if (sent is not null)
        {
            // Read here and again by the caller: buffered.
            await response.Content.LoadIntoBufferAsync(cancellationToken);
            var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken)) as JsonObject ?? [];
            Judge($"{request.Method} {request.RequestUri!.PathAndQuery}", sent, answer, (int)response.StatusCode);
        }

        return response;
    }

    /// <summary>Evictions and commands in Pods are asked for, not stored.</summary>
    private static bool IsWrite(HttpRequestMessage request) =>
        (request.Method == HttpMethod.Post || request.Method == HttpMethod.Put || request.Method == HttpMethod.Patch)
        && request.Content is not null
        && !request.RequestUri!.AbsolutePath.EndsWith("/eviction", StringComparison.Ordinal);

    /// <summary>Kubernetes' own kinds do not tell an empty list, map or text from none; custom resources do.</summary>
    private static bool IsOfProduct(JsonObject obj) =>
        obj.Text("apiVersion") is { } version && version.Contains('.', StringComparison.Ordinal) && !version.Contains(".k8s.io/", StringComparison.Ordinal);

    private static void DropEmpty(JsonNode? node)
    {
        foreach (var item in node as JsonArray ?? [])
        {
            DropEmpty(item);
        }

        foreach (var (field, value) in (node as JsonObject ?? []).ToList())
        {
            DropEmpty(value);
            if (value is JsonObject { Count: 0 } or JsonArray { Count: 0 } or null || value.Text() is "")
            {
                ((JsonObject)node!).Remove(field);
            }
        }
    }

    private void Judge(string request, JsonObject sent, JsonObject answer, int code)
    {
        if (code is 409 or 429)
        {
            return; // Somebody was first; what counts is sent again.
        }

        if (code >= 300)
        {
            _wrong.Enqueue(string.Create(CultureInfo.InvariantCulture, $"{request}: {code} {answer.Text("message")}"));
            return;
        }

        // What only the server writes is sent to say which version was read.
        var copy = sent.Copy();
        (copy["metadata"] as JsonObject)?.Remove("resourceVersion");
        (copy["metadata"] as JsonObject)?.Remove("managedFields");
        DropEmpty(IsOfProduct(copy) ? copy["metadata"] : copy);
        if (JsonObjects.FirstLost(copy, answer, "") is { } lost)
        {
            _wrong.Enqueue($"{request}: {lost} is not stored as sent\n  sent {sent.ToJsonString()}\n  stored {answer.ToJsonString()}");
            return;
        }

        _written.AddOrUpdate(answer.Text("kind") ?? "", 1, (_, count) => count + 1);
    }
}
