using System.Collections.Immutable;

namespace Antrea.Migration.Planning;

/// <summary>What a migration from Calico to Antrea needs, for people to read before they start.</summary>
/// <remarks><see cref="Preflight"/> checks of these what a snapshot shows.</remarks>
public static class MigrationRequirements
{
    /// <summary>The least-privilege role for the account that migrates: YAML documents with a Namespace, a ClusterRole and two Roles,
    /// all named <c>antrea-migrator</c> but for the Namespace, to be bound to a user or service account.</summary>
    public static string RoleManifest { get; } = ReadRole();

    /// <summary>All requirements, those of the cluster first, then Calico's, Antrea's, the Nodes' and the workloads'.</summary>
    public static ImmutableArray<MigrationRequirement> All { get; } =
    [
        new(
            "node-pod-cidr",
            "Every Node has a podCIDR (kube-controller-manager runs with --allocate-node-cidrs).",
            "Antrea gives Pods their addresses out of Node.spec.podCIDRs and its agent does not start without them; Calico's IPAM does not need them.",
            "Antrea v1.14 and v2.7, pkg/agent/agent.go"),
        new(
            "linux-nodes",
            "All Nodes run Linux with containerd or CRI-O.",
            "The bridge is a CNI configuration in /etc/cni/net.d that the runtime must notice while it runs; Windows and dockershim work otherwise.",
            "containerd internal/cri, cri-o ocicni"),
        new(
            "nodes-ready",
            "All Nodes are Ready, and stay in the cluster until the migration is over.",
            "A Node that comes back later would still hand out Calico addresses when the others know none any more.",
            "Kubernetes node lifecycle controller"),
        new(
            "calico-kdd",
            "Calico v3.26 to v3.32 keeps its data in the Kubernetes API (datastore 'kubernetes').",
            "Pools, blocks and policies are read through the Kubernetes API; an etcd of Calico's own is not.",
            "Calico v3.26 manifests/calico.yaml, DATASTORE_TYPE"),
        new(
            "calico-ipam",
            "Pods get their addresses from calico-ipam, with IPAM blocks.",
            "With host-local, Calico's Pods live in the very PodCIDRs that Antrea takes over: every Node overlaps.",
            "Calico v3.26 libcalico-go/lib/ipam"),
        new(
            "calico-linux-dataplane",
            "Calico's dataplane is iptables or nftables, not eBPF or VPP.",
            "What is known of traffic between Calico and Antrea Pods rests on the kernel's routing, conntrack and masquerading, which eBPF bypasses.",
            "Calico v3.26 felix, FelixConfiguration bpfEnabled"),
        new(
            "kube-proxy",
            "kube-proxy runs on every Node and stays.",
            "Antrea leaves Services from outside the Pods to it (proxyAll is off by default).",
            "Antrea v2.7 feature gates"),
        new(
            "addresses-disjoint",
            "No Calico block in use overlaps a Node's podCIDR, or the overlapped Nodes are few and drained, or a new pool in free space takes over first; or the Nodes move in two parts that lose each other meanwhile.",
            "Antrea's forwarding sends every address inside a podCIDR to that Node; a Calico Pod with such an address cannot be reached from Antrea's side.",
            "Antrea docs/design/ovs-pipeline.md, L3Forwarding"),
        new(
            "autodetection-pinned",
            "calico-node finds its Node's address by a fixed method, for example IP_AUTODETECTION_METHOD=kubernetes-internal-ip.",
            "The default, first-found, does not exclude antrea-gw0: a restarted calico-node could announce Antrea's gateway as its Node.",
            "Calico v3.26 node/pkg/lifecycle/startup/autodetection"),
        new(
            "tunnel-ports",
            "The Nodes let UDP 6081 (Geneve) through among each other; Antrea does not use VXLAN while Calico does.",
            "Both kernels' VXLAN devices would want UDP 4789 with different flags, which cannot be.",
            "Antrea docs/network-requirements.md"),
        new(
            "antrea-version",
            "Antrea is v1.14, v2.5.3 or later in v2.5, v2.6.3 or later in v2.6, or v2.7 and later; v2.4 and later can steer a bridged Pod's routes.",
            "v1.15 to v2.6.2 (but for v2.5.3) release the second address of a bridged Pod when antrea-agent restarts, and hand it out again.",
            "Antrea pkg/agent/cniserver reconcile, fixed in v2.5.3, v2.6.3 and v2.7.0"),
        new(
            "openvswitch",
            "The Nodes' kernels have the openvswitch module, and geneve.",
            "Antrea's agent does not start without them.",
            "Antrea docs/getting-started.md"),
        new(
            "multus-free",
            "Multus is not in use already, and nothing else writes a file that sorts before 10-antrea.conflist into /etc/cni/net.d.",
            "The runtime takes the first file by name: it must be the bridge's, and nobody else may rewrite it.",
            "containerd go-cni opts.go, multus-cni v4.2.4"),
        new(
            "disruption-budgets",
            "Every PodDisruptionBudget of Pods that must be evicted lets at least one go, and no such Pod is matched by two.",
            "What does not roll within its budget and the operator's limit is evicted; eviction is refused for ever otherwise.",
            "Kubernetes pkg/registry/core/pod/storage/eviction.go"),
        new(
            "owned-pods",
            "Pods on the Pod network belong to a controller that makes them anew; Jobs can finish first.",
            "A bare Pod that is deleted is gone, a static one cannot be, and a Job's Pod that is killed may count as failed.",
            "Kubernetes workloads documentation"),
        new(
            "cluster-admin",
            "The account may read everything but Secrets, write the kinds involved and run a privileged DaemonSet.",
            "CNI files and left-over routes are on the Nodes, where only a privileged Pod reaches them.",
            "this project"),
    ];

    private static string ReadRole()
    {
        using var text = new StreamReader(typeof(MigrationRequirements).Assembly.GetManifestResourceStream("antrea-migrator-role.yaml")!);
        return text.ReadToEnd();
    }
}
