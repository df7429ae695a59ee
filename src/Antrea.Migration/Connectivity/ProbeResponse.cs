namespace Antrea.Migration.Connectivity;

/// <summary>A complete response, before anybody judges it.</summary>
/// <param name="StatusCode">The HTTP status, 100–599; 200 for a good answer of a protocol that has no status.</param>
/// <param name="BodyLength">How many bytes of body were received, after any transfer coding.</param>
public sealed record ProbeResponse(int StatusCode, long BodyLength)
{
    /// <summary>A good answer of <paramref name="bodyLength"/> bytes.</summary>
    public static ProbeResponse Success(long bodyLength) => new(200, bodyLength);
}
