using System.Collections.Immutable;
using Antrea.Migration.Addressing;

namespace Antrea.Migration.CalicoApi.Policies;

/// <summary>A NetworkSet, GlobalNetworkSet or HostEndpoint: something besides Pods that selectors can select.</summary>
/// <param name="Kind">The kind.</param>
/// <param name="Namespace">The Namespace; empty for the cluster-wide kinds.</param>
/// <param name="Name">The name.</param>
/// <param name="Labels">Its effective labels: own ones, over those of the Namespace for a NetworkSet, and over those of its profiles for
/// a HostEndpoint.</param>
internal sealed record CalicoLabelledSet(
    string Kind, string Namespace, string Name, IReadOnlyDictionary<string, string> Labels)
{
    /// <summary>The addresses it stands for: <c>spec.nets</c> of a set, <c>spec.expectedIPs</c> of a host endpoint. Masked; what Calico
    /// skips is left out.</summary>
    public ImmutableArray<Cidr> Nets { get; init; } = [];

    /// <summary><c>spec.ports</c> of a host endpoint; sets have none.</summary>
    public ImmutableArray<CalicoNamedPort> Ports { get; init; } = [];

    public override string ToString() => Namespace.Length == 0 ? $"{Kind} {Name}" : $"{Kind} {Namespace}/{Name}";
}
