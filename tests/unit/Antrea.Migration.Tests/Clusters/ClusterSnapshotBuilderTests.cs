using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Findings;

namespace Antrea.Migration.Tests.Clusters;

[TestFixture]
internal sealed class ClusterSnapshotBuilderTests
{
    [Test]
    public void Build_Node_HasEverythingTheAnalysisNeeds()
    {
        var node = SnapshotFixtures.Read("""
            apiVersion: v1
            kind: Node
            metadata:
              name: w
              annotations:
                projectcalico.org/IPv4VXLANTunnelAddr: 10.10.1.0
                projectcalico.org/IPv4IPIPTunnelAddr: 10.10.2.0
                projectcalico.org/IPv4WireguardInterfaceAddr: 10.10.3.0
                projectcalico.org/IPv4Address: 172.18.0.3/16
            spec: {podCIDR: 10.10.9.0/24, podCIDRs: [10.10.9.0/24, "fd00:10:9::/64"], unschedulable: true}
            status:
              addresses:
              - {type: InternalIP, address: 172.18.0.3}
              - {type: ExternalIP, address: 203.0.113.7}
              - {type: InternalIP, address: "fc00::3"}
              conditions:
              - {type: NetworkUnavailable, status: "True", reason: CalicoIsDown}
              - {type: Ready, status: "True"}
              nodeInfo: {containerRuntimeVersion: containerd://1.7.1, operatingSystem: linux, kubeletVersion: v1.27.3}
            """).Nodes.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(node.PodCidrs.Select(c => c.ToString()), Is.EqualTo(new[] { "10.10.9.0/24", "fd00:10:9::/64" }));
            Assert.That(node.InternalIPs.Select(i => i.ToString()), Is.EqualTo(new[] { "172.18.0.3", "fc00::3" }));
            Assert.That(node.CalicoTunnelAddresses.Select(i => i.ToString()), Is.EqualTo(new[] { "10.10.2.0", "10.10.1.0", "10.10.3.0" }));
            Assert.That(node.Networks, Is.EqualTo([Cidr.Parse("172.18.0.0/16")]));
            Assert.That((node.Ready, node.Unschedulable, node.NetworkUnavailableReason), Is.EqualTo((true, true, "CalicoIsDown")));
            Assert.That((node.ContainerRuntime, node.OperatingSystem, node.KubeletVersion), Is.EqualTo(("containerd://1.7.1", "linux", "v1.27.3")));
        }
    }

    [Test]
    public void Build_NodeWithNothing_HasHarmlessDefaults()
    {
        var node = SnapshotFixtures.Read("apiVersion: v1\nkind: Node\nmetadata: {name: w}\nspec: null\n").Nodes.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(node.PodCidrs, Is.Empty);
            Assert.That(node.Ready, Is.False);
            Assert.That(node.NetworkUnavailableReason, Is.Null);
            Assert.That(node.OperatingSystem, Is.EqualTo("linux"));
        }
    }

    [Test]
    public void Build_Pod_HasEverythingTheMigrationNeeds()
    {
        var pod = SnapshotFixtures.Read("""
            apiVersion: v1
            kind: Pod
            metadata:
              name: p
              namespace: s
              uid: 4711
              deletionTimestamp: 2023-10-14T12:13:14Z
              labels: {app: web, version: "1"}
              annotations: {kubernetes.io/config.mirror: x}
              ownerReferences:
              - {kind: Other, name: o}
              - {kind: ReplicaSet, name: web-1, controller: true}
            spec: {nodeName: w, hostNetwork: true, restartPolicy: Never}
            status:
              phase: Succeeded
              podIP: 10.0.0.9
              podIPs: [{ip: 10.0.0.9}, {ip: "fd00::9"}, {}]
              conditions: [{type: Ready, status: "False"}]
            """.Replace("uid: 4711", "uid: \"4711\"")).Pods.Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((pod.ToString(), pod.Uid, pod.NodeName), Is.EqualTo(("s/p", "4711", "w")));
            Assert.That(pod.PodIPs.Select(i => i.ToString()), Is.EqualTo(new[] { "10.0.0.9", "fd00::9" }));
            Assert.That((pod.HostNetwork, pod.Ready, pod.Terminating, pod.HasEnded, pod.IsMirror), Is.EqualTo((true, false, true, true, true)));
            Assert.That(pod.Controller, Is.EqualTo(("ReplicaSet", "web-1")));
            Assert.That(pod.Labels["version"], Is.EqualTo("1"));
            Assert.That(pod.RestartPolicy, Is.EqualTo("Never"));
        }
    }

    [Test]
    public void Build_PodWithOnlyPodIP_UsesIt() =>
        Assert.That(
            SnapshotFixtures.Read("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nstatus: {podIP: 10.0.0.9}\n").Pods.Single().PodIPs.Single().ToString(),
            Is.EqualTo("10.0.0.9"));

    [TestCase("spec: {podCIDR: 10.10.9.1/24}", "spec.podCIDR")]
    [TestCase("spec: {podCIDRs: [10.10.9.0/24, 10.10.9]}", "spec.podCIDRs[1]")]
    [TestCase("spec: {podCIDRs: 10.10.9.0/24}", "spec.podCIDRs")]
    [TestCase("status: {addresses: [{type: InternalIP, address: 172.18.0}]}", "status.addresses[0].address")]
    [TestCase("status: {addresses: [{type: InternalIP, address: '172.18.0.1%eth0'}]}", "status.addresses[0].address")]
    public void Build_NodeWithNonsense_NamesTheField(string body, string field)
    {
        var error = Assert.Throws<InputException>(() => SnapshotFixtures.Read($"apiVersion: v1\nkind: Node\nmetadata: {{name: w}}\n{body}\n"))!;
        Assert.That((error.Errors.Single().Subject, error.Errors.Single().Field), Is.EqualTo(("Node/w", field)));
    }

    [TestCase("metadata: {name: p, namespace: 5}", "metadata.namespace")]
    [TestCase("metadata: {name: p, labels: {app: web, version: 1}}", "metadata.labels[version]")]
    [TestCase("metadata: {name: p, labels: {app: web, canary: true}}", "metadata.labels[canary]")]
    [TestCase("metadata: {name: p, labels: {app: web, x: }}", "metadata.labels[x]")]
    [TestCase("metadata: {name: p, labels: {app: [web]}}", "metadata.labels[app]")]
    [TestCase("metadata: {name: p, labels: [app]}", "metadata.labels")]
    [TestCase("metadata: {name: p, labels: {app: \"we\\nb\"}}", "metadata.labels[app]")]
    [TestCase("metadata: {name: p, labels: {app: web, 'a b': c}}", "metadata.labels[a b]")]
    [TestCase("metadata: {name: ../p}", "metadata.name")]
    [TestCase("metadata: {name: p, namespace: a%2fb}", "metadata.namespace")]
    [TestCase("metadata: {name: p, annotations: {a: 1}}", "metadata.annotations[a]")]
    [TestCase("status: {podIPs: [{ip: 10.0.0.9}, {ip: 7}]}", "status.podIPs[1].ip")]
    [TestCase("status: {podIPs: [{ip: 10.0.0.9}, 10.0.0.10]}", "status.podIPs[1]")]
    [TestCase("status: {podIPs: 10.0.0.9}", "status.podIPs")]
    [TestCase("status: {podIPs: [{ip: 10.0.0.9}], podIP: 7}", "status.podIP")]
    [TestCase("status: {podIPs: [{ip: 10.0.0.9}], podIP: 10.0.0}", "status.podIP")]
    [TestCase("spec: {serviceAccountName: [a]}", "spec.serviceAccountName")]
    [TestCase("spec: {containers: [{ports: [{name: http, containerPort: 80}, {name: 5, containerPort: 80}]}]}", "spec.containers[0].ports[1].name")]
    [TestCase("spec: {containers: [{ports: [{name: http, containerPort: http}]}]}", "spec.containers[0].ports[0].containerPort")]
    [TestCase("spec: {containers: [{ports: [{name: http, containerPort: 65536}]}]}", "spec.containers[0].ports[0].containerPort")]
    [TestCase("spec: {initContainers: [{ports: [{name: http, containerPort: 80, protocol: tcp}]}]}", "spec.initContainers[0].ports[0].protocol")]
    [TestCase("spec: {containers: [5]}", "spec.containers[0]")]
    public void Build_PodWithOneWrongValueBesideGoodOnes_NamesTheField(string body, string field) =>
        VerifyNamed("v1", "Pod", "p", body, field);

    [TestCase("v1", "Namespace", "metadata: {name: o, labels: {env: 5}}", "metadata.labels[env]")]
    [TestCase("v1", "Service", "spec: {selector: {app: web, version: 2}}", "spec.selector[version]")]
    [TestCase("crd.projectcalico.org/v1", "NetworkPolicy", "spec: {types: [Ingress]}", "metadata.namespace")]
    [TestCase("networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {}}", "metadata.namespace")]
    [TestCase("projectcalico.org/v3", "NetworkSet", "spec: {nets: []}", "metadata.namespace")]
    [TestCase("discovery.k8s.io/v1", "EndpointSlice", "endpoints: [{addresses: [10.0.0.9, 7]}]", "endpoints[0].addresses[1]")]
    [TestCase("discovery.k8s.io/v1", "EndpointSlice", "endpoints: [{addresses: [10.0.0.9, ten]}]", "endpoints[0].addresses[1]")]
    [TestCase("discovery.k8s.io/v1", "EndpointSlice", "ports: [{port: 80}, {port: http}]", "ports[1].port")]
    public void Build_ObjectThatPoliciesDecideBy_NamesTheWrongField(string apiVersion, string kind, string body, string field) =>
        VerifyNamed(apiVersion, kind, "o", body, field);

    [Test]
    public void Build_EndpointSliceOfNamesAndPortsWithoutNumber_IsFine() => Assert.That(
        () => SnapshotFixtures.Read(
            "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: o}\naddressType: FQDN\nendpoints: [{addresses: [db.example.com]}]\nports: [{name: '', port: null, protocol: TCP}]\n"),
        Throws.Nothing);

    private static void VerifyNamed(string apiVersion, string kind, string name, string body, string field)
    {
        var text = $"{(body.StartsWith("metadata", StringComparison.Ordinal) ? "" : $"metadata: {{name: {name}}}\n")}{body}\n";
        var error = Assert.Throws<InputException>(() => SnapshotFixtures.Read($"apiVersion: v1\nkind: Namespace\nmetadata: {{name: first}}\n---\napiVersion: {apiVersion}\nkind: {kind}\n{text}"))!;
        Assert.That((error.Errors.Single().Field, error.Errors.Single().Document), Is.EqualTo((field, 2)), error.Message);
    }

    [Test]
    public void Build_ListsAreSortedByName()
    {
        var snapshot = SnapshotFixtures.Read("""
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"b","namespace":"y"}}
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"c","namespace":"x"}}
            {"apiVersion":"v1","kind":"Pod","metadata":{"name":"B","namespace":"y"}}
            """);
        Assert.That(snapshot.Pods.Select(p => p.ToString()), Is.EqualTo(new[] { "x/c", "y/B", "y/b" }));
    }

    private const string Kubeadm = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: kubeadm-config, namespace: kube-system}
        data:
          ClusterConfiguration: |
            networking:
              serviceSubnet: RANGE

        """;

    private static string Component(string name, string arguments) =>
        $"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}-x, namespace: kube-system, labels: {{component: {name}}}}}\n"
        + $"spec: {{hostNetwork: true, containers: [{{name: {name}, command: [{name}, {arguments}]}}]}}\n";

    [Test]
    public void ServiceCidrs_Kubeadm_DualStack() =>
        Assert.That(
            SnapshotFixtures.Read(Kubeadm.Replace("RANGE", "10.96.0.0/16,fd00:10:96::/112")).ServiceCidrs.Select(c => c.ToString()),
            Is.EqualTo(new[] { "10.96.0.0/16", "fd00:10:96::/112" }));

    [TestCase("--service-cluster-ip-range=10.97.0.0/16")]
    [TestCase("--service-cluster-ip-range, 10.97.0.0/16")]
    public void ServiceCidrs_ApiServerFlag_InEitherForm(string arguments) =>
        Assert.That(SnapshotFixtures.Read(Component("kube-apiserver", arguments)).ServiceCidrs.Single().ToString(), Is.EqualTo("10.97.0.0/16"));

    [Test]
    public void ServiceCidrs_ServiceCidrObjectsAndFlag_AreTakenTogether()
    {
        var snapshot = SnapshotFixtures.Read(
            "apiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: more}\nspec: {cidrs: [10.99.0.0/24]}\n"
            + Component("kube-apiserver", "--service-cluster-ip-range=10.97.0.0/16"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(snapshot.ServiceCidrs.Select(c => c.ToString()), Is.EqualTo(new[] { "10.97.0.0/16", "10.99.0.0/24" }));
            Assert.That(snapshot.ReadFindings, Is.Empty);
        }
    }

    [Test]
    public void ServiceCidrs_SourcesThatDisagree_AreReported()
    {
        var snapshot = SnapshotFixtures.Read(
            Kubeadm.Replace("RANGE", "10.96.0.0/16")
            + Component("kube-apiserver", "--service-cluster-ip-range=10.97.0.0/16")
            + Component("kube-controller-manager", "--service-cluster-ip-range=10.97.0.0/16"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(snapshot.ServiceCidrs.Single().ToString(), Is.EqualTo("10.97.0.0/16"));
            Assert.That(snapshot.ReadFindings.Single().Id, Is.EqualTo("service-cidr-disagreement"));
            Assert.That(snapshot.ReadFindings.Single().Evidence, Does.Contain("kubeadm-config says 10.96.0.0/16"));
        }
    }

    [Test]
    public void ClusterCidrs_WhatIsInForceCounts_HostBitsAreCleared()
    {
        var kubeadm = Kubeadm.Replace("serviceSubnet: RANGE", "podSubnet: 10.244.0.0/16,fd00:10:244::/56");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                SnapshotFixtures.Read(kubeadm).ClusterCidrs.Select(c => c.ToString()), Is.EqualTo(["10.244.0.0/16", "fd00:10:244::/56"]));
            Assert.That(
                SnapshotFixtures.Read(kubeadm + Component("kube-controller-manager", "--cluster-cidr=10.10.0.1/16")).ClusterCidrs.Select(c => c.ToString()),
                Is.EqualTo(["10.10.0.0/16"]));
            Assert.That(SnapshotFixtures.Read("apiVersion: v1\nkind: Node\nmetadata: {name: w}\n").ClusterCidrs, Is.Empty);
        }
    }

    [Test]
    public void ServiceCidrs_Nowhere_IsReported()
    {
        var snapshot = SnapshotFixtures.Read("apiVersion: v1\nkind: Node\nmetadata: {name: w}\n");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(snapshot.ServiceCidrs, Is.Empty);
            Assert.That(snapshot.ReadFindings.Single().Id, Is.EqualTo("service-cidr-unknown"));
        }
    }

    [TestCase("10.96.0.0")]
    [TestCase("[10.96.0.0/16")]
    public void ServiceCidrs_UnreadableInACluster_IsAWarning(string range)
    {
        var finding = SnapshotFixtures.ReadLenient(Kubeadm.Replace("RANGE", range)).ReadFindings.Single(f => f.Id == "value-unreadable");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(finding.Severity, Is.EqualTo(Severity.Warning));
            Assert.That(finding.Subject, Is.EqualTo("ConfigMap/kube-system/kubeadm-config"));
            Assert.That(finding.Evidence, Does.Contain("data.ClusterConfiguration"));
        }
    }
}
