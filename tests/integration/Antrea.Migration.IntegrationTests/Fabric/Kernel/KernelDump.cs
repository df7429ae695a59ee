using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Antrea.Migration.Lab.Fabric.Kernel;
using CliWrap;
using CliWrap.Buffered;

namespace Antrea.Migration.IntegrationTests.Fabric;

/// <summary>What is in the kernel, asked with its own tools, without what differs between equal labs.</summary>
internal static class KernelDump
{
    private static readonly Regex Label = new("^antrea-lab-[0-9a-f]+-[0-9]+-(.*)$", RegexOptions.CultureInvariant);
    /// <summary>IPv6 routes that the kernel makes for link-local and multicast addresses.</summary>
    private static readonly Regex ByItself = new("^(anycast |local |multicast )?(fe80|ff00)::", RegexOptions.CultureInvariant);

    private static readonly Regex Counters = new(@" \[[0-9]+:[0-9]+\]", RegexOptions.CultureInvariant);
    private static readonly Regex Addresses = new("02(:[0-9a-f]{2}){5}", RegexOptions.CultureInvariant);
    private static readonly Regex Chance = new(" initval 0x[0-9a-f]+", RegexOptions.CultureInvariant);
    private static readonly Regex Ports = new(@"\bu[0-9]+\b", RegexOptions.CultureInvariant);

    /// <summary>Every namespace of a lab, or those that <paramref name="which"/> picks by what they are for: devices, addresses, routes, rules,
    /// neighbours, netfilter, sysctls.</summary>
    public static async Task<string> WriteAsync(string prefix, CancellationToken cancellationToken, Func<string, bool>? which = null)
    {
        var text = new StringBuilder();
        foreach (var name in Directory.GetFiles(KernelNamespaces.Folder, prefix + "*").Select(path => Path.GetFileName(path)).Where(name => which?.Invoke(LabelOf(name)) != false).OrderBy(LabelOf, StringComparer.Ordinal))
        {
            text.Append("== ").Append(LabelOf(name)).Append('\n');
            using var links = JsonDocument.Parse(await RunAsync("ip", ["-n", name, "-j", "addr"], cancellationToken));
            text.AppendJoin("", links.RootElement.EnumerateArray().Select(link => Plain(Link(link))).Order(StringComparer.Ordinal));
            foreach (var family in (string[])["-4", "-6"])
            {
                var routes = await RunAsync("ip", ["-n", name, family, "route", "show", "table", "all"], cancellationToken);
                text.Append(family == "-4" ? routes : Sorted(routes, line => !ByItself.IsMatch(line)));
                text.Append(await RunAsync("ip", ["-n", name, family, "rule"], cancellationToken));
                text.Append(Sorted(await RunAsync("ip", ["-n", name, family, "neigh", "show", "nud", "permanent"], cancellationToken)));
                text.Append(Sorted(await RunAsync("ip", ["-n", name, family, "neigh", "show", "proxy"], cancellationToken)));
            }

            text.Append(Sorted(await RunAsync("ip", ["-n", name, "addrlabel", "list"], cancellationToken)));
            text.Append(Sorted(await RunAsync("bridge", ["-n", name, "fdb", "show"], cancellationToken), line => line.Contains(" dst ", StringComparison.Ordinal)));
            text.Append(Sorted(await InsideAsync(name, "ipset save", cancellationToken)));
            text.Append(Counters.Replace(await InsideAsync(name, "iptables-legacy-save | grep -v ^#; ip6tables-legacy-save | grep -v ^#", cancellationToken), ""));
            text.Append(Sorted(await InsideAsync(name, "grep -H . /proc/sys/net/ipv4/conf/*/rp_filter /proc/sys/net/ipv4/conf/*/proxy_arp /proc/sys/net/ipv4/conf/*/arp_announce", cancellationToken)));
        }

        return text.ToString();
    }

    /// <summary>What is made of a namespace's place in its lab, or by chance.</summary>
    private static string Plain(string text) => Ports.Replace(Addresses.Replace(Chance.Replace(text, ""), "MAC"), "uN");

    private static string LabelOf(string name) => Label.Match(name).Groups[1].Value;

    private static string Link(JsonElement link) =>
        $"{link.GetProperty("ifname")} {link.GetProperty("mtu")} {(link.GetProperty("flags").EnumerateArray().Any(flag => flag.GetString() == "UP") ? "up" : "down")} "
        + string.Join(' ', link.GetProperty("addr_info").EnumerateArray().Where(address => address.GetProperty("scope").GetString() != "link").Select(address => $"{address.GetProperty("local")}/{address.GetProperty("prefixlen")}")) + "\n";

    private static string Sorted(string lines, Func<string, bool>? which = null) =>
        string.Concat(Plain(lines).Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(which ?? (_ => true)).Order(StringComparer.Ordinal).Select(line => line.TrimEnd() + "\n"));

    private static Task<string> InsideAsync(string name, string command, CancellationToken cancellationToken) =>
        RunAsync("nsenter", [$"--net={KernelNamespaces.Folder}/{name}", "sh", "-c", $"PATH=$PATH:/usr/sbin:/sbin; {command}"], cancellationToken);

    private static async Task<string> RunAsync(string program, string[] arguments, CancellationToken cancellationToken) =>
        (await Cli.Wrap(program).WithArguments(arguments).WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(cancellationToken)).StandardOutput;
}
