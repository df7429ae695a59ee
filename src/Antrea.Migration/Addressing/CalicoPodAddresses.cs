using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.CalicoApi;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Addressing;

/// <summary>Tells whether Calico gave a Pod one of its addresses, or Antrea did.</summary>
internal sealed class CalicoPodAddresses
{
    private readonly Dictionary<string, ImmutableArray<Cidr>> _podCidrs;
    private readonly CidrTable<IpamBlock> _blocks;

    public CalicoPodAddresses(ClusterSnapshot snapshot)
    {
        _podCidrs = snapshot.Nodes.DistinctBy(n => n.Name).ToDictionary(n => n.Name, n => n.PodCidrs, StringComparer.Ordinal);
        _blocks = new(snapshot.CalicoIpam.Blocks.Select(b => new CidrEntry<IpamBlock>(b.Cidr, b)));
    }

    /// <summary>The block that holds the address; null when none does.</summary>
    public IpamBlock? BlockOf(IPAddress address) => _blocks.TryLookup(address, out var block) ? block.Value : null;

    /// <summary>Calico gave an address if its plugin noted it on the Pod, if Antrea cannot have given it, or if its address management says
    /// that this Pod has it.</summary>
    public bool Gave(PodInfo pod, IPAddress address) =>
        !IsOnOwnNode(pod, address) || CalicoPodAnnotations.Hold(pod, address) || IsAllocatedTo(pod, address);

    /// <summary>Whether the Pod runs on a Node with a network of its own.</summary>
    public static bool HasNetwork(PodInfo pod) => pod is { HostNetwork: false, HasEnded: false, NodeName.Length: > 0 };

    private bool IsOnOwnNode(PodInfo pod, IPAddress address)
    {
        foreach (var podCidr in _podCidrs.GetValueOrDefault(pod.NodeName, []))
        {
            if (podCidr.Contains(address))
            {
                return true;
            }
        }

        return false;
    }

    private bool IsAllocatedTo(PodInfo pod, IPAddress address) =>
        BlockOf(address) is { } block
        && block.Allocations.Any(a => a.PodName == pod.Name && a.PodNamespace == pod.Namespace && a.Address.Equals(address));
}
