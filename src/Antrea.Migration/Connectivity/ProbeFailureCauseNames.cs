namespace Antrea.Migration.Connectivity;

/// <summary>The words people read for a <see cref="ProbeFailureCause"/>.</summary>
internal static class ProbeFailureCauseNames
{
    public static string ToDisplayName(this ProbeFailureCause cause) => cause switch
    {
        ProbeFailureCause.None => "none",
        ProbeFailureCause.Dns => "DNS",
        ProbeFailureCause.Refused => "refused",
        ProbeFailureCause.Unreachable => "unreachable",
        ProbeFailureCause.Timeout => "timeout",
        ProbeFailureCause.Reset => "reset",
        ProbeFailureCause.HttpStatus => "HTTP status",
        ProbeFailureCause.Tls => "TLS",
        _ => "other",
    };
}
