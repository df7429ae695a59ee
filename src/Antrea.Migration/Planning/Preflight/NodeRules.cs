using Antrea.Migration.Findings;

namespace Antrea.Migration.Planning;

/// <summary>What the Nodes must be like.</summary>
internal static class NodeRules
{
    public static IEnumerable<Finding> NoNodes(PreflightContext context)
    {
        if (context.Snapshot.Nodes.IsEmpty)
        {
            yield return new Finding(
                "no-nodes",
                Severity.Blocker,
                "Cluster",
                "There is no Node in the snapshot.",
                "Include the Nodes: kubectl get nodes -o yaml.");
        }
    }

    public static IEnumerable<Finding> NotReady(PreflightContext context) =>
        context.Snapshot.Nodes.Where(n => !n.Ready).Select(n => new Finding(
            "node-not-ready",
            Severity.Blocker,
            $"Node/{n.Name}",
            "The Node's condition Ready is not True: its CNI configuration cannot be switched, nor its Pods restarted.",
            "Bring the Node back, or remove it from the cluster, before the migration."));

    public static IEnumerable<Finding> Cordoned(PreflightContext context) =>
        context.Snapshot.Nodes.Where(n => n.Unschedulable).Select(n => new Finding(
            "node-cordoned",
            Severity.Info,
            $"Node/{n.Name}",
            "The Node is cordoned; restarted Pods go elsewhere.",
            "Uncordon it if the other Nodes have no room for its Pods."));

    public static IEnumerable<Finding> IPv6Alone(PreflightContext context)
    {
        var ranges = context.Snapshot.Nodes.SelectMany(n => n.PodCidrs).ToList();
        if (ranges.Count > 0 && ranges.All(c => c.IsIPv6))
        {
            yield return new Finding(
                "cluster-ipv6-only",
                Severity.Info,
                "Cluster",
                "Every PodCIDR is IPv6. What a plan says of IPv6 alone was held to the kernel, but not to Calico's and Antrea's own code.",
                "Try it on a cluster like yours first.");
        }
    }

    public static IEnumerable<Finding> OperatingSystem(PreflightContext context) =>
        context.Snapshot.Nodes.Where(n => n.OperatingSystem != "linux").Select(n => new Finding(
            "node-not-linux",
            Severity.Blocker,
            $"Node/{n.Name}",
            $"The Node runs {n.OperatingSystem}; only Linux Nodes can be migrated.",
            "Move its workloads away and remove the Node, or migrate it by hand."));

    public static IEnumerable<Finding> Runtime(PreflightContext context)
    {
        foreach (var node in context.Snapshot.Nodes.Where(n => n.OperatingSystem == "linux"))
        {
            var scheme = node.ContainerRuntime.Split("://")[0];
            switch (scheme)
            {
                case "containerd":
                    break;
                case "cri-o":
                    yield return new Finding(
                        "node-runs-crio",
                        Severity.Info,
                        $"Node/{node.Name}",
                        $"The runtime is {node.ContainerRuntime}: it tears a Pod down with the CNI configuration the Pod was made with, and skips broken files.",
                        "Nothing to do; less is left over for cleaning up than with containerd.");
                    break;
                case "docker":
                    yield return new Finding(
                        "node-runs-docker",
                        Severity.Blocker,
                        $"Node/{node.Name}",
                        $"The runtime is {node.ContainerRuntime}; how it follows CNI configurations is not supported here.",
                        "Move the Node to containerd or CRI-O first.");
                    break;
                default:
                    yield return new Finding(
                        "node-runtime-unknown",
                        Severity.Warning,
                        $"Node/{node.Name}",
                        scheme.Length == 0 ? "The Node does not say which container runtime it has." : $"The runtime {node.ContainerRuntime} is not known here.",
                        "Make sure the runtime loads the first file of /etc/cni/net.d by name and notices a rename there.");
                    break;
            }
        }
    }

    public static IEnumerable<Finding> NetworkUnavailable(PreflightContext context) =>
        context.Snapshot.Nodes.Where(n => n.NetworkUnavailableReason is not null).Select(n => new Finding(
            "node-network-unavailable",
            Severity.Blocker,
            $"Node/{n.Name}",
            $"The condition NetworkUnavailable is True ({n.NetworkUnavailableReason}): no Pod is scheduled there, and Antrea never clears it.",
            "Find out why calico-node is down on this Node; it sets the condition to False when it starts."));
}
