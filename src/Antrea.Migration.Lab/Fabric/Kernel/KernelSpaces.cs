using System.Collections.Concurrent;

namespace Antrea.Migration.Lab.Fabric.Kernel;

/// <summary>Which kernel namespace stands for what of the model: Nodes, bridges, Pods and the physical network.</summary>
/// <remarks>Safe for use by several threads.</remarks>
internal sealed class KernelSpaces(KernelNamespaces namespaces)
{
    private static readonly object PhysicalNetwork = new();

    private readonly ConcurrentDictionary<object, KernelNamespace> _spaces = new(ReferenceEqualityComparer.Instance);

    /// <summary>The physical network's.</summary>
    public KernelNamespace Fabric => _spaces[PhysicalNetwork];

    /// <summary>All that there are now.</summary>
    public IReadOnlyList<KernelNamespace> All => [.. _spaces.Values];

    public KernelNamespace this[NodeSnapshot node] => _spaces[node.Host];

    public KernelNamespace this[BridgeSnapshot bridge] => _spaces[bridge.Bridge];

    public KernelNamespace this[PodNetns pod] => _spaces[pod];

    /// <summary>The namespace of a Pod or Node; null when it is not laid, or not any more.</summary>
    public KernelNamespace? Find(NetworkNamespace owner) => _spaces.GetValueOrDefault(owner);

    /// <summary>Makes the namespaces that are missing.</summary>
    /// <returns>Those whose owner is gone; nothing stands for it any more.</returns>
    public async Task<IReadOnlyList<KernelNamespace>> FollowAsync(FabricSnapshot snapshot, CancellationToken cancellationToken)
    {
        (object Owner, string Label)[] owners =
        [
            (PhysicalNetwork, "fabric"),
            .. snapshot.Nodes.Select(node => ((object)node.Host, node.Host.Name)),
            .. snapshot.Nodes.Where(node => node.Bridge is not null).Select(node => ((object)node.Bridge!.Bridge, $"{node.Host.Name}-ovs")),
            .. snapshot.Pods.Select(pod => ((object)pod.Pod, pod.Pod.Name)),
        ];
        var missing = owners.Where(owner => !_spaces.ContainsKey(owner.Owner)).ToList();
        var made = await namespaces.AddAsync([.. missing.Select(owner => owner.Label)], cancellationToken).ConfigureAwait(false);
        foreach (var (owner, space) in missing.Zip(made))
        {
            _spaces[owner.Owner] = space;
        }

        var here = owners.Select(owner => owner.Owner).ToHashSet(ReferenceEqualityComparer.Instance);
        return [.. _spaces.Keys.Where(owner => !here.Contains(owner)).Select(owner => _spaces.TryRemove(owner, out var gone) ? gone : null).OfType<KernelNamespace>()];
    }
}
