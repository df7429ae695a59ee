using System.Net.Sockets;

namespace Antrea.Migration.Routing;

/// <summary>Reads what <c>ip route</c> and <c>ip -j route</c> print.</summary>
/// <remarks>
/// <para>Nothing in the input makes it throw: a line that is no route, a word that is not iproute2's, host bits behind
/// a prefix are findings with their place, and reading goes on. Past <see cref="MaxFindings"/> findings only their
/// number is kept.</para>
/// <para>Attributes without a say in where a packet goes (<c>mtu</c>, <c>expires</c>, <c>pref</c>…) are read and
/// dropped. Routes that apply to some packets only (<c>from</c>, <c>tos</c>, <c>iif</c>) or wrap them (<c>encap</c>)
/// are left out with a finding that says so.</para>
/// <para>Pure and thread-safe.</para>
/// </remarks>
public static class RouteParser
{
    /// <summary>How many findings one input can give; one more says how many were left out.</summary>
    public const int MaxFindings = 1000;

    /// <summary>Reads a file as people save them: the output of several commands one after the other, text and JSON, both families,
    /// routes and rules.</summary>
    /// <remarks>A command line above its output (<c>$ ip -6 route show table 100</c>) tells the family and the table that the output leaves
    /// out. Without one, what does not tell its family is IPv4's; a second list of rules that begins again at a lower priority is IPv6's, as
    /// in <c>(ip rule; ip -6 rule)</c>. Lines that begin with <c>#</c>, and rulers, are passed over. Lines of more than 65,536
    /// characters are not read.</remarks>
    /// <param name="text">The file's content.</param>
    /// <param name="sourceName">What findings call the input, for example the file's name.</param>
    /// <param name="cancellationToken">Ends the reading early.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    public static RouteParseResult Parse(string text, string sourceName, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(sourceName);
        return RouteTextReader.Read(text, sourceName, defaultIsIPv6: false, withJson: true, cancellationToken);
    }

    /// <summary>Reads the text of <c>ip route</c>, <c>ip -6 route</c> or <c>ip route show table all</c>, <c>-o</c> and
    /// <c>-d</c> included.</summary>
    /// <param name="text">The output, with or without a trailing newline.</param>
    /// <param name="sourceName">What findings call the input, for example a file name or a Node.</param>
    /// <param name="defaultFamily">The family of a <c>default</c> line that nothing else on it tells;
    /// <see cref="AddressFamily.InterNetwork"/> or <see cref="AddressFamily.InterNetworkV6"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="defaultFamily"/> is another family.</exception>
    public static RouteParseResult ParseText(
        string text, string sourceName, AddressFamily defaultFamily = AddressFamily.InterNetwork)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(sourceName);
        return RouteTextReader.Read(text, sourceName, IsIPv6(defaultFamily), withJson: false, CancellationToken.None);
    }

    /// <summary>Reads the JSON of <c>ip -j route</c>, <c>ip -j -6 route</c> or <c>ip -j route show table
    /// all</c>.</summary>
    /// <param name="json">The output: an array of objects.</param>
    /// <param name="sourceName">What findings call the input, for example a file name or a Node.</param>
    /// <param name="defaultFamily">As for <see cref="ParseText"/>.</param>
    /// <returns>The routes; where the input is no JSON array, none and one finding of severity Blocker.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="defaultFamily"/> is another family.</exception>
    public static RouteParseResult ParseJson(
        string json, string sourceName, AddressFamily defaultFamily = AddressFamily.InterNetwork)
    {
        ArgumentNullException.ThrowIfNull(json);
        ArgumentNullException.ThrowIfNull(sourceName);
        return RouteJsonReader.Read(json, sourceName, IsIPv6(defaultFamily));
    }

    private static bool IsIPv6(AddressFamily defaultFamily) =>
        defaultFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
            ? defaultFamily == AddressFamily.InterNetworkV6
            : throw new ArgumentOutOfRangeException(nameof(defaultFamily), defaultFamily, "Routes are IPv4 or IPv6.");
}
