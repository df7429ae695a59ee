using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.CalicoApi.Policies;

namespace Antrea.Migration.Policies.Semantics;

/// <summary>Something that Calico's selectors can select: a Pod, a network set or a host endpoint.</summary>
/// <remarks>Compared by reference: each object of a cluster is one endpoint.</remarks>
internal sealed class CalicoEndpoint
{
    public CalicoEndpoint(PolicyPod pod, IReadOnlyDictionary<string, string> labels, ImmutableArray<CalicoNamedPort> ports)
    {
        Pod = pod;
        Labels = labels;
        Nets = [.. pod.Addresses.Select(Cidr.Host)];
        Ports = ports;
    }

    public CalicoEndpoint(CalicoLabelledSet set)
    {
        Set = set;
        Labels = set.Labels;
        Nets = set.Nets;
        Ports = set.Ports;
    }

    /// <summary>The Pod; null for anything else.</summary>
    public PolicyPod? Pod { get; }

    /// <summary>The network set or host endpoint; null for a Pod.</summary>
    public CalicoLabelledSet? Set { get; }

    /// <summary>The effective labels: own, forced and inherited ones.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; }

    /// <summary>The addresses; those of a Pod one by one.</summary>
    public ImmutableArray<Cidr> Nets { get; }

    /// <summary>The named ports; none for a network set.</summary>
    public ImmutableArray<CalicoNamedPort> Ports { get; }

    public override string ToString() => Pod is null ? Set!.ToString() : $"Pod {Pod}";
}
