using System.Diagnostics;

namespace Antrea.Migration.StandIns.Kernel;

/// <summary>Runs the tools that lay devices, routes and rules.</summary>
internal static class Shell
{
    private const string Path = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin:/opt/cni/bin";

    /// <summary>Enters the Node's own mount and network namespaces; the agent's Pod has the Node's /proc at /host/proc.</summary>
    private static readonly string[] EnterNode =
        ["nsenter", "--mount=/host/proc/1/ns/mnt", "--net=/host/proc/1/ns/net", "--"];

    /// <summary>Runs shell text in this container; a step that fails ends it.</summary>
    /// <exception cref="StandInException">It failed; the message has its error output.</exception>
    public static string Run(string script) => Run(["sh", "-e"], script);

    /// <summary>Runs shell text on the Node itself.</summary>
    /// <exception cref="StandInException">It failed; the message has its error output.</exception>
    public static string RunOnNode(string script) => Run([.. EnterNode, "sh", "-e"], script);

    /// <summary>Runs a program of the Node with an environment of its own.</summary>
    public static string RunOnNode(string[] command, string input, IReadOnlyDictionary<string, string> environment) =>
        Run([.. EnterNode, .. command], input, environment);

    /// <summary>Runs a program and returns its output.</summary>
    /// <exception cref="StandInException">It failed; the message has its output and error output.</exception>
    public static string Run(string[] command, string input, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(command[0])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in command[1..])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment["PATH"] = Path;
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start) ?? throw new StandInException($"{command[0]} did not start");
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.Result
            : throw new StandInException(
                $"{string.Join(' ', command)} ended with {process.ExitCode}: {error.Result.Trim()} {output.Result.Trim()}".TrimEnd());
    }
}
