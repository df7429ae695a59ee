using System.Collections.Immutable;
using System.Globalization;
using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>What a Pod's connection shows of its Node where it is masqueraded.</summary>
public enum NodeAddress
{
    /// <summary>The address of Calico's tunnel; the Node's own where it has no tunnel.</summary>
    Tunnel,

    /// <summary>The Node's own address.</summary>
    Internal,

    /// <summary>The address of <c>antrea-gw0</c>, the first of the PodCIDR.</summary>
    Gateway,
}

/// <summary>Which of the two enforces.</summary>
public enum PolicyEngine
{
    /// <summary>Felix, at Calico's and bridged Pods.</summary>
    Calico,

    /// <summary>antrea-agent, at Antrea's Pods.</summary>
    Antrea,
}

/// <summary>Ports of one protocol.</summary>
/// <param name="Protocol"><c>TCP</c>, <c>UDP</c> or <c>SCTP</c>.</param>
/// <param name="First">The first one, 1–65535.</param>
/// <param name="Last">The last one, itself included.</param>
public sealed record AllowedPorts(string Protocol, int First, int Last)
{
    /// <summary>Whether these are all ports of the protocol.</summary>
    public bool IsAll => First == 1 && Last == 65535;

    /// <summary>For example <c>TCP 80</c>, <c>TCP 8000-8100</c> or <c>every TCP port</c>.</summary>
    public override string ToString() => IsAll
        ? $"every {Protocol} port"
        : string.Create(CultureInfo.InvariantCulture, $"{Protocol} {First}{(First == Last ? "" : $"-{Last}")}");
}

/// <summary>A policy for the time of one phase: it keeps connections that policies allow and would not know again, because they arrive from a Node's address.</summary>
/// <remarks>Nothing else is opened than what comes from those addresses to those ports of those Pods. Others behind the same addresses come in with it: the plan lists
/// them among <see cref="MigrationPlan.PredictedPolicyChanges"/> as opened.</remarks>
public sealed record PolicyAllowance
{
    /// <summary>The object's name.</summary>
    public required string Name { get; init; }

    /// <summary>The phase it is for: there before the first Pod moves, gone after the last.</summary>
    public required MigrationPhase Phase { get; init; }

    /// <summary>Whose policy it is.</summary>
    public required PolicyEngine Engine { get; init; }

    /// <summary>The Namespace of the Pods, and of the policy.</summary>
    public required string Namespace { get; init; }

    /// <summary>The Pods by their labels: one of the values, or, without values, no such label.</summary>
    public required ImmutableSortedDictionary<string, ImmutableArray<string>> Labels { get; init; }

    /// <summary>The servers' workload, for people.</summary>
    public required string To { get; init; }

    /// <summary>The ports, and no others.</summary>
    public required ImmutableArray<AllowedPorts> Ports { get; init; }

    /// <summary>The Nodes on which the clients may run.</summary>
    public required ImmutableArray<string> Nodes { get; init; }

    /// <summary>Which of these Nodes' addresses the connections come from.</summary>
    public required ImmutableArray<NodeAddress> Addresses { get; init; }

    /// <summary>Whether the addresses are IPv6.</summary>
    public bool IsIPv6 { get; init; }

    /// <summary>The tier, by its name in the engine.</summary>
    public required string Tier { get; init; }

    /// <summary>The place in the tier: Calico's <c>order</c>, Antrea's <c>priority</c>.</summary>
    public required double Order { get; init; }

    /// <summary>The clients that it is for.</summary>
    public required ImmutableArray<string> For { get; init; }

    /// <summary>The cluster without the objects that a migration has made of allowances: they are not its policies.</summary>
    public static ClusterSnapshot Without(ClusterSnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return AllowanceObjects.Without(snapshot);
    }

    /// <summary>What it opens, in one line.</summary>
    public override string ToString() =>
        $"{To}: {string.Join(", ", Ports)} from the {string.Join(" and ", Addresses.Select(WordOf))} of {Nodes.Length} Nodes, for {string.Join(", ", For)}";

    private static string WordOf(NodeAddress address) => address switch
    {
        NodeAddress.Tunnel => "Calico tunnels",
        NodeAddress.Gateway => "Antrea gateways",
        _ => "addresses",
    };
}
