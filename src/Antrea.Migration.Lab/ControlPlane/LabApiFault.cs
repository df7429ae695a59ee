namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>A request as the fault hook sees it, before anything is done.</summary>
/// <param name="Verb"><c>get</c>, <c>list</c>, <c>watch</c>, <c>create</c>, <c>update</c>, <c>patch</c>, <c>delete</c> or
/// <c>deletecollection</c>; for other paths the HTTP method in lower case.</param>
/// <param name="Path">The path, without the query.</param>
/// <param name="Group">The API group; empty for the core group and for other paths.</param>
/// <param name="Resource">The plural resource name; empty for other paths.</param>
/// <param name="Subresource">For example <c>status</c> or <c>eviction</c>; empty for none.</param>
/// <param name="Namespace">The Namespace in the path; empty for none.</param>
/// <param name="Name">The object's name in the path; empty for none.</param>
internal sealed record LabApiRequest(
    string Verb, string Path, string Group, string Resource, string Subresource, string Namespace, string Name);

/// <summary>What a test makes the API server do to one request. Use pattern matching.</summary>
internal abstract record LabApiFault
{
    private LabApiFault()
    {
    }

    /// <summary>Answer with a Status of this code and reason instead of doing the request.</summary>
    /// <param name="Code">For example 409, 429, 500 or 503.</param>
    /// <param name="Reason">For example <c>Conflict</c>, <c>TooManyRequests</c> or <c>InternalError</c>.</param>
    /// <param name="RetryAfter">Sent as <c>Retry-After</c> in whole seconds when given.</param>
    public sealed record Refuse(int Code, string Reason, TimeSpan? RetryAfter = null) : LabApiFault;

    /// <summary>Wait, on the cluster's clock, and then do the request.</summary>
    public sealed record Delay(TimeSpan Time) : LabApiFault;

    /// <summary>Never answer, and keep the connection open until the caller gives up.</summary>
    /// <param name="AfterHandling">Do the request first, so that the caller cannot know whether it was done.</param>
    public sealed record Hang(bool AfterHandling = false) : LabApiFault;

    /// <summary>Break the connection without an answer.</summary>
    /// <param name="AfterHandling">Do the request first, so that the caller cannot know whether it was done.</param>
    public sealed record Drop(bool AfterHandling = false) : LabApiFault;

    /// <summary>Break a watch after so many events. Other requests are not touched.</summary>
    public sealed record EndWatch(int AfterEvents) : LabApiFault;
}
