using Antrea.Migration.Addressing;

namespace Antrea.Migration.Routing.Reachability;

/// <summary>Says who cannot reach a whole group of Pods, and why, in words that hold for each of them.</summary>
internal static class CutOffWords
{
    private const string OnLink = "look for it on their own link";

    /// <summary>The Pods of a network.</summary>
    public static string Of(PodNetworkKind kind) => kind switch
    {
        PodNetworkKind.Host => "hosts (kubelet, hostNetwork Pods)",
        _ => $"{kind} Pods",
    };

    /// <summary>Some of the classes of Nodes, as shortly as can be.</summary>
    public static string Of(IReadOnlyCollection<SenderNodes> some, IReadOnlyCollection<SenderNodes> all)
    {
        var missing = all.Except(some).ToList();
        return missing.Count == 0 ? "on any Node"
            : all.Any(c => c.Name is null) && missing.TrueForAll(c => c.Name is not null)
                ? $"on every Node but {string.Join(" and ", missing.Select(c => c.Name))}"
                : string.Join(", ", some.Select(c => c.Words));
    }

    /// <summary>Whether the reason is the sender's own link.</summary>
    public static bool IsOnLink(string reason) => reason.Contains(OnLink, StringComparison.Ordinal);

    /// <summary>antrea-gw0 has the address itself.</summary>
    public static string Gateway(string owner) =>
        $"antrea-gw0 of Node {owner} has the same address, so the packets end at that Node itself";

    /// <summary>Why a Calico address in a PodCIDR is not reached.</summary>
    /// <param name="podCidr">The PodCIDR that holds it.</param>
    /// <param name="owner">The PodCIDR's Node.</param>
    /// <param name="node">The Node it is on.</param>
    /// <param name="route">Whose route the Nodes take.</param>
    /// <param name="byAntrea">Whether the senders send by Open vSwitch.</param>
    /// <param name="answer">What the predictor says of one of them.</param>
    public static string Overlapped(
        Cidr podCidr, string owner, string node, HostRoute route, bool byAntrea, ReachabilityAnswer answer)
    {
        if (byAntrea && answer.LostAt?.StartsWith("the Pod's interface", StringComparison.Ordinal) == true)
        {
            return $"{podCidr}, their own Node's PodCIDR, holds the address: they {OnLink}, where nobody answers";
        }

        if (byAntrea && answer.LostAt == $"OVS on {owner}")
        {
            return $"{podCidr}, the PodCIDR of Node {owner}, holds the address: Open vSwitch tunnels the packet to {owner}, where no Antrea Pod "
                + "has it, and it is dropped";
        }

        if (byAntrea && answer.LostAt == $"OVS on {node}")
        {
            return $"the source is not masqueraded, so the reply goes into antrea-gw0 of {node}, whose Open vSwitch has not seen the first "
                + "packet and drops it";
        }

        return answer.Cause is ReachabilityCause.LastOfPodCidr or ReachabilityCause.FirstOfPodCidr ? answer.Reason : route switch
        {
            HostRoute.Contested => $"Calico and Antrea both write the route {podCidr} on every Node; while Antrea's stands, packets go to Node {owner}, "
                + "where no Antrea Pod has the address",
            HostRoute.Antrea => $"Antrea's route {podCidr} is longer than Calico's: packets go to Node {owner}, where no Antrea Pod has the address",
            _ => answer.Reason,
        };
    }

    /// <summary>Why an Antrea address in a range of Calico's is not reached.</summary>
    public static string Shadowed(Cidr podCidr, Cidr block, string owner, HostRoute route) =>
        route == HostRoute.Contested
            ? $"Calico and Antrea both write the route {podCidr} on every Node; while Calico's stands, packets go to Node {owner}, which has no such "
                + "Pod of Calico's"
            : $"Calico's route {block} is longer than the PodCIDR {podCidr}: packets go to Node {owner}, into a blackhole or to a Calico Pod "
                + "with the same address";
}
