using Antrea.Migration.Addressing;
using Antrea.Migration.Lab;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Labs with both families.</summary>
internal static class DualStack
{
    /// <summary>A Pod on every Node: without a tunnel, a Node without Pods has no IPv6 block.</summary>
    private const string Everywhere =
        """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: everywhere, namespace: default}
        spec:
          selector: {matchLabels: {app: everywhere}}
          template:
            metadata: {labels: {app: everywhere}}
            spec: {tolerations: [{operator: Exists}], containers: [{name: main, image: pause}]}

        """;

    /// <summary>The same cluster with IPv6 beside IPv4; Calico's IPv6 pool lies outside the PodCIDRs.</summary>
    public static LabClusterOptions Of(LabClusterOptions options) => options with
    {
        PodSubnet6 = Cidr.Parse("fd00:10:10::/56"),
        CalicoPool6 = Cidr.Parse("fd00:10:20::/64"),
        ExtraObjects = options.ExtraObjects.Length == 0 ? Everywhere : $"{options.ExtraObjects}---\n{Everywhere}",
    };
}
