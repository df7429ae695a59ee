using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Tests.Routing.Reachability;

public class ReachabilityServiceTests
{
    private const string Cluster = """
        apiVersion: v1
        kind: Node
        metadata: {name: a}
        spec: {podCIDR: 10.10.0.0/24, podCIDRs: [10.10.0.0/24]}
        status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web-0, namespace: shop, labels: {app: web}}
        spec: {nodeName: a}
        status: {phase: Running, podIP: 10.10.200.66, podIPs: [{ip: 10.10.200.66}]}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: web-1, namespace: shop, labels: {app: web}}
        spec: {nodeName: a}
        status: {phase: Running, podIP: 10.10.200.67, podIPs: [{ip: 10.10.200.67}]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: web, namespace: shop}
        spec: {clusterIP: 10.96.0.7, clusterIPs: [10.96.0.7], selector: {app: web}}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: kube-proxy, namespace: kube-system}
        data: {config.conf: "mode: iptables\nclusterCIDR: 10.10.0.0/16,fd00::/48\niptables: {masqueradeAll: true}\n"}
        ---
        apiVersion: networking.k8s.io/v1
        kind: ServiceCIDR
        metadata: {name: kubernetes}
        spec: {cidrs: [10.96.0.0/16]}

        """;

    private const string Slice = """
        ---
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata: {name: web-x, namespace: shop, labels: {kubernetes.io/service-name: web}}
        addressType: IPv4
        endpoints: [{addresses: [10.10.200.67]}, {addresses: [172.18.0.2]}, {addresses: [192.0.2.1]}]
        ports: [{port: 80, protocol: TCP}]

        """;

    [Test]
    public void Of_WithoutSlices_TakesThePodsThatItSelects()
    {
        var service = ReachabilityService.Of(SnapshotFixtures.Read(Cluster)).Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((service.Namespace, service.Name, service.ClusterIPs.Single()), Is.EqualTo(("shop", "web", IPAddress.Parse("10.96.0.7"))));
            Assert.That(
                service.Endpoints.Select(e => string.Join(", ", e)),
                Is.EqualTo(new[]
                {
                    "Calico Pod 10.10.200.66 on a, Multus Pod 10.10.200.66 on a, Antrea Pod 10.10.0.2 on a",
                    "Calico Pod 10.10.200.67 on a, Multus Pod 10.10.200.67 on a, Antrea Pod 10.10.0.3 on a",
                }));
        }
    }

    [Test]
    public void Of_WithSlices_TakesTheirPodsAndNodes_AndLeavesAddressesOutsideTheClusterOut()
    {
        var service = ReachabilityService.Of(SnapshotFixtures.Read(Cluster + Slice)).Single();
        Assert.That(service.Endpoints.Select(e => e[0].ToString()), Is.EqualTo(new[] { "Calico Pod 10.10.200.67 on a", "Node a (172.18.0.2)" }));
    }

    [Test]
    public void FromSnapshot_TakesKubeProxysSettingsAndTheServicesRanges()
    {
        var model = ReachabilityModel.FromSnapshot(SnapshotFixtures.Read(Cluster));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.KubeProxyClusterCidrs, Is.EqualTo([Cidr.Parse("10.10.0.0/16"), Cidr.Parse("fd00::/48")]));
            Assert.That(model.KubeProxyMasqueradesAll, Is.True);
            Assert.That(model.ServiceCidrs, Is.EqualTo([Cidr.Parse("10.96.0.0/16")]));
        }
    }
}
