using System.Collections.Immutable;
using System.Globalization;
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

    /// <summary>For <c>bridge -batch</c>: where a tunnel finds a MAC address.</summary>
    public IReadOnlyList<LayoutPart> Forwarding { get; init; } = [];

    /// <summary>For <c>ipset restore</c>.</summary>
    public IReadOnlyList<LayoutPart> Sets { get; init; } = [];

    /// <summary>For <c>iptables-restore</c>: each table's name and whole text.</summary>
    public IReadOnlyDictionary<string, string> Rules { get; init; } = ImmutableDictionary<string, string>.Empty;

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

    /// <summary>Routes and rules, in the state's own order.</summary>
    /// <param name="state">What is to be laid.</param>
    /// <param name="hasDevice">Whether a device is there; routes by one that went without the model's knowing are gone.</param>
    /// <remarks>Everything is appended, connected routes too, so that among equals the kernel has the model's order. Routes without a
    /// next hop come first: without them the kernel refuses the others.</remarks>
    public static IEnumerable<LayoutPart> RoutesOf(RoutingState state, Func<string, bool> hasDevice)
    {
        var tables = state.Routes.Select(route => route.Table).Concat(state.Rules.Select(rule => rule.Table)).Distinct()
            .Where(table => table != RoutingState.MainTable && !int.TryParse(table, CultureInfo.InvariantCulture, out _))
            .Select((table, i) => (table, Number: (1000 + i).ToString(CultureInfo.InvariantCulture)))
            .ToDictionary(entry => entry.table, entry => entry.Number, StringComparer.Ordinal);
        foreach (var equals in state.Routes.Where(route => route.Device is null || hasDevice(route.Device))
            .GroupBy(route => (Table: NumberOf(route.Table), route.Destination, route.Metric))
            .OrderBy(group => group.Any(route => route.Gateway is not null)))
        {
            var devices = equals.Select(route => route.Device).Distinct().ToList();
            yield return LayoutPart.Routes(
                string.Create(CultureInfo.InvariantCulture, $"{equals.Key.Table} {equals.Key.Destination} {equals.Key.Metric}"),
                devices is [{ } only] ? only : null,
                [.. equals.Select(route => (route with { Table = equals.Key.Table, Dead = false, LinkDown = false }).ToString())]);
        }

        foreach (var rule in state.Rules)
        {
            yield return LayoutPart.Rule(
                (rule.From is { } from ? $"from {from} " : "") + (rule.To is { } to ? $"to {to} " : "")
                + string.Create(CultureInfo.InvariantCulture, $"lookup {NumberOf(rule.Table)} prio {rule.Priority}"));
        }

        string NumberOf(string table) => tables.GetValueOrDefault(table, table);
    }
}
