namespace Antrea.Migration.StandIns;

/// <summary>The name this program was started under.</summary>
internal static class ProcessName
{
    /// <summary><c>argv[0]</c>, which the runtime does not hand on when a link was followed.</summary>
    public static string Get() => File.ReadAllText("/proc/self/cmdline").Split('\0')[0];
}
