using System.Globalization;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Execution;

/// <summary>The main tables of a Pod's kernel, as a command inside the Pod tells them.</summary>
/// <remarks>
/// Asked of <c>ip</c>, iproute2's or busybox's. A container without it has <c>/proc/net/route</c>, which is IPv4's main table; IPv6's
/// <c>/proc/net/ipv6_route</c> lists all tables without their names, so nothing is read from it. Rules are not asked for: nothing of the
/// migration's makes one inside a Pod.
/// </remarks>
internal static class PodRoutes
{
    /// <summary>The command's verb, which the lab knows it by.</summary>
    public const string Verb = "read-pod-routes";

    private const string Script =
        """
        if command -v ip >/dev/null 2>&1; then
          echo '$ ip -4 route show table main'; ip -4 route show table main || exit
          [ ! -r /proc/net/if_inet6 ] || { echo '$ ip -6 route show table main'; ip -6 route show table main || exit; }
        else cat /proc/net/route; fi
        """;

    private const string ProcHeading = "Iface";
    private const int ProcColumns = 8;

    /// <summary>Prints the routes. Needs <c>sh</c>, and <c>ip</c> or <c>cat</c>.</summary>
    public static NodeCommand Read() => new(Verb, Script, []);

    /// <summary>What the command has printed.</summary>
    /// <param name="text">Its output.</param>
    /// <param name="pod">What the kernel is called.</param>
    /// <returns>The routes, and whether IPv6's are among them.</returns>
    /// <exception cref="FormatException">It is neither form, or has a line that cannot be read: a route that is missed would be judged wrongly.</exception>
    public static (NodeRoutes Routes, bool TellsIPv6) Parse(string text, string pod)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.StartsWith(ProcHeading, StringComparison.Ordinal))
        {
            return (new NodeRoutes(pod, ParseProc(text, pod)), false);
        }

        var read = RouteParser.Parse(text, pod);
        return read.Findings.IsEmpty
            ? (new NodeRoutes(pod, read.Routes), text.Contains("ip -6 ", StringComparison.Ordinal))
            : throw new FormatException($"The routes of Pod {pod} cannot be read: {read.Findings[0].Subject}: {read.Findings[0].Evidence}");
    }

    // Iface Destination Gateway Flags RefCnt Use Metric Mask …, addresses in hexadecimal as the machine keeps the four bytes.
    private static List<Route> ParseProc(string text, string pod)
    {
        var rows = text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1)
            .Select(l => l.Split((char[])['\t', ' '], StringSplitOptions.RemoveEmptyEntries)).ToList();
        if (rows.Find(r => r.Length < ProcColumns || !TryHex(r[1], out _) || !TryHex(r[2], out _) || !TryHex(r[7], out _)) is { } odd)
        {
            throw new FormatException($"The routes of Pod {pod} cannot be read: /proc/net/route says '{string.Join(' ', odd)}'");
        }

        // A mask has its ones in front; where they are not, the machine keeps the last byte first, as all but a few do.
        var isLittleEndian = !rows.TrueForAll(r => IsMask(Hex(r[7]))) || rows.TrueForAll(r => Hex(r[7]) is 0 or uint.MaxValue);
        return rows.ConvertAll(r => new Route
        {
            Destination = Cidr.Containing(Address(r[1], isLittleEndian), int.PopCount((int)Hex(r[7]))),
            Gateway = Hex(r[2]) == 0 ? null : Address(r[2], isLittleEndian),
            Device = r[0],
            Metric = long.Parse(r[6], NumberStyles.None, CultureInfo.InvariantCulture),
        });
    }

    private static bool IsMask(uint mask) => (~mask & (~mask + 1)) == 0;

    private static IPAddress Address(string hex, bool isLittleEndian)
    {
        var bytes = Convert.FromHexString(hex);
        if (isLittleEndian)
        {
            bytes.AsSpan().Reverse();
        }

        return new IPAddress(bytes);
    }

    private static uint Hex(string text) => uint.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private static bool TryHex(string text, out uint value)
    {
        value = 0;
        return text.Length == 8 && uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
