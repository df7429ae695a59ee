using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Bridge;

/// <summary>Tells for each Pod which network it is on, from what Calico and Multus leave behind.</summary>
/// <remarks>Calico's CNI plugin writes the annotations <c>cni.projectcalico.org/podIPs</c> and <c>containerID</c>; Multus keeps a
/// file named like the container with the delegates it called. A Pod that is made anew starts without either; one that restarts in place keeps
/// the annotations, which tell of an address it has no longer.</remarks>
public static class PodNetworkInventory
{
    private const string CalicoContainer = "cni.projectcalico.org/containerID";

    /// <summary>The network of one Pod.</summary>
    /// <param name="pod">The Pod.</param>
    /// <param name="node">Its Node; null when the Pod is not scheduled or the Node is gone.</param>
    /// <param name="multusContainers">Ids of the containers on that Node that Multus wired to Antrea.</param>
    public static PodNetwork Classify(PodInfo pod, NodeInfo? node, IReadOnlySet<string> multusContainers)
    {
        ArgumentNullException.ThrowIfNull(pod);
        ArgumentNullException.ThrowIfNull(multusContainers);
        if (pod.HostNetwork)
        {
            return PodNetwork.Host;
        }

        if (pod.HasEnded || pod.PodIPs.IsEmpty)
        {
            return PodNetwork.None;
        }

        if (pod.PodIPs.Any(a => CalicoPodAnnotations.Hold(pod, a)))
        {
            return pod.Annotations.TryGetValue(CalicoContainer, out var container) && multusContainers.Contains(container)
                ? PodNetwork.Multus
                : PodNetwork.Calico;
        }

        return node is not null && pod.PodIPs.All(ip => node.PodCidrs.Any(c => c.Contains(ip)))
            ? PodNetwork.Antrea
            : PodNetwork.Unknown;
    }

    /// <summary>How many Pods are on each network; host-network and ended Pods are left out.</summary>
    public static ImmutableSortedDictionary<PodNetwork, int> Count(IEnumerable<PodNetwork> networks) =>
        networks.Where(n => n is not (PodNetwork.Host or PodNetwork.None))
            .GroupBy(n => n)
            .ToImmutableSortedDictionary(g => g.Key, g => g.Count());
}
