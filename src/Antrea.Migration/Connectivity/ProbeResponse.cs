namespace Antrea.Migration.Connectivity;

/// <summary>A complete response, before anybody judges it.</summary>
/// <param name="StatusCode">The HTTP status, 100–599.</param>
/// <param name="BodyLength">How many bytes of body were received, after any transfer coding.</param>
public sealed record ProbeResponse(int StatusCode, long BodyLength);
