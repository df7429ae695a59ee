using System.Text.Json.Nodes;
using Antrea.Migration.Lab.ControlPlane;

namespace Antrea.Migration.Lab.Scenarios;

/// <summary>Calico as the Tigera operator runs it: the operator, what it is told by, and what it makes of that.</summary>
/// <remarks>Source: the names and values of Calico v3.26 <c>manifests/tigera-operator.yaml</c> and <c>custom-resources.yaml</c>; Typha, which changes
/// nothing for Pods, is left out.</remarks>
internal static class TigeraManifest
{
    public const string Group = "operator.tigera.io";
    public const string CalicoNamespace = "calico-system";
    public const string ApiServerNamespace = "calico-apiserver";
    public const string ApiServer = "calico-apiserver";

    public static readonly ResourceType Installation = new(Group, "v1", "Installation", "installations", false);
    public static readonly ResourceType ApiServerRequest = new(Group, "v1", "APIServer", "apiservers", false);

    /// <summary>The operator and its two objects.</summary>
    public static string Text(LabClusterOptions options) =>
        string.Concat(new[] { ("APIServer", "apiservers"), ("GatewayAPI", "gatewayapis"), ("ImageSet", "imagesets"), ("Installation", "installations"), ("TigeraStatus", "tigerastatuses") }
            .Select(k => CrdText.Of(Group, "v1", k.Item1, k.Item2, hasStatus: true)))
        + $$"""
        apiVersion: v1
        kind: Namespace
        metadata: {name: tigera-operator}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: tigera-operator, namespace: tigera-operator}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: tigera-operator, namespace: tigera-operator, labels: {k8s-app: tigera-operator} }
        spec:
          replicas: 1
          selector: {matchLabels: {name: tigera-operator} }
          template:
            metadata: {labels: {name: tigera-operator, k8s-app: tigera-operator} }
            spec:
              hostNetwork: true
              serviceAccountName: tigera-operator
              terminationGracePeriodSeconds: 0
              tolerations:
              - {effect: NoExecute, operator: Exists}
              - {effect: NoSchedule, operator: Exists}
              containers:
              - {name: tigera-operator, image: "quay.io/tigera/operator:v1.30.4"}
        ---
        apiVersion: operator.tigera.io/v1
        kind: Installation
        metadata: {name: default}
        spec:
          variant: Calico
          cni: {type: Calico, ipam: {type: Calico} }
          calicoNetwork:
            bgp: Enabled
            linuxDataplane: Iptables
            nodeAddressAutodetectionV4: {firstFound: true}
            ipPools:
            - {cidr: {{options.DefaultPool}}, blockSize: {{options.BlockSize}}, encapsulation: IPIP, natOutgoing: Enabled, nodeSelector: all()}
        ---
        apiVersion: operator.tigera.io/v1
        kind: APIServer
        metadata: {name: default}
        spec: {}

        """;

    /// <summary>What the operator makes of an Installation.</summary>
    public static string CalicoOf(JsonObject installation, string version)
    {
        var network = installation.Object("spec", "calicoNetwork");
        var pool = network.Items("ipPools").First();
        var owner = OwnerText(installation);
        return $$"""
            apiVersion: v1
            kind: Namespace
            metadata: {name: {{CalicoNamespace}}, ownerReferences: [{{owner}}]}
            ---
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: calico-node, namespace: {{CalicoNamespace}}, finalizers: [tigera.io/cni-protector]}
            ---

            """ + CalicoManifest.NodeDaemonSet(new CalicoNodeTemplate(
                CalicoNamespace, version, pool.Text("cidr")!, pool.Number("blockSize") ?? 26, CalicoEncapsulation.Ipip, owner, MethodOf(network)))
            + $$"""
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: calico-kube-controllers, namespace: {{CalicoNamespace}}, ownerReferences: [{{owner}}], labels: {k8s-app: calico-kube-controllers} }
            spec:
              replicas: 1
              selector: {matchLabels: {k8s-app: calico-kube-controllers} }
              strategy: {type: Recreate}
              template:
                metadata: {labels: {k8s-app: calico-kube-controllers} }
                spec:
                  tolerations:
                  - {key: CriticalAddonsOnly, operator: Exists}
                  - {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}
                  containers:
                  - {name: calico-kube-controllers, image: "calico/kube-controllers:{{version}}"}
            ---
            apiVersion: apps/v1
            kind: DaemonSet
            metadata: {name: csi-node-driver, namespace: {{CalicoNamespace}}, ownerReferences: [{{owner}}], labels: {k8s-app: csi-node-driver} }
            spec:
              selector: {matchLabels: {k8s-app: csi-node-driver} }
              template:
                metadata: {labels: {k8s-app: csi-node-driver} }
                spec:
                  tolerations:
                  - {effect: NoSchedule, operator: Exists}
                  - {effect: NoExecute, operator: Exists}
                  containers:
                  - {name: calico-csi, image: "calico/csi:{{version}}"}

            """;
    }

    /// <summary>What the operator makes of an APIServer. The lab serves nothing by it, so its APIService is left out.</summary>
    public static string ApiServerOf(JsonObject request, string version) =>
        $$"""
        apiVersion: v1
        kind: Namespace
        metadata: {name: {{ApiServerNamespace}}, ownerReferences: [{{OwnerText(request)}}]}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: {{ApiServer}}, namespace: {{ApiServerNamespace}}, ownerReferences: [{{OwnerText(request)}}]}
        spec:
          replicas: 2
          selector: {matchLabels: {apiserver: "true"} }
          template:
            metadata: {labels: {apiserver: "true", k8s-app: calico-apiserver} }
            spec:
              containers:
              - {name: calico-apiserver, image: "calico/apiserver:{{version}}"}

        """;

    private static string OwnerText(JsonObject owner) =>
        $$"""{apiVersion: {{Group}}/v1, kind: {{owner.Text("kind")}}, name: {{owner.NameOf()}}, uid: {{owner.UidOf()}}, controller: true, blockOwnerDeletion: true}""";

    private static string MethodOf(JsonObject? network) => network.Text("nodeAddressAutodetectionV4", "kubernetes") == "NodeInternalIP"
        ? "kubernetes-internal-ip"
        : "first-found";
}
