using System.Globalization;
using System.Net;
using System.Text;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.Routing;

/// <summary>One line of <c>ip rule</c>: which packets it is for, and what becomes of them.</summary>
/// <remarks>Names and meaning follow iproute2 (<c>ip rule</c>, <c>ip -j rule</c>) and Linux <c>net/core/fib_rules.c</c>.</remarks>
public sealed record RouteRule
{
    /// <summary>0 to 4294967295; the lowest is asked first.</summary>
    public required long Priority { get; init; }

    /// <summary>Whether it is one of IPv6's rules, which are a list of their own.</summary>
    public bool IsIPv6 { get; init; }

    /// <summary>Whether it is for the packets that do <em>not</em> fit the rest.</summary>
    public bool Not { get; init; }

    /// <summary>The source; null for <c>from all</c>. A packet without a source yet fits only null.</summary>
    public Cidr? From { get; init; }

    /// <summary>The destination; null for all.</summary>
    public Cidr? To { get; init; }

    /// <summary>The device the packet came by (<c>iif</c>; <c>lo</c> for the host's own); null for any.</summary>
    public string? InputDevice { get; init; }

    /// <summary>The device the socket is bound to (<c>oif</c>); null for any.</summary>
    public string? OutputDevice { get; init; }

    /// <summary>The firewall mark, compared under <see cref="MarkMask"/>; null for any.</summary>
    public uint? Mark { get; init; }

    /// <summary>Which bits of the mark count; all by default.</summary>
    public uint MarkMask { get; init; } = uint.MaxValue;

    /// <summary>What becomes of a packet it fits.</summary>
    public RouteRuleAction Action { get; init; }

    /// <summary>The table to look up, by name or number; <c>main</c> unless the text says otherwise.</summary>
    public string Table { get; init; } = RouteFormat.MainTable;

    /// <summary>The priority of the rule to go on with, for <see cref="RouteRuleAction.Goto"/>.</summary>
    public long Target { get; init; }

    /// <summary>Routes of this prefix length or less are passed over, and the next rule is asked
    /// (<c>suppress_prefixlength</c>); null for none.</summary>
    public int? SuppressPrefixLength { get; init; }

    /// <summary>The rule as <c>ip rule</c> prints it, for example <c>100: from 10.10.4.0/24 lookup 201</c>.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Priority}:").Append(Not ? " not" : "").Append(" from ").Append(Text(From) ?? "all");
        Word(" to ", Text(To));
        Word(" fwmark ", Mark is { } mark ? $"0x{mark:x}{(MarkMask == uint.MaxValue ? "" : $"/0x{MarkMask:x}")}" : null);
        Word(" iif ", InputDevice);
        Word(" oif ", OutputDevice);
        text.Append(Action switch
        {
            RouteRuleAction.Lookup => $" lookup {Table}",
            RouteRuleAction.Goto => string.Create(CultureInfo.InvariantCulture, $" goto {Target}"),
            var other => $" {other.ToString().ToLowerInvariant()}",
        });
        Word(" suppress_prefixlength ", SuppressPrefixLength?.ToString(CultureInfo.InvariantCulture));
        return text.ToString();

        void Word(string word, string? value) => text.Append(value is null ? "" : word + value);
    }

    /// <summary>Whether the rule is for a packet.</summary>
    internal bool Fits(RoutePacket packet) =>
        IsIPv6 == packet.IsIPv6
        && Not != ((From is not { } from || (packet.Source is not null && from.Contains(packet.Source)))
            && (To is not { } to || to.Contains(packet.Destination))
            && (InputDevice is null || InputDevice == (packet.InputDevice ?? "lo"))
            && (OutputDevice is null || OutputDevice == packet.OutputDevice)
            && (Mark is not { } mark || (packet.Mark & MarkMask) == (mark & MarkMask)));

    private static string? Text(Cidr? cidr) =>
        cidr is not { } prefix ? null : prefix.PrefixLength == (prefix.IsIPv6 ? 128 : 32) ? prefix.FirstAddress.ToString() : prefix.ToString();
}

/// <summary>What a rule does with a packet.</summary>
public enum RouteRuleAction
{
    /// <summary>Looks a table up; the next rule is asked when it has no route.</summary>
    Lookup,

    /// <summary>Goes on with a later rule.</summary>
    Goto,

    /// <summary>Nothing; the next rule is asked.</summary>
    Nop,

    /// <summary>Drops it in silence.</summary>
    Blackhole,

    /// <summary>Answers that the network is unreachable.</summary>
    Unreachable,

    /// <summary>Answers that it is prohibited.</summary>
    Prohibit,
}

/// <summary>What the kernel knows of a packet when it looks for its route.</summary>
/// <param name="Destination">Where it goes.</param>
/// <param name="Source">Where it comes from; null while a socket has no source yet.</param>
public sealed record RoutePacket(IPAddress Destination, IPAddress? Source = null)
{
    /// <summary>The device it came by; null for the host's own.</summary>
    public string? InputDevice { get; init; }

    /// <summary>The device its socket is bound to; null for none.</summary>
    public string? OutputDevice { get; init; }

    /// <summary>Its firewall mark; 0 for none.</summary>
    public uint Mark { get; init; }

    internal bool IsIPv6 => Destination.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
}
