namespace Antrea.Migration.Connectivity;

/// <summary>The rules that several options share.</summary>
internal static class ProbeOptionRules
{
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan Longest = TimeSpan.FromDays(1);

    public static void CheckTarget(List<string> faults, string name, Uri? target)
    {
        if (target is null)
        {
            faults.Add($"{name} is missing: an absolute http or https URL is needed.");
        }
        else if (!target.IsAbsoluteUri || (target.Scheme != Uri.UriSchemeHttp && target.Scheme != Uri.UriSchemeHttps))
        {
            faults.Add($"{name} is '{target}', but must be an absolute http or https URL, for example http://nginx-origin.");
        }
    }

    /// <summary>For transports that may speak something else than HTTP.</summary>
    public static void CheckEndPoint(List<string> faults, string name, Uri? target)
    {
        if (target is null || !target.IsAbsoluteUri || target.Host.Length == 0)
        {
            faults.Add($"{name} is '{target}', but must be an absolute URL with a host, for example http://nginx-origin.");
        }
    }

    public static void CheckSpan(List<string> faults, string name, TimeSpan value)
    {
        if (value < Shortest || value > Longest)
        {
            faults.Add($"{name} is {GoDuration.FromTimeSpan(value)}, but must be between 1ms and 24h.");
        }
    }

    public static void ThrowIfAny(IReadOnlyList<string> faults, string parameterName)
    {
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(" ", faults), parameterName);
        }
    }
}
