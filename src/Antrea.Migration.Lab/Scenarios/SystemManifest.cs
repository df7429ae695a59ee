using Antrea.Migration.Addressing;

namespace Antrea.Migration.Lab.Scenarios;

/// <summary>What kubeadm puts into a cluster, as far as the lab and an analysis look at it.</summary>
internal static class SystemManifest
{
    /// <summary>Where the cluster's DNS is: the tenth address of the Service range.</summary>
    public static System.Net.IPAddress DnsAddress(Cidr serviceSubnet) => serviceSubnet.AddressAt(10);

    /// <summary>The control plane's static Pods, as their mirrors.</summary>
    public static string ControlPlanePods(LabClusterOptions options, string node) => string.Concat(
        StaticPod(node, "etcd", "etcd:3.5.7-0", []),
        StaticPod(
            node,
            "kube-apiserver",
            $"kube-apiserver:{options.KubernetesVersion}",
            [$"--service-cluster-ip-range={options.ServiceSubnets}"]),
        StaticPod(
            node,
            "kube-controller-manager",
            $"kube-controller-manager:{options.KubernetesVersion}",
            ["--allocate-node-cidrs=true", $"--cluster-cidr={options.PodSubnets}", $"--service-cluster-ip-range={options.ServiceSubnets}"]),
        StaticPod(node, "kube-scheduler", $"kube-scheduler:{options.KubernetesVersion}", []));

    /// <summary>kubeadm's configuration and kube-proxy.</summary>
    public static string Text(LabClusterOptions options) =>
        $$"""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: kubeadm-config, namespace: kube-system}
        data:
          ClusterConfiguration: |
            apiVersion: kubeadm.k8s.io/v1beta3
            kind: ClusterConfiguration
            clusterName: {{options.Name}}
            kubernetesVersion: {{options.KubernetesVersion}}
            networking:
              dnsDomain: cluster.local
              podSubnet: {{options.PodSubnets}}
              serviceSubnet: {{options.ServiceSubnets}}
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: kube-proxy, namespace: kube-system, labels: {app: kube-proxy} }
        data:
          config.conf: |
            apiVersion: kubeproxy.config.k8s.io/v1alpha1
            kind: KubeProxyConfiguration
            clusterCIDR: {{options.PodSubnets}}
            mode: iptables
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: kube-proxy, namespace: kube-system}
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata:
          name: kube-proxy
          namespace: kube-system
          labels: {k8s-app: kube-proxy}
        spec:
          selector: {matchLabels: {k8s-app: kube-proxy} }
          updateStrategy: {type: RollingUpdate}
          template:
            metadata:
              labels: {k8s-app: kube-proxy}
            spec:
              hostNetwork: true
              nodeSelector: {kubernetes.io/os: linux}
              priorityClassName: system-node-critical
              serviceAccountName: kube-proxy
              tolerations:
              - {operator: Exists}
              containers:
              - name: kube-proxy
                image: kube-proxy:{{options.KubernetesVersion}}
                command: [/usr/local/bin/kube-proxy, --config=/var/lib/kube-proxy/config.conf]

        """;

    /// <summary>The cluster's DNS.</summary>
    public static string Dns(LabClusterOptions options) =>
        $$"""
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: coredns, namespace: kube-system}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: kube-dns, namespace: kube-system, labels: {k8s-app: kube-dns} }
        spec:
          clusterIP: {{DnsAddress(options.ServiceSubnet)}}
          selector: {k8s-app: kube-dns}
          ports:
          - {name: dns, port: 53, protocol: UDP, targetPort: 53}
          - {name: dns-tcp, port: 53, protocol: TCP, targetPort: 53}
          - {name: metrics, port: 9153, protocol: TCP, targetPort: 9153}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: coredns
          namespace: kube-system
          labels: {k8s-app: kube-dns}
        spec:
          replicas: 2
          strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 1} }
          selector: {matchLabels: {k8s-app: kube-dns} }
          template:
            metadata:
              labels: {k8s-app: kube-dns}
            spec:
              nodeSelector: {kubernetes.io/os: linux}
              priorityClassName: system-cluster-critical
              serviceAccountName: coredns
              tolerations:
              - {key: CriticalAddonsOnly, operator: Exists}
              - {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}
              containers:
              - name: coredns
                image: coredns/coredns:v1.10.1
                ports:
                - {name: dns, containerPort: 53, protocol: UDP}
                - {name: dns-tcp, containerPort: 53, protocol: TCP}
                - {name: metrics, containerPort: 9153, protocol: TCP}
                readinessProbe:
                  httpGet: {path: /ready, port: 8181}

        """;

    private static string StaticPod(string node, string name, string image, string[] flags) =>
        $$"""
        apiVersion: v1
        kind: Pod
        metadata:
          name: {{name}}-{{node}}
          namespace: kube-system
          labels: {component: {{name}}, tier: control-plane}
          annotations: {kubernetes.io/config.mirror: {{name}}, kubernetes.io/config.hash: {{name}}, kubernetes.io/config.source: file}
        spec:
          hostNetwork: true
          nodeName: {{node}}
          priorityClassName: system-node-critical
          tolerations:
          - {operator: Exists, effect: NoExecute}
          containers:
          - name: {{name}}
            image: {{image}}
            command: [{{string.Join(", ", flags.Prepend(name).Select(word => $"\"{word}\""))}}]
        ---

        """;
}
