using System.Globalization;
using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing;

namespace Antrea.Migration.IntegrationTests.Routing;

/// <summary>Random routes, rules and packets of one family, in the words of <c>ip -batch</c>. The same seed makes the same.</summary>
/// <remarks>Prefixes of every length lie around a few addresses, so that most nest; one in five repeats another prefix at another metric, or
/// at the same where IPv4 lets it. Every route that leads somewhere has an MTU of its own, by which the kernel's answer names it.</remarks>
internal sealed class KernelRoutes
{
    private const int FirstMtu = 1300;

    private static readonly string[] Metrics = ["", "", " metric 1", " metric 100", " metric 1024"];
    private static readonly string[] Drops = ["blackhole", "unreachable", "prohibit", "throw"];

    private readonly Random _random;
    private readonly bool _isIPv6;
    private readonly int _width;
    private readonly Cidr _all;
    private readonly Cidr[] _centres;
    private readonly List<Cidr> _prefixes = [];
    private readonly HashSet<(string Table, Cidr Prefix, string Metric)> _used = [];
    private readonly List<string> _routes = [];
    private readonly List<string> _nextHops = [];
    private readonly List<string> _rules = [];

    public KernelRoutes(bool isIPv6, int seed, int routes, int packets, bool withRules)
    {
        _random = new Random(seed);
        (_isIPv6, _width, _all) = (isIPv6, isIPv6 ? 128 : 32, Cidr.Parse(isIPv6 ? "::/0" : "0.0.0.0/0"));
        _centres = [.. (isIPv6 ? ["2001:db8::", "fd00:10:10::", "2400::"] : (string[])["10.10.0.0", "10.244.7.0", "192.168.0.0", "100.64.0.0"])
            .Select(a => Cidr.Containing(IPAddress.Parse(a), isIPv6 ? 48 : 16)).SelectMany(c => (Cidr[])[Within(c), Within(c)])];
        string[] tables = withRules ? ["", "", " table 100", " table 101"] : [""];
        while (_routes.Count < routes)
        {
            AddRoute(Pick(tables));
        }

        for (var i = 0; withRules && i < 12; i++)
        {
            AddRule();
        }

        Packets = [.. Enumerable.Range(0, packets).Select(_ => Packet(withRules))];
    }

    /// <summary>The devices, with an address each; and what a Node has set.</summary>
    public string Devices => string.Concat(
        "echo 1 > /proc/sys/net/ipv4/ip_forward\necho 1 > /proc/sys/net/ipv6/conf/all/forwarding\nip link set lo up\n",
        string.Concat(Enumerable.Range(0, 3).Select(i => string.Create(CultureInfo.InvariantCulture, $"""
            ip link add d{i} mtu 65535 type veth peer name e{i} mtu 65535
            ip link set d{i} up
            ip link set e{i} up
            ip addr add {Link(i).AddressAt(1)}/{Link(i).PrefixLength} dev d{i}{(_isIPv6 ? " nodad" : "")}

            """))));

    /// <summary>The commands that add next hops, routes and rules, one a line.</summary>
    public IEnumerable<string> Commands => [.. _nextHops, .. _routes, .. _rules];

    /// <summary>How many routes there are besides the kernel's own.</summary>
    public int Count => _routes.Count;

    /// <summary>What is looked up.</summary>
    public RoutePacket[] Packets { get; }

    private void AddRoute(string table)
    {
        var (prefix, metric, drop) = (Prefix(), Pick(Metrics), _random.Next(5) == 0 ? Pick(Drops) + " " : "");
        var verb = "add";
        if (!_used.Add((table, prefix, _isIPv6 && metric.Length == 0 ? " metric 1024" : metric)))
        {
            // IPv6 would make one route with several next hops of them; of defaults as good as each other IPv4 takes turns.
            if (_isIPv6 || prefix.PrefixLength == 0 || drop.Length > 0)
            {
                return;
            }

            verb = Pick(["append", "prepend"]);
        }

        _prefixes.Add(prefix);
        var number = _routes.Count;
        var (device, gateway) = (number % 3, Link(number % 3).AddressAt((UInt128)number + 2));
        var way = _random.Next(8) switch
        {
            0 => $" dev d{device}",
            1 => $" nexthop via {gateway} weight 3 nexthop via {Link((device + 1) % 3).AddressAt((UInt128)number + 2)}",
            2 => $" nhid {NextHop($"via {gateway} dev d{device}")}",
            _ => $" via {gateway}",
        };
        _routes.Add(string.Create(
            CultureInfo.InvariantCulture, $"route {verb} {drop}{prefix}{metric}{table}{(drop.Length > 0 ? "" : $" mtu {FirstMtu + number}{way}")}"));
    }

    /// <summary>Adds a next hop that is an object of its own, one for each route: among IPv6 routes that share one the kernel keeps a single
    /// ready-made answer a processor, which names the route that was asked first, whichever the packet takes.</summary>
    private int NextHop(string way)
    {
        _nextHops.Add(string.Create(CultureInfo.InvariantCulture, $"nexthop add id {_nextHops.Count + 1} {way}"));
        return _nextHops.Count;
    }

    private void AddRule()
    {
        var number = _rules.Count;
        var selector = _random.Next(5) switch
        {
            0 => $" from {Link(_random.Next(3)).AddressAt(1)}",
            1 => $" to {Prefix()}",
            2 => $" fwmark 0x{_random.Next(4):x}/0x{_random.Next(1, 4):x}",
            3 => " iif lo",
            _ => "",
        };
        var action = _random.Next(12) switch
        {
            0 => $" goto {_random.Next(number + 2, 16)}",
            1 => " nop",
            2 when selector.Length > 0 => " " + Pick(["blackhole", "unreachable", "prohibit"]),
            3 or 4 => $" lookup main suppress_prefixlength {_random.Next(_width / 2)}",
            _ => $" lookup {_random.Next(100, 102)}",
        };
        _rules.Add($"rule add pref {number + 1}{(selector.Length > 0 && _random.Next(4) == 0 ? " not" : "")}{selector}{action}");
    }

    private RoutePacket Packet(bool withRules)
    {
        var destination = Destination();
        return !withRules ? new RoutePacket(destination)
            : new RoutePacket(destination, _random.Next(2) == 0 ? Link(_random.Next(3)).AddressAt(1) : null) { Mark = (uint)_random.Next(4) };
    }

    /// <summary>An address within a prefix, at its ends or beside them: one that a packet can go to.</summary>
    private IPAddress Destination()
    {
        while (true)
        {
            var prefix = Pick(_prefixes);
            var value = _random.Next(5) switch
            {
                0 => ValueOf(prefix.FirstAddress),
                1 => ValueOf(prefix.LastAddress),
                2 => ValueOf(prefix.FirstAddress) - 1,
                3 => ValueOf(prefix.LastAddress) + 1,
                _ => ValueOf(Within(prefix).FirstAddress),
            };
            var first = value >> (_width - 8);
            if (_isIPv6 ? (int)first is (>= 0x20 and < 0x40) or 0xfd : first > 0 && first < 224 && first != 127)
            {
                return _all.AddressAt(value);
            }
        }
    }

    private Cidr Prefix() => _prefixes.Count > 0 && _random.Next(5) == 0
        ? Pick(_prefixes)
        : Cidr.Containing(Within(Cidr.Containing(Pick(_centres).FirstAddress, _random.Next(_width + 1))).FirstAddress, _random.Next(_width + 1));

    /// <summary>A single address of a prefix.</summary>
    private Cidr Within(Cidr prefix)
    {
        var bits = ((UInt128)(ulong)_random.NextInt64(long.MinValue, long.MaxValue) << 64) | (ulong)_random.NextInt64(long.MinValue, long.MaxValue);
        return Cidr.Host(prefix.AddressAt(bits & (ValueOf(prefix.LastAddress) - ValueOf(prefix.FirstAddress))));
    }

    private static UInt128 ValueOf(IPAddress address) => address.GetAddressBytes().Aggregate(UInt128.Zero, (value, b) => (value << 8) | b);

    private Cidr Link(int device) => Cidr.Parse(_isIPv6 ? $"fd77:{device}::/64" : $"172.{16 + device}.0.0/16");

    private T Pick<T>(IReadOnlyList<T> list) => list[_random.Next(list.Count)];
}
