using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migration.Lab.Scenarios;

/// <summary>The manifests a migration applies to a lab cluster: short ones of the lab's own, under the real objects' names.</summary>
/// <remarks>Kinds, names, Namespaces and images are those of the projects' releases (images without a registry host), so that
/// what installs, waits for or removes them works as on a real cluster. Everything the lab does not act upon is left out: RBAC,
/// schemas, volumes, resources.</remarks>
public static class LabManifests
{
    /// <summary>The image of the migration's own DaemonSet that the lab's Nodes understand.</summary>
    public const string NodeAgentImage = "antrea-migration/node-agent:lab";

    private const string AntreaGroup = "crd.antrea.io";

    /// <summary>Antrea: CustomResourceDefinitions, <c>antrea-config</c>, Deployment <c>antrea-controller</c>, DaemonSet <c>antrea-agent</c>, all in <c>kube-system</c>.</summary>
    /// <param name="version">The release, for example <c>v2.7.0</c>; it decides how the CNI plugin treats routes and garbage.</param>
    /// <param name="encap">The agents' <c>trafficEncapMode</c>.</param>
    /// <returns>YAML documents. Source: the release asset <c>antrea.yml</c>.</returns>
    /// <exception cref="FormatException">The version is not of the form <c>vMAJOR.MINOR.PATCH</c>.</exception>
    public static string Antrea(string version = "v2.7.0", AntreaEncapMode encap = AntreaEncapMode.Encap)
    {
        var release = Release(version);
        var hasOneImage = release < new Version(1, 15);
        return AntreaCrds() + AntreaObjects(
            hasOneImage ? $"antrea/antrea-ubuntu:{version}" : $"antrea/antrea-agent-ubuntu:{version}",
            hasOneImage ? $"antrea/antrea-ubuntu:{version}" : $"antrea/antrea-controller-ubuntu:{version}",
            encap switch { AntreaEncapMode.NoEncap => "noEncap", AntreaEncapMode.Hybrid => "hybrid", _ => "encap" });
    }

    /// <summary>Thin Multus: CustomResourceDefinition, ServiceAccount and DaemonSet <c>kube-multus-ds</c> in <c>kube-system</c>, its generator on as released.</summary>
    /// <param name="version">The release, for example <c>v4.2.4</c>.</param>
    /// <returns>YAML documents. Source: <c>deployments/multus-daemonset.yml</c>.</returns>
    /// <exception cref="FormatException">The version is not of the form <c>vMAJOR.MINOR.PATCH</c>.</exception>
    public static string Multus(string version = "v4.2.4")
    {
        _ = Release(version);
        return CrdText.Of(
            "k8s.cni.cncf.io", "v1", "NetworkAttachmentDefinition", "network-attachment-definitions", namespaced: true, shortName: "net-attach-def")
            + $$"""
            apiVersion: v1
            kind: ServiceAccount
            metadata: {name: multus, namespace: kube-system}
            ---
            apiVersion: apps/v1
            kind: DaemonSet
            metadata:
              name: kube-multus-ds
              namespace: kube-system
              labels: {tier: node, app: multus, name: multus}
            spec:
              selector: {matchLabels: {name: multus} }
              updateStrategy: {type: RollingUpdate}
              template:
                metadata:
                  labels: {tier: node, app: multus, name: multus}
                spec:
                  hostNetwork: true
                  serviceAccountName: multus
                  terminationGracePeriodSeconds: 10
                  tolerations:
                  - {operator: Exists, effect: NoSchedule}
                  - {operator: Exists, effect: NoExecute}
                  initContainers:
                  - name: install-multus-binary
                    image: k8snetworkplumbingwg/multus-cni:{{version}}
                    command: [/install_multus]
                    args: [--type, thin]
                  containers:
                  - name: kube-multus
                    image: k8snetworkplumbingwg/multus-cni:{{version}}
                    command: [/thin_entrypoint]
                    args:
                    - --multus-conf-file=auto
                    - --multus-autoconfig-dir=/host/etc/cni/net.d
                    - --cni-conf-dir=/host/etc/cni/net.d
                    volumeMounts:
                    - {name: multus-cfg, mountPath: /tmp/multus-conf}
                  volumes:
                  - {name: multus-cfg, configMap: {name: multus-cni-config, optional: true} }

            """;
    }

    private static Version Release(string version)
    {
        ArgumentNullException.ThrowIfNull(version);
        return version.StartsWith('v') && Version.TryParse(version[1..], out var release) && release.Build >= 0
            ? release
            : throw new FormatException($"'{version}' is no release such as v2.7.0.");
    }

    private static string AntreaCrds() => string.Concat(
        AntreaCrd("AntreaAgentInfo", "antreaagentinfos", shortName: "aai"),
        AntreaCrd("AntreaControllerInfo", "antreacontrollerinfos", shortName: "aci"),
        AntreaCrd("ClusterNetworkPolicy", "clusternetworkpolicies", hasStatus: true, shortName: "acnp", columns: PolicyColumns),
        AntreaCrd("NetworkPolicy", "networkpolicies", namespaced: true, hasStatus: true, shortName: "annp", columns: PolicyColumns),
        AntreaCrd("Tier", "tiers", shortName: "tr"),
        AntreaCrd("ClusterGroup", "clustergroups", hasStatus: true, shortName: "cg"),
        AntreaCrd("Group", "groups", namespaced: true, hasStatus: true, shortName: "grp"),
        AntreaCrd("Egress", "egresses", hasStatus: true, shortName: "eg"),
        AntreaCrd("ExternalIPPool", "externalippools", hasStatus: true, shortName: "eip"),
        AntreaCrd("IPPool", "ippools", hasStatus: true),
        AntreaCrd("Traceflow", "traceflows", hasStatus: true, shortName: "tf"));

    private const string PolicyColumns =
        "{name: Tier, type: string, jsonPath: .spec.tier}, {name: Priority, type: number, jsonPath: .spec.priority}, "
        + "{name: Desired Nodes, type: number, jsonPath: .status.desiredNodesRealized}, "
        + "{name: Current Nodes, type: number, jsonPath: .status.currentNodesRealized}";

    private static string AntreaCrd(
        string kind, string plural, bool namespaced = false, bool hasStatus = false, string? shortName = null, string? columns = null) =>
        CrdText.Of(AntreaGroup, "v1beta1", kind, plural, namespaced, hasStatus, shortName, columns);

    private static string AntreaObjects(string agentImage, string controllerImage, string encap) =>
        $$"""
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: antrea-agent, namespace: kube-system, labels: {app: antrea} }
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: antrea-controller, namespace: kube-system, labels: {app: antrea} }
        ---
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: antrea-config, namespace: kube-system, labels: {app: antrea} }
        data:
          antrea-agent.conf: |
            trafficEncapMode: {{encap}}
            tunnelType: geneve
          antrea-controller.conf: |
            apiPort: 10349
          antrea-cni.conflist: |
            {"cniVersion": "0.3.0", "name": "antrea", "plugins": [
              {"type": "antrea", "ipam": {"type": "host-local"} },
              {"type": "portmap", "capabilities": {"portMappings": true} },
              {"type": "bandwidth", "capabilities": {"bandwidth": true} }]}
        ---
        apiVersion: v1
        kind: Service
        metadata: {name: antrea, namespace: kube-system, labels: {app: antrea} }
        spec:
          selector: {app: antrea, component: antrea-controller}
          ports:
          - {port: 443, protocol: TCP, targetPort: 10349}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata:
          name: antrea-controller
          namespace: kube-system
          labels: {app: antrea, component: antrea-controller}
        spec:
          replicas: 1
          strategy: {type: Recreate}
          selector: {matchLabels: {app: antrea, component: antrea-controller} }
          template:
            metadata:
              labels: {app: antrea, component: antrea-controller}
            spec:
              hostNetwork: true
              priorityClassName: system-cluster-critical
              serviceAccountName: antrea-controller
              nodeSelector: {kubernetes.io/os: linux}
              tolerations:
              - {key: CriticalAddonsOnly, operator: Exists}
              - {key: node-role.kubernetes.io/control-plane, effect: NoSchedule}
              containers:
              - name: antrea-controller
                image: {{controllerImage}}
                command: [antrea-controller]
        ---
        apiVersion: apps/v1
        kind: DaemonSet
        metadata:
          name: antrea-agent
          namespace: kube-system
          labels: {app: antrea, component: antrea-agent}
        spec:
          selector: {matchLabels: {app: antrea, component: antrea-agent} }
          updateStrategy: {type: RollingUpdate}
          template:
            metadata:
              labels: {app: antrea, component: antrea-agent}
            spec:
              hostNetwork: true
              priorityClassName: system-node-critical
              serviceAccountName: antrea-agent
              nodeSelector: {kubernetes.io/os: linux}
              tolerations:
              - {key: CriticalAddonsOnly, operator: Exists}
              - {operator: Exists, effect: NoSchedule}
              - {operator: Exists, effect: NoExecute}
              initContainers:
              - name: install-cni
                image: {{agentImage}}
                command: [install_cni]
              containers:
              - name: antrea-agent
                image: {{agentImage}}
                command: [antrea-agent]
              - name: antrea-ovs
                image: {{agentImage}}
                command: [start_ovs]

        """;
}
