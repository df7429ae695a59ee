using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing;

namespace Antrea.Migration.Bridge;

/// <summary>By which interface a Multus Pod must send what, so that replies leave by the one that they were asked through.</summary>
/// <remarks>
/// What <see cref="MultusConfig.DelegateToBoth"/> is for: PodCIDRs and Service CIDRs by Antrea's interface, everything else, Calico's ranges and the Nodes
/// among it, by Calico's. A route of equal destination and metric by the other interface spoils it: the kernel alternates between the two by the state of
/// their neighbours. See docs/adr/0005.
/// </remarks>
internal sealed class ReplyRoutes
{
    /// <summary>Multus gives its first delegate the runtime's own interface.</summary>
    public const string CalicoDevice = "eth0";

    /// <summary>The name of the second delegate's.</summary>
    public const string AntreaDevice = "net1";

    private readonly ImmutableArray<(Cidr Range, string Device)> _wanted;

    /// <summary>For a cluster's ranges.</summary>
    /// <param name="podCidrs">Of all Nodes.</param>
    /// <param name="serviceCidrs">Where ClusterIPs come from.</param>
    /// <param name="calicoCidrs">Calico's pools and blocks; those in a PodCIDR are Antrea's here, as they are for the kernel.</param>
    public ReplyRoutes(IEnumerable<Cidr> podCidrs, IEnumerable<Cidr> serviceCidrs, IEnumerable<Cidr> calicoCidrs)
    {
        ImmutableArray<Cidr> antreas = [.. podCidrs.Concat(serviceCidrs).Distinct().Order()];
        var table = new CidrSet(antreas);
        _wanted =
        [
            (Cidr.Containing(IPAddress.Any, 0), CalicoDevice),
            (Cidr.Containing(IPAddress.IPv6Any, 0), CalicoDevice),
            .. antreas.Select(c => (c, AntreaDevice)),
            .. calicoCidrs.Where(c => !table.Contains(c.FirstAddress)).Distinct().Order().Select(c => (c, CalicoDevice)),
        ];
    }

    /// <summary>What of a Pod's routes would lead replies astray, a phrase each: the default route first, then Antrea's ranges, then Calico's. Empty when all are right.</summary>
    /// <param name="routes">The Pod's kernel.</param>
    /// <param name="families">The families that count.</param>
    public IEnumerable<string> FaultsOf(NodeRoutes routes, IReadOnlyCollection<AddressFamily> families)
    {
        if (routes.Table("main") is not { } table)
        {
            yield return "it has no route at all";
            yield break;
        }

        foreach (var (range, device) in _wanted)
        {
            if (families.Contains(range.FirstAddress.AddressFamily) && Chosen(table, range.FirstAddress) is var chosen
                && (chosen.Count == 0 || !chosen.SelectMany(DevicesOf).All(d => d == device)))
            {
                yield return Words(range, device, chosen);
            }
        }
    }

    /// <summary>The route that the kernel takes, and those that it might take as well: of the same destination and metric.</summary>
    private static List<Route> Chosen(RouteTable table, IPAddress destination)
    {
        List<Route> chosen = [];
        foreach (var route in table.Covering(destination))
        {
            if (chosen.Count > 0 && (route.Destination, route.Metric) != (chosen[0].Destination, chosen[0].Metric))
            {
                break;
            }

            chosen.Add(route);
        }

        return chosen;
    }

    private static IEnumerable<string?> DevicesOf(Route route) => route.NextHops.IsEmpty ? [route.Device] : route.NextHops.Select(h => h.Device);

    private static string Words(Cidr range, string device, List<Route> chosen)
    {
        var what = range.PrefixLength == 0 ? $"the IPv{(range.IsIPv6 ? 6 : 4)} default route" : $"what goes to {range}";
        if (chosen.Count == 0)
        {
            return $"{what} leaves by nothing, and not by {device}";
        }

        var devices = chosen.SelectMany(DevicesOf).Select(d => d ?? "nothing").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        var routes = chosen.Select(r => r.ToString().ReplaceLineEndings("").Replace("\t", " ", StringComparison.Ordinal));
        return $"{what} leaves by {string.Join(" or ", devices)}, and not by {device} alone ({string.Join("; ", routes)})";
    }
}
