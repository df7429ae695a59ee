using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Tests.Routing.Reachability;

/// <summary>Three Nodes x, s and y with PodCIDRs 10.10.1.0/24, 10.10.2.0/24 and 10.10.3.0/24, pool 10.10.0.0/16 over
/// all of them, and a Calico block on each of x and s.</summary>
internal static class ReachabilityFixture
{
    public const string Apart = "10.10.100.0/26";
    public const string InX = "10.10.1.128/26";
    public const string InS = "10.10.2.128/26";
    public const string InY = "10.10.3.128/26";

    /// <summary>The model with x's block where the case wants it.</summary>
    public static ReachabilityModel Model(string blockOfX = Apart) => new()
    {
        Nodes =
        [
            Node("x", 1), Node("s", 2), Node("y", 3),
        ],
        Blocks =
        [
            new(Cidr.Parse(blockOfX), "x"),
            new(Cidr.Parse("10.10.101.0/26"), "s"),
        ],
        Pools = [new(Cidr.Parse("10.10.0.0/16"), NatOutgoing: true)],
        MultusRoutes = MultusRoutes.V1,
    };

    /// <summary>The Calico Pod on x: the last but one address of x's block.</summary>
    public static ReachabilityEndpoint CalicoX(ReachabilityModel model) => ReachabilityEndpoint.Calico("x", PodAddressOfX(model));

    public static ReachabilityEndpoint MultusX(ReachabilityModel model) =>
        ReachabilityEndpoint.Multus("x", PodAddressOfX(model), IPAddress.Parse("10.10.1.9"));

    public static ReachabilityEndpoint CalicoS => ReachabilityEndpoint.Calico("s", IPAddress.Parse("10.10.101.5"));

    public static ReachabilityEndpoint AntreaX => ReachabilityEndpoint.Antrea("x", IPAddress.Parse("10.10.1.2"));

    public static ReachabilityEndpoint AntreaS => ReachabilityEndpoint.Antrea("s", IPAddress.Parse("10.10.2.2"));

    public static ReachabilityEndpoint AntreaY => ReachabilityEndpoint.Antrea("y", IPAddress.Parse("10.10.3.2"));

    public static ReachabilityEndpoint HostX => ReachabilityEndpoint.Host("x", IPAddress.Parse("172.18.0.1"));

    public static ReachabilityEndpoint HostS => ReachabilityEndpoint.Host("s", IPAddress.Parse("172.18.0.2"));

    public static ReachabilityAnswer Ask(ReachabilityModel model, ReachabilityEndpoint from, ReachabilityEndpoint to) =>
        new ReachabilityPredictor(model).Predict(from, to);

    public static bool Reaches(ReachabilityModel model, ReachabilityEndpoint from, ReachabilityEndpoint to) =>
        Ask(model, from, to).Verdict == ReachabilityVerdict.Reachable;

    private static IPAddress PodAddressOfX(ReachabilityModel model)
    {
        var block = model.Blocks[0].Cidr;
        return block.AddressAt(block.AddressCount - 2);
    }

    private static ReachabilityNode Node(string name, int number) => new()
    {
        Name = name,
        PodCidrs = [Cidr.Parse($"10.10.{number}.0/24")],
        InternalIPs = [IPAddress.Parse($"172.18.0.{number}")],
        TunnelAddresses = [IPAddress.Parse($"10.10.200.{number}")],
    };
}
