using Antrea.Migration.Findings;

namespace Antrea.Migration.Addressing;

/// <content>Clashes of the cluster's ranges with each other and with networks outside.</content>
internal static partial class AddressFindings
{
    private static IEnumerable<Finding> BesideThePods(ILookup<(AddressUse Left, AddressUse Right), AddressClash> between) =>
    [
        .. between[(AddressUse.Pool, AddressUse.Pool)].Select(PoolsOverlap),
        .. between[(AddressUse.Pool, AddressUse.ServiceCidr)].Select(PoolOverlapsServices),
        .. between[(AddressUse.ServiceCidr, AddressUse.NodeAddress)].Select(ServicesContainNodeAddress),
        .. Blocks(between, AddressUse.External).Select(ExternalOverlaps),
        .. between[(AddressUse.PodCidr, AddressUse.External)].Select(ExternalOverlaps),
        .. between[(AddressUse.ServiceCidr, AddressUse.External)].Select(ExternalOverlaps),
    ];

    private static Finding PoolsOverlap(AddressClash clash) => new(
        "pools-overlap",
        Severity.Warning,
        $"IPPool/{clash.Left.Owner}",
        $"{clash.Left.Cidr} of IPPool {clash.Left.Owner} {(clash.Relation == CidrRelation.Equal ? "is also" : "lies in")} {clash.Right.Cidr} of "
        + $"IPPool {clash.Right.Owner}; Calico refuses this, so one of them was written past its checks",
        "Move the Pods of one of the two to a pool of its own and delete it");

    private static Finding PoolOverlapsServices(AddressClash clash) => new(
        "pool-overlaps-service-cidr",
        Severity.Warning,
        $"IPPool/{clash.Left.Owner}",
        $"{clash.Left.Cidr} of IPPool {clash.Left.Owner} overlaps the Service CIDR {clash.Right.Cidr}; the next block can take addresses of Services",
        "Move Calico to an IPPool outside the Service CIDR");

    private static Finding ServicesContainNodeAddress(AddressClash clash) => new(
        "service-cidr-contains-node-address",
        Severity.Warning,
        $"Node/{clash.Right.Owner}",
        $"InternalIP {clash.Right.Cidr.FirstAddress} of Node {clash.Right.Owner} lies in the Service CIDR {clash.Left.Cidr}; a Service with that "
        + "address would take the Node's traffic",
        "Choose a Service CIDR outside the Nodes' networks");

    /// <summary>Whose route is the longer one gets the traffic.</summary>
    private static Finding ExternalOverlaps(AddressClash clash)
    {
        var (what, subject) = clash.Left.Use switch
        {
            AddressUse.PodCidr => ($"the PodCIDR of Node {clash.Left.Owner}", $"Node/{clash.Left.Owner}"),
            AddressUse.ServiceCidr => ("the Service CIDR", "Cluster"),
            _ => ($"a Calico block{OwnedBy(clash.Left.Owner)}", SubjectOf(clash.Left.Cidr, clash.Left.Owner)),
        };
        var other = clash.Right.Owner is null ? "an external route" : $"an address of {clash.Right.Owner}";
        return clash.Relation == CidrRelation.Within
            ? new Finding(
                "external-route-covers-cluster-range",
                Severity.Info,
                subject,
                $"{clash.Left.Cidr}, {what}, lies in {clash.Right.Cidr}, {other}: the cluster's route is the longer one and hides that part of it",
                "None unless something outside has addresses in that part")
            : new Finding(
                "external-route-in-cluster-range",
                Severity.Warning,
                subject,
                $"{clash.Right.Cidr}, {other}, lies in {clash.Left.Cidr}, {what}: Nodes that have this route send such addresses out of the cluster",
                "Take the route off the Nodes, or keep Pods and Services off these addresses");
    }
}
