namespace Antrea.Migration.StandIns;

/// <summary>The name this program was started under.</summary>
internal static class ProcessName
{
    private const string CommandLine = "/proc/self/cmdline";

    /// <summary><c>argv[0]</c>, which the runtime does not hand on when a link was followed.</summary>
    /// <remarks>Whoever enters a container's root from outside is no process in the /proc there; the runtime cannot follow the link then.</remarks>
    public static string Get() => File.Exists(CommandLine) ? File.ReadAllText(CommandLine).Split('\0')[0] : Environment.GetCommandLineArgs()[0];
}
