namespace Antrea.Migration.Clusters;

/// <summary>For how long an API server that does not answer at all is waited for, beyond a request's own repeats, and who is told.</summary>
/// <param name="Limit">From the first request that was not answered.</param>
/// <param name="Say">Never blocks.</param>
internal sealed record OutagePatience(TimeSpan Limit, Action<string> Say);

/// <summary>The API server was not there; no answer of its own.</summary>
internal sealed class ApiAwayException(Exception cause) : IOException(cause.Message, cause);
