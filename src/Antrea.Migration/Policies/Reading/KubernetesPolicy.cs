using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Policies.Reading;

/// <summary>A Kubernetes NetworkPolicy (<c>networking.k8s.io/v1</c>).</summary>
internal sealed record KubernetesPolicy
{
    public required string Namespace { get; init; }

    public required string Name { get; init; }

    /// <summary><c>spec.podSelector</c>; the empty one selects every Pod of the Namespace.</summary>
    public required LabelSelector PodSelector { get; init; }

    /// <summary>Whether <c>spec.policyTypes</c> holds Ingress, or is absent.</summary>
    public bool TypesIngress { get; init; }

    /// <summary>Whether <c>spec.policyTypes</c> holds Egress.</summary>
    public bool TypesEgress { get; init; }

    public ImmutableArray<KubernetesRule> Ingress { get; init; } = [];

    public ImmutableArray<KubernetesRule> Egress { get; init; } = [];

    public override string ToString() => $"{Namespace}/{Name}";
}

/// <summary>One rule: it allows what one of its peers and one of its ports match; an empty list matches everything.</summary>
internal sealed record KubernetesRule(ImmutableArray<KubernetesPeer> Peers, ImmutableArray<KubernetesPort> Ports);

/// <summary>A peer: a network without some others, or the Pods that both selectors select.</summary>
/// <param name="Net">The network; null for a peer of Pods.</param>
/// <param name="Except">Networks taken out of <paramref name="Net"/>.</param>
/// <param name="PodSelector">Null selects every Pod.</param>
/// <param name="NamespaceSelector">Null selects the policy's own Namespace.</param>
internal sealed record KubernetesPeer(
    Cidr? Net, ImmutableArray<Cidr> Except, LabelSelector? PodSelector, LabelSelector? NamespaceSelector);

/// <summary>Ports of one protocol.</summary>
/// <param name="Protocol">TCP, UDP or SCTP.</param>
/// <param name="First">The first port; null matches every port of the protocol.</param>
/// <param name="Last">The last port; equal to the first where there is no range.</param>
/// <param name="Name">The port's name where one is given instead of a number.</param>
internal sealed record KubernetesPort(string Protocol, int? First, int? Last, string? Name);
