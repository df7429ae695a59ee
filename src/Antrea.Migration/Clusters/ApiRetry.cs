using System.Net;
using System.Net.WebSockets;
using k8s.Autorest;
using Polly;
using Polly.Retry;

namespace Antrea.Migration.Clusters;

/// <summary>When a request to the API server is sent again: its answer was lost, or says that it may work later.</summary>
/// <remarks>Six times, after 0.2 s doubling up to 10 s, or after what the server asks for up to 30 s. Whoever uses it must be able to do
/// the thing twice: a lost answer does not tell whether the request was carried out.</remarks>
internal static class ApiRetry
{
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromSeconds(30);

    /// <summary>429, 5xx and lost answers.</summary>
    public static ResiliencePipeline ForReads(TimeProvider time) =>
        Create(time, code => code == HttpStatusCode.TooManyRequests || code >= HttpStatusCode.InternalServerError);

    /// <summary>Conflicts as well: a write that names no version loses against others' writes, not against facts.</summary>
    public static ResiliencePipeline ForUnversionedWrites(TimeProvider time) =>
        Create(
            time,
            code => code is HttpStatusCode.TooManyRequests or HttpStatusCode.Conflict || code >= HttpStatusCode.InternalServerError);

    /// <summary>5xx and lost answers. Not 429, which is what a disruption budget answers, and may last; nor the 500 for two of them, which does not pass by itself.</summary>
    public static ResiliencePipeline ForEvictions(TimeProvider time) => Create(time, code => code >= HttpStatusCode.InternalServerError, e => e.IsTwoBudgets);

    private static ResiliencePipeline Create(TimeProvider time, Predicate<HttpStatusCode> passes, Predicate<KubernetesApiException>? lasts = null) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = 6,
                Delay = TimeSpan.FromMilliseconds(200),
                BackoffType = DelayBackoffType.Exponential,
                MaxDelay = TimeSpan.FromSeconds(10),
                UseJitter = true,
                ShouldHandle = new PredicateBuilder()
                    .Handle<HttpRequestException>(e => e.HttpRequestError != HttpRequestError.SecureConnectionError)
                    .Handle<IOException>()
                    .Handle<WebSocketException>()
                    .Handle<HttpOperationException>(e => passes(e.Response.StatusCode))
                    .Handle<KubernetesApiException>(e => passes(e.Code) && lasts?.Invoke(e) != true),
                DelayGenerator = a => ValueTask.FromResult(Bounded((a.Outcome.Exception as KubernetesApiException)?.RetryAfter)),
            })
            .Build();

    private static TimeSpan? Bounded(TimeSpan? wait) =>
        wait is not { } w ? null : w < TimeSpan.Zero ? TimeSpan.Zero : w > LongestRetryAfter ? LongestRetryAfter : w;
}
