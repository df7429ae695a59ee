namespace Antrea.Migration.Connectivity;

/// <summary>One path to watch: from where the transport connects, to a target.</summary>
/// <param name="Name">What reports call it, for example <c>default/client → nginx-origin</c>; unique within a probe.</param>
/// <param name="Target">An absolute <c>http</c> or <c>https</c> URL.</param>
/// <param name="Transport">Who sends the requests; stays the caller's to dispose.</param>
public sealed record ProbeFlow(string Name, Uri Target, IProbeTransport Transport);
