using System.ComponentModel;
using System.Globalization;
using System.Text.RegularExpressions;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>Runs iproute2, ipset and iptables with their commands on standard input.</summary>
internal static class KernelTools
{
    private const string Next = "The kernel fabric needs Linux, root, and the packages iproute2, iptables and ipset.";

    private static readonly Regex FailedLine = new("^Command failed [^:\n]*:([0-9]+)", RegexOptions.Multiline | RegexOptions.CultureInvariant);

    private static readonly string[] Folders =
        [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator), "/usr/sbin", "/sbin"];

    /// <summary>Where distributions have both, the legacy one loads a Node's rules in a third of the time.</summary>
    private static readonly string IptablesRestore = Find("iptables-legacy-restore") ?? "iptables-restore";

    private static readonly string Ip6tablesRestore = Find("ip6tables-legacy-restore") ?? "ip6tables-restore";

    public static Task IpAsync(string commands, CancellationToken cancellationToken) =>
        RunAsync("ip", ["-batch", "-"], new LayoutChange.Commands().Lay(commands), cancellationToken);

    public static Task IpAsync(string name, LayoutChange.Commands commands, CancellationToken cancellationToken) =>
        RunAsync("ip", ["-n", name, "-force", "-batch", "-"], commands, cancellationToken);

    public static Task Ip6Async(string name, LayoutChange.Commands commands, CancellationToken cancellationToken) =>
        RunAsync("ip", ["-6", "-n", name, "-force", "-batch", "-"], commands, cancellationToken);

    public static Task BridgeAsync(string name, LayoutChange.Commands commands, CancellationToken cancellationToken) =>
        RunAsync("bridge", ["-n", name, "-force", "-batch", "-"], commands, cancellationToken);

    public static Task IpsetAsync(string name, LayoutChange.Commands commands, CancellationToken cancellationToken) =>
        RunInsideAsync(name, "ipset", ["restore"], commands, cancellationToken);

    public static Task IptablesAsync(string name, string rules, CancellationToken cancellationToken) =>
        RunInsideAsync(name, IptablesRestore, [], new LayoutChange.Commands().Lay(rules), cancellationToken);

    public static Task Ip6tablesAsync(string name, string rules, CancellationToken cancellationToken) =>
        RunInsideAsync(name, Ip6tablesRestore, [], new LayoutChange.Commands().Lay(rules), cancellationToken);

    /// <summary>Runs a program inside a namespace, whatever it says.</summary>
    public static async Task<(int Code, string Output, string Error)> RunInsideAsync(
        KernelNamespace space, string program, string[] arguments, CancellationToken cancellationToken)
    {
        var result = await Cli.Wrap(Find("nsenter") ?? "nsenter")
            .WithArguments([$"--net={KernelNamespaces.Folder}/{space.Name}", "--", Find(program) ?? program, .. arguments])
            .WithEnvironmentVariables(variables => variables.Set("PATH", string.Join(Path.PathSeparator, Folders)))
            .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken).ConfigureAwait(false);
        return (result.ExitCode, result.StandardOutput, result.StandardError);
    }

    /// <summary>Removes namespaces; ones that are gone already are no fault.</summary>
    public static async Task DeleteAsync(IEnumerable<string> names)
    {
        var commands = string.Concat(names.Select(name => $"netns del {name}\n"));
        if (commands.Length > 0)
        {
            await Cli.Wrap(Find("ip") ?? "ip").WithArguments(["-force", "-batch", "-"]).WithStandardInputPipe(PipeSource.FromString(commands))
                .WithValidation(CommandResultValidation.None).ExecuteAsync().ConfigureAwait(false);
        }
    }

    private static Task RunInsideAsync(
        string name, string program, string[] arguments, LayoutChange.Commands input, CancellationToken cancellationToken) =>
        RunAsync("nsenter", [$"--net={KernelNamespaces.Folder}/{name}", "--", Find(program) ?? program, .. arguments], input, cancellationToken);

    /// <exception cref="MigrationException">It is missing, or says that something is wrong.</exception>
    private static async Task RunAsync(
        string program, string[] arguments, LayoutChange.Commands input, CancellationToken cancellationToken)
    {
        if (input.IsEmpty)
        {
            return;
        }

        BufferedCommandResult result;
        try
        {
            result = await Cli.Wrap(Find(program) ?? program).WithArguments(arguments).WithStandardInputPipe(PipeSource.FromString(input.ToString()))
                .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Win32Exception e)
        {
            throw new MigrationException($"{program} cannot be started: {e.Message}", Next, e);
        }

        if (!result.IsSuccess && !FailedLines(result.StandardError).IsSubsetOf(input.Optional))
        {
            throw new MigrationException(
                $"{program} {string.Join(' ', arguments)} says: {result.StandardError.Trim()} {result.StandardOutput.Trim()}\nIt was given:\n{Numbered(input.ToString())}",
                Next);
        }
    }

    /// <summary>The lines of a batch that failed: <c>Command failed -:3</c>. A message without a line is about none that may fail.</summary>
    private static HashSet<int> FailedLines(string error)
    {
        var lines = FailedLine.Matches(error).Select(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).ToHashSet();
        return lines.Count > 0 ? lines : [0];
    }

    private static string Numbered(string input) =>
        string.Join('\n', input.TrimEnd().Split('\n').Select((line, i) => $"{i + 1}: {line}"));

    private static string? Find(string program) =>
        Folders.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
