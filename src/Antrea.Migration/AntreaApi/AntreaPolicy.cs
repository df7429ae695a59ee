using System.Collections.Immutable;
using System.Net;
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
/// <param name="Ports">Alternatives, together with <see cref="Protocols"/>; any protocol and port when both are empty.</param>
internal sealed record AntreaRule(
    string Name, AntreaAction Action, ImmutableArray<AntreaPeer> Peers, ImmutableArray<AntreaPort> Ports)
{
    /// <summary>ICMP and IGMP; alternatives, together with <see cref="Ports"/>.</summary>
    public ImmutableArray<AntreaProtocol> Protocols { get; init; } = [];

    /// <summary>Whose traffic the rule governs, where the policy itself names nobody; alternatives.</summary>
    public ImmutableArray<AntreaPeer> AppliedTo { get; init; } = [];

    /// <summary>Services that the traffic was addressed to (egress); alternatives.</summary>
    public ImmutableArray<AntreaServiceReference> ToServices { get; init; } = [];

    /// <summary>Whether <c>l7Protocols</c> is given: its engine drops what does not match, and no later rule is asked.</summary>
    public bool HasLayer7 { get; init; }
}

/// <summary>One entry of <c>from</c>, <c>to</c> or <c>appliedTo</c>: a network, or the Pods that both selectors select, or one of the
/// other ways. Without any: nothing in a ClusterNetworkPolicy, the Pods of the own Namespace in a NetworkPolicy.</summary>
/// <param name="Net">The network.</param>
/// <param name="PodSelector">Alone it selects in all Namespaces (cluster) or in the policy's own.</param>
/// <param name="NamespaceSelector">Alone it selects every Pod there.</param>
internal sealed record AntreaPeer(Cidr? Net, LabelSelector? PodSelector, LabelSelector? NamespaceSelector)
{
    /// <summary>Networks within <see cref="Net"/> that do not match (Antrea 2.2 and later).</summary>
    public ImmutableArray<Cidr> Except { get; init; } = [];

    /// <summary>The Pods of one service account, not combined with anything; never in an <c>appliedTo</c> of a NetworkPolicy.</summary>
    public AntreaServiceReference? ServiceAccount { get; init; }

    /// <summary>A ClusterGroup (cluster) or Group (own Namespace).</summary>
    public string? Group { get; init; }

    /// <summary>Nodes by their labels, not combined with anything.</summary>
    public LabelSelector? NodeSelector { get; init; }

    /// <summary>A name that the peer's address was resolved from (egress).</summary>
    public string? Fqdn { get; init; }

    /// <summary>Machines outside the cluster by their labels (NetworkPolicy only).</summary>
    public LabelSelector? ExternalEntitySelector { get; init; }

    /// <summary>Whether <c>scope: ClusterSet</c> asks for the Pods of other clusters as well.</summary>
    public bool IsClusterSet { get; init; }

    /// <summary>The Namespaces that the peer must share with the subject; null is no such demand.</summary>
    public AntreaPeerNamespaces? Namespaces { get; init; }

    /// <summary>A Service, in <c>appliedTo</c>: traffic from outside to its NodePort.</summary>
    public AntreaServiceReference? Service { get; init; }

    public static AntreaPeer Of(Cidr net) => new(net, null, null);
}

/// <summary>Peers in the subject's own Namespace (<c>match: Self</c>), or in Namespaces with the same values of some labels.</summary>
/// <param name="SameLabels">The labels; empty stands for <c>match: Self</c>.</param>
internal sealed record AntreaPeerNamespaces(ImmutableArray<string> SameLabels);

/// <summary>A Service or service account by name.</summary>
internal sealed record AntreaServiceReference(string Namespace, string Name);

/// <summary>Destination and source ports of one protocol; null is any.</summary>
internal sealed record AntreaPort(string Protocol, int? Port, int? EndPort, int? SourcePort, int? SourceEndPort)
{
    /// <summary>The destination port's name, instead of a number: looked up in the containers of the Pod that receives.</summary>
    public string? Name { get; init; }
}

/// <summary>One entry of <c>protocols</c>.</summary>
/// <param name="IsIgmp">IGMP; otherwise ICMP, which is ICMPv6 as well where the cluster has IPv6.</param>
/// <param name="Type">0–255; null is any.</param>
/// <param name="Code">0–255; null is any.</param>
internal sealed record AntreaProtocol(bool IsIgmp, byte? Type, byte? Code)
{
    /// <summary>The multicast group that an IGMP message is about; null is any.</summary>
    public IPAddress? GroupAddress { get; init; }
}

/// <summary>A ClusterGroup or Group: addresses that policies name in one word.</summary>
internal sealed record AntreaGroup
{
    /// <summary>The Namespace of a Group; empty makes it a ClusterGroup.</summary>
    public string Namespace { get; init; } = "";

    public required string Name { get; init; }

    public LabelSelector? PodSelector { get; init; }

    public LabelSelector? NamespaceSelector { get; init; }

    /// <summary>Networks, each with what it leaves out.</summary>
    public ImmutableArray<(Cidr Net, ImmutableArray<Cidr> Except)> Nets { get; init; } = [];

    /// <summary>The Service whose selected Pods are members.</summary>
    public AntreaServiceReference? Service { get; init; }

    /// <summary>Groups whose members are members; they may not have children of their own.</summary>
    public ImmutableArray<string> ChildGroups { get; init; } = [];

    /// <summary>Nodes by their labels (ClusterGroup, Antrea 2.6 and later).</summary>
    public LabelSelector? NodeSelector { get; init; }

    /// <summary>Machines outside the cluster by their labels.</summary>
    public LabelSelector? ExternalEntitySelector { get; init; }

    public string Kind => Namespace.Length == 0 ? "ClusterGroup" : "Group";

    /// <summary><c>ClusterGroup NAME</c>, <c>Group NAMESPACE/NAME</c>.</summary>
    public override string ToString() => Namespace.Length == 0 ? $"{Kind} {Name}" : $"{Kind} {Namespace}/{Name}";
}

/// <summary>An Antrea Tier.</summary>
/// <param name="Name">The name.</param>
/// <param name="Priority">0 to 255; lower comes first. It cannot be changed once set.</param>
internal sealed record AntreaTier(string Name, int Priority)
{
    /// <summary>The tier that comes behind Kubernetes NetworkPolicies.</summary>
    public const string Baseline = "baseline";

    /// <summary>The tier of policies that name none, and of those whose tier is missing.</summary>
    public const string Application = "application";

    /// <summary>The priority of the tier that comes behind Kubernetes NetworkPolicies.</summary>
    public const int BaselinePriority = 253;

    /// <summary>The tiers that antrea-controller creates.</summary>
    public static readonly ImmutableArray<AntreaTier> BuiltIn =
    [
        new("emergency", 50), new("securityops", 100), new("networkops", 150), new("platform", 200),
        new(Application, 250), new(Baseline, BaselinePriority),
    ];
}
