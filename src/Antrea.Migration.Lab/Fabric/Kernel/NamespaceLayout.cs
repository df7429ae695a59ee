using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>What one network namespace has, in the words of the tools that give it.</summary>
internal sealed record NamespaceLayout
{
    public static readonly NamespaceLayout Empty = new() { Links = [] };

    /// <summary>Written before there are interfaces, which then inherit them; one <c>PATH=VALUE</c> a line, below <c>/proc/sys/net</c>.</summary>
    public string SysctlsBefore { get; init; } = "";

    /// <summary>For <c>ip -batch</c>: devices, addresses, neighbours, routes, rules, in the order in which they are laid.</summary>
    public required IReadOnlyList<LayoutPart> Links { get; init; }

    /// <summary>For <c>ip -6 -batch</c>: rules, whose family their words do not always tell.</summary>
    public IReadOnlyList<LayoutPart> Rules6 { get; init; } = [];

    /// <summary>For <c>bridge -batch</c>: where a tunnel finds a MAC address.</summary>
    public IReadOnlyList<LayoutPart> Forwarding { get; init; } = [];

    /// <summary>For <c>ipset restore</c>.</summary>
    public IReadOnlyList<LayoutPart> Sets { get; init; } = [];

    /// <summary>For <c>iptables-restore</c>: each table's name and whole text.</summary>
    public IReadOnlyDictionary<string, string> Tables { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The same for <c>ip6tables-restore</c>; empty where there is no IPv6.</summary>
    public IReadOnlyDictionary<string, string> Tables6 { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>Written when everything is there; as <see cref="SysctlsBefore"/>.</summary>
    public string SysctlsAfter { get; init; } = "";
}

/// <summary>The names and numbers that the layouts of one lab share.</summary>
internal static class LayoutWords
{
    /// <summary>Room for a Pod's 1480 bytes and a VXLAN header.</summary>
    public const int UnderlayMtu = 1600;

    public const int CalicoMtu = 1480;
    public const int AntreaMtu = 1450;

    /// <summary>A MAC address that no other interface of a lab has.</summary>
    /// <param name="purpose">0–255: which interface of its namespace.</param>
    /// <param name="space">The namespace.</param>
    public static string Mac(int purpose, KernelNamespace space) => string.Create(
        CultureInfo.InvariantCulture, $"02:{purpose:x2}:00:00:{space.Index >> 8:x2}:{space.Index & 255:x2}");

    /// <summary>The sysctls that switch IPv6 on or off, without waiting for duplicates of addresses.</summary>
    public static string IPv6Sysctls(bool isOn, bool forwards = false) => isOn
        ? $"""
            ipv6/conf/all/disable_ipv6=0
            ipv6/conf/default/disable_ipv6=0
            ipv6/conf/all/accept_dad=0
            ipv6/conf/default/accept_dad=0
            ipv6/conf/default/accept_ra=0
            ipv6/conf/all/forwarding={(forwards ? 1 : 0)}

            """
        : "ipv6/conf/all/disable_ipv6=1\nipv6/conf/default/disable_ipv6=1\n";

    /// <summary>A socket address's family of rules: <c>/32</c> or <c>/128</c> behind the address.</summary>
    public static string Alone(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork ? $"{address}/32" : $"{address}/128";

    public static bool IsIPv6(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>Routes, in the state's own order.</summary>
    /// <param name="state">What is to be laid.</param>
    /// <param name="hasDevice">Whether a device is there; routes by one that went without the model's knowing are gone.</param>
    /// <remarks>Everything is appended, connected routes too, so that among equals the kernel has the model's order. Routes without a
    /// next hop come first: without them the kernel refuses the others. So do IPv6 ones whose next hop is said to be on the link, in the model's
    /// order: the kernel refuses them where another device's route covers it already.</remarks>
    public static IEnumerable<LayoutPart> RoutesOf(RoutingState state, Func<string, bool> hasDevice)
    {
        var numberOf = Numbers(state);
        foreach (var equals in state.Routes.Where(route => route.Device is null || hasDevice(route.Device))
            .GroupBy(route => (Table: numberOf(route.Table), route.Destination, route.Metric))
            .OrderBy(group => group.Any(route => route is { Gateway: not null } and not { OnLink: true, Destination.IsIPv6: true })))
        {
            var devices = equals.Select(route => route.Device).Distinct().ToList();
            yield return LayoutPart.Routes(
                string.Create(CultureInfo.InvariantCulture, $"{equals.Key.Table} {equals.Key.Destination} {equals.Key.Metric}"),
                devices is [{ } only] ? only : null,
                [.. equals.Select(route => (route with { Table = equals.Key.Table, Dead = false, LinkDown = false }).ToString())]);
        }

    }

    /// <summary>The rules of one family; one that names no address is both's.</summary>
    public static IEnumerable<LayoutPart> RulesOf(RoutingState state, bool isIPv6)
    {
        var numberOf = Numbers(state);
        return state.Rules.Where(rule => (rule.From ?? rule.To) is not { } named || named.IsIPv6 == isIPv6).Select(rule => LayoutPart.Rule(
            (rule.From is { } from ? $"from {from} " : "") + (rule.To is { } to ? $"to {to} " : "")
            + string.Create(CultureInfo.InvariantCulture, $"lookup {numberOf(rule.Table)} prio {rule.Priority}")));
    }

    /// <summary>The kernel knows tables by number.</summary>
    private static Func<string, string> Numbers(RoutingState state)
    {
        var tables = state.Routes.Select(route => route.Table).Concat(state.Rules.Select(rule => rule.Table)).Distinct()
            .Where(table => table != RoutingState.MainTable && !int.TryParse(table, CultureInfo.InvariantCulture, out _))
            .Select((table, i) => (table, Number: (1000 + i).ToString(CultureInfo.InvariantCulture)))
            .ToDictionary(entry => entry.table, entry => entry.Number, StringComparer.Ordinal);
        return table => tables.GetValueOrDefault(table, table);
    }
}
