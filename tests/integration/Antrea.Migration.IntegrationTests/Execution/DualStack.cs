using System.Text.Json.Nodes;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.IntegrationTests.Execution;

/// <summary>Labs with both families, or with IPv6 alone.</summary>
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

    /// <summary>Lets no object of the cluster say from where Services get their IPv6 addresses.</summary>
    public static void HideServices(LabCluster lab, LabClusterOptions options)
    {
        var (both, one) = (options.ServiceSubnets, options.ServiceSubnet.ToString());
        foreach (var kind in (ResourceType[])[ResourceType.Pod, ResourceType.ConfigMap])
        {
            foreach (var obj in lab.Store.PeekAll(kind).Where(obj => obj.ToJsonString().Contains(both, StringComparison.Ordinal)))
            {
                lab.Store.Mutate(kind, obj.NamespaceOf(), obj.NameOf(), json =>
                {
                    var changed = (JsonObject)JsonNode.Parse(json.ToJsonString().Replace(both, one, StringComparison.Ordinal))!;
                    json.Clear();
                    foreach (var (name, value) in changed.ToList())
                    {
                        json[name] = value?.DeepClone();
                    }

                    return true;
                });
            }
        }
    }

    /// <summary>The same cluster with IPv6 beside IPv4; Calico's IPv6 pool lies outside the PodCIDRs.</summary>
    public static LabClusterOptions Of(LabClusterOptions options) => options with
    {
        PodSubnet6 = Cidr.Parse("fd00:10:10::/56"),
        CalicoPool6 = Cidr.Parse("fd00:10:20::/64"),
        ExtraObjects = WithEverywhere(options),
    };

    /// <summary>The same cluster with IPv6 in IPv4's place.</summary>
    public static LabClusterOptions IPv6Alone(LabClusterOptions options) => options with
    {
        PodSubnet = Cidr.Parse("fd00:10:10::/56"),
        CalicoPool = Cidr.Parse("fd00:10:20::/64"),
        ServiceSubnet = Cidr.Parse("fd00:10:96::/112"),
        ExtraObjects = WithEverywhere(options),
    };

    private static string WithEverywhere(LabClusterOptions options) =>
        options.ExtraObjects.Length == 0 ? Everywhere : $"{options.ExtraObjects}---\n{Everywhere}";
}
