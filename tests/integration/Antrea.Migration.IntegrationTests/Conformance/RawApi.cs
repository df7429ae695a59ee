using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;
using k8s;

namespace Antrea.Migration.IntegrationTests.Conformance;

/// <summary>What an API server answered.</summary>
/// <param name="Code">The HTTP status.</param>
/// <param name="Body">The JSON object; empty when it was something else.</param>
internal sealed record Answer(int Code, JsonObject Body)
{
    /// <summary>Status and, of a refusal, its reason: <c>200</c>, <c>409 Conflict</c>.</summary>
    public string Outcome => Body.Text("kind") == "Status" && Code >= 400 ? $"{Code} {Body.Text("reason")}" : $"{Code}";

    public string Version => Body.Text("metadata", "resourceVersion")!;
}

/// <summary>Requests as they go over the wire, to either API server.</summary>
internal sealed class RawApi(Kubernetes client)
{
    public const string Merge = "application/merge-patch+json";
    public const string StrategicMerge = "application/strategic-merge-patch+json";
    public const string JsonPatch = "application/json-patch+json";
    public const string Apply = "application/apply-patch+yaml";

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<Answer> PostAsync(string path, string body) => SendAsync(HttpMethod.Post, path, body);

    public Task<Answer> PutAsync(string path, JsonNode body) => SendAsync(HttpMethod.Put, path, body.ToJsonString());

    public Task<Answer> PatchAsync(string path, string type, string body) => SendAsync(HttpMethod.Patch, path, body, type);

    public Task<Answer> DeleteAsync(string path, string? options = null) => SendAsync(HttpMethod.Delete, path, options);

    public async Task<Answer> SendAsync(HttpMethod method, string path, string? body, string contentType = "application/json", string accept = "application/json")
    {
        using var request = await RequestAsync(method, path);
        request.Headers.Accept.ParseAdd(accept);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, MediaTypeHeaderValue.Parse(contentType));
        }

        using var response = await client.HttpClient.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return new Answer((int)response.StatusCode, text.StartsWith('{') ? (JsonObject)JsonNode.Parse(text)! : []);
    }

    /// <summary>The events of a watch until the server ends it.</summary>
    public async IAsyncEnumerable<JsonObject> WatchAsync(string pathAndQuery)
    {
        using var request = await RequestAsync(HttpMethod.Get, pathAndQuery);
        using var response = await client.HttpClient.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        while (await reader.ReadLineAsync() is { } line)
        {
            yield return (JsonObject)JsonNode.Parse(line)!;
        }
    }

    /// <summary>Asks until the answer is as wanted; the test's own time limit ends it.</summary>
    public async Task<Answer> UntilAsync(string path, Func<Answer, bool> condition, CancellationToken cancellationToken)
    {
        while (true)
        {
            var answer = await GetAsync(path);
            if (condition(answer))
            {
                return answer;
            }

            await Task.Delay(20, cancellationToken);
        }
    }

    private async Task<HttpRequestMessage> RequestAsync(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, new Uri(client.BaseUri, path));
        if (client.Credentials is { } credentials)
        {
            await credentials.ProcessHttpRequestAsync(request, CancellationToken.None);
        }

        return request;
    }
}
