using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Antrea.Migration.Addressing;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>What is cut off, for a person to judge.</summary>
internal static class CutOffFindings
{
    private const string Remedy = "Give these Pods addresses outside every PodCIDR before Antrea is installed: a new IPPool, the old one disabled, "
        + "and a restart";

    public static ImmutableArray<Finding> Collect(
        ImmutableArray<CutOffGroup> workloads, ImmutableArray<CutOffGroup> services, ReachabilityModel model) =>
        ((IEnumerable<Finding>)[
            .. workloads.Select(OfWorkload),
            .. services.Select(OfService),
            .. TunnelAddresses(model),
        ]).InOrder();

    private static Finding OfWorkload(CutOffGroup group) => new(
        "workload-cut-off",
        Severity.Warning,
        $"{group.Kind}/{group.Namespace}/{group.Name}",
        $"{group.CutOff} of its {group.Total} Pods cannot be reached from {group.From}, on some Nodes or on all",
        Remedy);

    private static Finding OfService(CutOffGroup group) => group.CutOff == group.Total
        ? new Finding(
            "service-cut-off",
            Severity.Blocker,
            $"Service/{group.Namespace}/{group.Name}",
            $"Every Pod behind it ({group.Total}) is cut off from {group.From}, on some Nodes or on all: the Service does not answer them",
            Remedy)
        : new Finding(
            "service-partly-cut-off",
            Severity.Warning,
            $"Service/{group.Namespace}/{group.Name}",
            $"{group.CutOff} of the {group.Total} Pods behind it are cut off from {group.From}, on some Nodes or on all: of their connections "
            + $"about {100 * group.CutOff / group.Total} in 100 are lost",
            Remedy);

    /// <summary>What a Node sends into Calico's tunnel carries its tunnel address, and so does what it masquerades for Antrea Pods.</summary>
    private static IEnumerable<Finding> TunnelAddresses(ReachabilityModel model)
    {
        var predictor = new ReachabilityPredictor(model);
        var topology = predictor.Topology;
        var samples = Samples(model, topology);
        foreach (var node in model.Nodes)
        {
            foreach (var tunnel in node.TunnelAddresses.Where(t => topology.OwnerInAntrea(t) is not null))
            {
                var other = samples.Find(s => s.Calico.Node != node.Name && s.Calico.Address.AddressFamily == tunnel.AddressFamily);
                var deaf = ((ReachabilityEndpoint?[])[other.Calico, other.Multus])
                    .OfType<ReachabilityEndpoint>()
                    .Where(d => predictor.Predict(Host(node, tunnel), d).Verdict != ReachabilityVerdict.Reachable)
                    .Select(d => CutOffWords.Of(d.Kind))
                    .ToList();
                if (deaf.Count > 0)
                {
                    var (podCidr, owner) = topology.OwnerInAntrea(tunnel)!.Value;
                    yield return new Finding(
                        "tunnel-address-in-pod-cidr",
                        Severity.Warning,
                        $"Node/{node.Name}",
                        $"{tunnel}, the address of Node {node.Name} in Calico's tunnel, lies in {podCidr}, the PodCIDR of Node {owner.Name}: "
                        + $"{string.Join(" and ", deaf)} on other Nodes cannot answer that Node's host and Antrea Pods, whose packets come from it",
                        "Move Calico to a new IPPool outside every PodCIDR; calico-node takes a tunnel address from it when it starts again");
                }
            }
        }
    }

    private static ReachabilityEndpoint Host(ReachabilityNode node, IPAddress tunnel) =>
        ReachabilityEndpoint.Host(node.Name, ReachabilityTopology.AddressOf(node, tunnel.AddressFamily) ?? tunnel);

    /// <summary>Calico and Multus Pods with addresses outside every PodCIDR, of two Nodes a family, so that each Node has another.</summary>
    private static List<(ReachabilityEndpoint Calico, ReachabilityEndpoint? Multus)> Samples(ReachabilityModel model, ReachabilityTopology topology)
    {
        var samples = new List<(ReachabilityEndpoint Calico, ReachabilityEndpoint? Multus)>();
        foreach (var family in (AddressFamily[])[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6])
        {
            samples.AddRange(model.Blocks
                .Where(b => b.Cidr.FirstAddress.AddressFamily == family && b.Owner is not null && topology.FindNode(b.Owner) is not null
                    && topology.OwnerInAntrea(b.Cidr.FirstAddress) is null)
                .DistinctBy(b => b.Owner)
                .Take(2)
                .Select(b => (
                    ReachabilityEndpoint.Calico(b.Owner!, b.Cidr.FirstAddress),
                    ReachabilityTopology.GatewayOf(topology.FindNode(b.Owner!)!, family) is { } own
                        ? ReachabilityEndpoint.Multus(b.Owner!, b.Cidr.FirstAddress, own)
                        : null)));
        }

        return samples;
    }
}
