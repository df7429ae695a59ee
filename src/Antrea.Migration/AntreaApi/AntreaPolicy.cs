using System.Collections.Immutable;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.AntreaApi;

/// <summary>An Antrea ClusterNetworkPolicy or NetworkPolicy, of those fields that the migration writes and judges.</summary>
/// <remarks>Source: Antrea v1.14 to v2.7, <c>pkg/apis/crd/v1beta1</c>, group <c>crd.antrea.io</c>.</remarks>
internal sealed record AntreaPolicy
{
    /// <summary>The Namespace of a NetworkPolicy; empty makes it a ClusterNetworkPolicy.</summary>
    public string Namespace { get; init; } = "";

    public required string Name { get; init; }

    /// <summary>The Tier's name.</summary>
    public required string Tier { get; init; }

    /// <summary>1.0 to 10000.0; lower comes first.</summary>
    public required double Priority { get; init; }

    /// <summary>Whose traffic is governed; entries are alternatives.</summary>
    public required ImmutableArray<AntreaPeer> AppliedTo { get; init; }

    public ImmutableArray<AntreaRule> Ingress { get; init; } = [];

    public ImmutableArray<AntreaRule> Egress { get; init; } = [];

    /// <summary>Whether this is a ClusterNetworkPolicy.</summary>
    public bool IsCluster => Namespace.Length == 0;

    public string Kind => IsCluster ? "ClusterNetworkPolicy" : "NetworkPolicy";

    /// <summary><c>ClusterNetworkPolicy NAME</c>, <c>NetworkPolicy NAMESPACE/NAME</c>.</summary>
    public override string ToString() => IsCluster ? $"{Kind} {Name}" : $"{Kind} {Namespace}/{Name}";
}

/// <summary>What an Antrea rule does with what it matches.</summary>
internal enum AntreaAction
{
    Allow,
    Drop,
    Reject,
    Pass,
}

/// <summary>One rule.</summary>
/// <param name="Name">Unique among both directions of the policy.</param>
/// <param name="Action">What happens on a match.</param>
/// <param name="Peers">The other side; alternatives, and anything when empty.</param>
/// <param name="Ports">Alternatives; any protocol and port when empty.</param>
internal sealed record AntreaRule(
    string Name, AntreaAction Action, ImmutableArray<AntreaPeer> Peers, ImmutableArray<AntreaPort> Ports);

/// <summary>A network, or the Pods that both selectors select. Without any of the three: nothing in a ClusterNetworkPolicy,
/// the Pods of the own Namespace in a NetworkPolicy.</summary>
/// <param name="Net">The network.</param>
/// <param name="PodSelector">Alone it selects in all Namespaces (cluster) or in the policy's own.</param>
/// <param name="NamespaceSelector">Alone it selects every Pod there.</param>
internal sealed record AntreaPeer(Cidr? Net, LabelSelector? PodSelector, LabelSelector? NamespaceSelector)
{
    public static AntreaPeer Of(Cidr net) => new(net, null, null);
}

/// <summary>Destination and source ports of one protocol; null is any.</summary>
internal sealed record AntreaPort(string Protocol, int? Port, int? EndPort, int? SourcePort, int? SourceEndPort);

/// <summary>An Antrea Tier.</summary>
/// <param name="Name">The name.</param>
/// <param name="Priority">0 to 255; lower comes first. It cannot be changed once set.</param>
internal sealed record AntreaTier(string Name, int Priority)
{
    /// <summary>The tier that comes behind Kubernetes NetworkPolicies.</summary>
    public const string Baseline = "baseline";

    /// <summary>The tier of policies that name none, and of those whose tier is missing.</summary>
    public const string Application = "application";

    /// <summary>The tiers that antrea-controller creates.</summary>
    public static readonly ImmutableArray<AntreaTier> BuiltIn =
    [
        new("emergency", 50), new("securityops", 100), new("networkops", 150), new("platform", 200),
        new(Application, 250), new(Baseline, 253),
    ];
}
