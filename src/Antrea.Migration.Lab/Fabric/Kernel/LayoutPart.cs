namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>One thing in a network namespace, with the commands that lay it and take it away.</summary>
/// <param name="Key">What it is, for example <c>addr tunl0</c>: of two layouts, parts of one key are the same thing, perhaps changed.</param>
/// <param name="Add">Commands for <c>ip</c>, <c>bridge</c> or <c>ipset</c>, each with its line end.</param>
/// <param name="Remove">As <paramref name="Add"/>; empty for what goes with its device.</param>
internal sealed record LayoutPart(string Key, string Add, string Remove)
{
    /// <summary>The device it goes with, without a command of ours; null for what has none.</summary>
    public string? Device { get; init; }

    /// <summary>Whether it is that device.</summary>
    public bool IsDevice { get; init; }

    /// <summary>Which device of that name it is, where another namespace makes it.</summary>
    public string? OtherEnd { get; init; }

    /// <summary>Whether a changed one is laid before the old one is taken away, which is done at the very end: a device's last address takes all
    /// routes with it.</summary>
    public bool AddsFirst { get; init; }

    /// <summary>Whether somebody else may have left such a thing, which goes first.</summary>
    public bool Replaces { get; init; }

    public static LayoutPart Link(string device, string add) =>
        new($"link {device}", $"link add name {add}\n", $"link del dev {device}\n") { Device = device, IsDevice = true };

    /// <summary>The own end of a device that another namespace makes.</summary>
    public static LayoutPart End(string device, string otherEnd) =>
        new($"link {device}", "", "") { Device = device, IsDevice = true, OtherEnd = otherEnd };

    public static LayoutPart Setting(string device, string settings) =>
        new($"set {device}", $"link set dev {device} {settings}\n", "") { Device = device };

    public static LayoutPart Address(string device, LinkAddress address)
    {
        var (text, isIPv6) = ($"{address.Address}/{address.PrefixLength}", LayoutWords.IsIPv6(address.Address));
        return new($"addr{(isIPv6 ? 6 : "")} {device}", $"addr add {text} dev {device} noprefixroute{(isIPv6 ? " nodad" : "")}\n", $"addr del {text} dev {device}\n")
        {
            Device = device,
            AddsFirst = true,
        };
    }

    public static LayoutPart Neighbour(string device, string address, string mac) =>
        new($"neigh {device} {address}", $"neigh replace {address} lladdr {mac} dev {device} nud permanent\n", $"neigh del {address} dev {device}\n")
        {
            Device = device,
        };

    /// <summary>An IPv6 address that a device answers for although it is somewhere else.</summary>
    public static LayoutPart Proxy(string device, string address) =>
        new($"proxy {device} {address}", $"neigh add proxy {address} dev {device}\n", $"neigh del proxy {address} dev {device}\n") { Device = device };

    /// <param name="key">Table, destination and metric, or anything else that no other route has.</param>
    /// <param name="device">The device it goes with; null for none.</param>
    /// <param name="routes">As <c>ip route</c> takes them, equals in the kernel's order.</param>
    public static LayoutPart Routes(string key, string? device, params IReadOnlyList<string> routes) =>
        new(
            $"route {key}",
            string.Concat(routes.Select(route => $"route append {route}\n")),
            string.Concat(routes.Select(route => $"route del {Plain(route)}\n")))
        {
            Device = device,
        };

    public static LayoutPart Rule(string rule) => new($"rule {rule}", $"rule add {rule}\n", $"rule del {rule}\n");

    public static LayoutPart Label(AddressLabel label) =>
        new($"label {label.Prefix}", $"addrlabel add prefix {label.Prefix} label {label.Label}\n", $"addrlabel del prefix {label.Prefix} label {label.Label}\n");

    /// <summary>Where a tunnel finds a MAC address.</summary>
    public static LayoutPart Forwarding(string device, string mac, string destination) =>
        new($"fdb {device} {destination}", $"fdb append {mac} dev {device} dst {destination}\n", $"fdb del {mac} dev {device} dst {destination}\n")
        {
            Device = device,
        };

    /// <summary>Without the encapsulation, which the kernel does not look at when it removes a route.</summary>
    private static string Plain(string route)
    {
        var words = route.Split(' ');
        var encap = Array.IndexOf(words, "encap");
        return encap < 0 ? route : string.Join(' ', words[..encap].Concat(words[Array.IndexOf(words, "via")..]));
    }
}
