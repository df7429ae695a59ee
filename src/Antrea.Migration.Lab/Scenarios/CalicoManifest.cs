namespace Antrea.Migration.Lab.Scenarios;

/// <summary>Calico as a manifest installs it: CustomResourceDefinitions, <c>calico-config</c>, calico-node, calico-kube-controllers.</summary>
/// <remarks>Source: the names and values of Calico v3.26 <c>manifests/calico.yaml</c>; the default pool, ClusterInformation and
/// FelixConfiguration are made by calico-node, as there.</remarks>
internal static class CalicoManifest
{
    private static readonly (string Kind, string Plural, bool Namespaced)[] Kinds =
    [
        ("BGPConfiguration", "bgpconfigurations", false),
        ("BGPFilter", "bgpfilters", false),
        ("BGPPeer", "bgppeers", false),
        ("BlockAffinity", "blockaffinities", false),
        ("CalicoNodeStatus", "caliconodestatuses", false),
        ("ClusterInformation", "clusterinformations", false),
        ("FelixConfiguration", "felixconfigurations", false),
        ("GlobalNetworkPolicy", "globalnetworkpolicies", false),
        ("GlobalNetworkSet", "globalnetworksets", false),
        ("HostEndpoint", "hostendpoints", false),
        ("IPAMBlock", "ipamblocks", false),
        ("IPAMConfig", "ipamconfigs", false),
        ("IPAMHandle", "ipamhandles", false),
        ("IPPool", "ippools", false),
        ("IPReservation", "ipreservations", false),
        ("KubeControllersConfiguration", "kubecontrollersconfigurations", false),
        ("NetworkPolicy", "networkpolicies", true),
        ("NetworkSet", "networksets", true),
    ];

    /// <summary>Calico's kinds; ends with a document separator.</summary>
    public static string Definitions { get; } = string.Concat(Kinds.Select(k => CrdText.Of("crd.projectcalico.org", "v1", k.Kind, k.Plural, k.Namespaced)));

    public static string Text(LabClusterOptions options) =>
        $$"""
        apiVersion: policy/v1
        kind: PodDisruptionBudget
        metadata: {name: calico-kube-controllers, namespace: kube-system, labels: {k8s-app: calico-kube-controllers} }
        spec:
          maxUnavailable: 1
          selector: {matchLabels: {k8s-app: calico-kube-controllers} }
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: calico-kube-controllers, namespace: kube-system}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: calico-node, namespace: kube-system}
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: calico-cni-plugin, namespace: kube-system}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: calico-config, namespace: kube-system}
        data:
          typha_service_name: none
          calico_backend: {{Backend(options.CalicoEncapsulation)}}
          veth_mtu: "0"
        ---

        """ + NodeDaemonSet(new CalicoNodeTemplate(
            "kube-system",
            options.CalicoVersion,
            options.PodSubnet.IsIPv6 ? null : options.DefaultPool.ToString(),
            options.BlockSize,
            options.CalicoEncapsulation,
            Pool6: (options.PodSubnet.IsIPv6 ? options.DefaultPool : options.DefaultPool6)?.ToString())) + (options.PodSubnet.IsIPv6 ? Pool6(options) : "");

    /// <summary>Calico v3.26 makes an IPv4 pool too if it makes any, so a cluster of IPv6 alone brings its pool.</summary>
    private static string Pool6(LabClusterOptions options) =>
        $$"""
        ---
        apiVersion: crd.projectcalico.org/v1
        kind: IPPool
        metadata: {name: default-ipv6-ippool}
        spec:
          allowedUses: [Workload, Tunnel]
          blockSize: 122
          cidr: {{options.DefaultPool}}
          ipipMode: Never
          natOutgoing: false
          nodeSelector: all()
          vxlanMode: {{Mode(options.CalicoEncapsulation, CalicoEncapsulation.Vxlan)}}

        """;

    /// <summary>calico-node; ends with a line feed.</summary>
    public static string NodeDaemonSet(CalicoNodeTemplate template) =>
        $$"""
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: calico-node, namespace: {{template.Namespace}}, labels: {k8s-app: calico-node}{{(template.Owner is null ? "" : $", ownerReferences: [{template.Owner}]")}} }
        spec:
          selector: {matchLabels: {k8s-app: calico-node} }
          updateStrategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 1} }
          template:
            metadata: {labels: {k8s-app: calico-node} }
            spec:
              hostNetwork: true
              nodeSelector: {kubernetes.io/os: linux}
              serviceAccountName: calico-node
              terminationGracePeriodSeconds: {{(template.Owner is null ? 0 : 5)}}
              priorityClassName: system-node-critical
              tolerations:
              - {effect: NoSchedule, operator: Exists}
              - {key: CriticalAddonsOnly, operator: Exists}
              - {effect: NoExecute, operator: Exists}
              initContainers:
              - {name: install-cni, image: "calico/cni:{{template.Version}}", command: [/opt/cni/bin/install]}
              containers:
              - name: calico-node
                image: calico/node:{{template.Version}}{{(template.Owner is null ? "" : "\n        lifecycle: {preStop: {exec: {command: [/bin/calico-node, -shutdown]} } }")}}
                env:
                - {name: DATASTORE_TYPE, value: kubernetes}
                - {name: WAIT_FOR_DATASTORE, value: "true"}
                - {name: CALICO_NETWORKING_BACKEND, value: {{Backend(template.Encapsulation)}}}
                - {name: CLUSTER_TYPE, value: "{{(template.Owner is null ? "k8s,bgp" : "k8s,operator,bgp")}}"}
                - {name: IP, value: {{(template.Pool is null ? "none" : "autodetect")}}}{{(template.Autodetection is null ? "" : $"\n        - {{name: IP_AUTODETECTION_METHOD, value: {template.Autodetection}}}")}}
        {{(template.Pool is null ? IPv6Alone : IPv4Pool(template, template.Pool))}}
                - {name: FELIX_DEFAULTENDPOINTTOHOSTACTION, value: ACCEPT}
                - {name: FELIX_IPV6SUPPORT, value: "{{(template.Pool6 is null ? "false" : "true")}}"}{{(template.Pool6 is null
                    ? ""
                    : $"\n        - {{name: IP6, value: autodetect}}\n        - {{name: CALICO_IPV6POOL_CIDR, value: \"{template.Pool6}\"}}\n        - {{name: CALICO_IPV6POOL_VXLAN, value: {Mode(template.Encapsulation, CalicoEncapsulation.Vxlan)}}}")}}

        """;

    /// <summary>BGP takes its router ID from the IPv4 address, where there is one.</summary>
    private const string IPv6Alone =
        """
                - {name: CALICO_ROUTER_ID, value: hash}
                - {name: NO_DEFAULT_POOLS, value: "true"}
        """;

    private static string IPv4Pool(CalicoNodeTemplate template, string pool) =>
        $$"""
                - {name: CALICO_IPV4POOL_CIDR, value: {{pool}} }
                - {name: CALICO_IPV4POOL_BLOCK_SIZE, value: "{{template.BlockSize}}"}
                - {name: CALICO_IPV4POOL_IPIP, value: {{Mode(template.Encapsulation, CalicoEncapsulation.Ipip)}}}
                - {name: CALICO_IPV4POOL_VXLAN, value: {{Mode(template.Encapsulation, CalicoEncapsulation.Vxlan)}}}
        """;

    private static string Backend(CalicoEncapsulation used) => used == CalicoEncapsulation.Vxlan ? "vxlan" : "bird";

    private static string Mode(CalicoEncapsulation used, CalicoEncapsulation which) => used == which ? "Always" : "Never";

    /// <summary>calico-kube-controllers, a plain Pod of the Pod network.</summary>
    public static string Controllers(LabClusterOptions options) =>
        $$"""
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: calico-kube-controllers
          namespace: kube-system
          labels: {k8s-app: calico-kube-controllers}
        spec:
          replicas: 1
          selector: {matchLabels: {k8s-app: calico-kube-controllers} }
          strategy: {type: Recreate}
          template:
            metadata:
              labels: {k8s-app: calico-kube-controllers}
            spec:
              nodeSelector: {kubernetes.io/os: linux}
              serviceAccountName: calico-kube-controllers
              priorityClassName: system-cluster-critical
              tolerations:
              - {key: CriticalAddonsOnly, operator: Exists}
              - {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}
              containers:
              - name: calico-kube-controllers
                image: calico/kube-controllers:{{options.CalicoVersion}}
                env:
                - {name: ENABLED_CONTROLLERS, value: node}
                - {name: DATASTORE_TYPE, value: kubernetes}

        """;
}

/// <summary>What calico-node's DaemonSet differs in from one installation to another.</summary>
/// <param name="Namespace">Where it is.</param>
/// <param name="Version">Calico's.</param>
/// <param name="Pool">The first pool's range; null without IPv4.</param>
/// <param name="BlockSize">Its block size.</param>
/// <param name="Encapsulation">How it goes from Node to Node.</param>
/// <param name="Owner">The operator's request that owns it, as a flow mapping; null where a manifest brings it, whose calico-node is not left time to say goodbye.</param>
/// <param name="Autodetection">How the Node's address is found; null for the default.</param>
/// <param name="Pool6">The first IPv6 pool's range; null without IPv6.</param>
internal sealed record CalicoNodeTemplate(
    string Namespace, string Version, string? Pool, long BlockSize, CalicoEncapsulation Encapsulation, string? Owner = null, string? Autodetection = null, string? Pool6 = null);
