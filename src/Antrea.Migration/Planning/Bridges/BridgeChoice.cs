using Antrea.Migration.Clusters;

namespace Antrea.Migration.Planning;

/// <summary>Which bridge a plan uses, and why.</summary>
/// <param name="Bridge">The bridge.</param>
/// <param name="Reason">A sentence for people.</param>
internal sealed record BridgeChoice(BridgeStrategy Bridge, string Reason)
{
    /// <summary>The one that the options ask for.</summary>
    public static BridgeChoice Of(MigrationOptions options, ClusterSnapshot snapshot) => options.Bridge == BridgeKind.Partition
        ? Because("Asked for", new PartitionBridge(PartitionPlanner.Of(snapshot, options)))
        : Of(options.Bridge, snapshot);

    /// <summary>The one that was asked for; for <see cref="BridgeKind.Auto"/> the one with the fewest restarts that works here, of equals the one that keeps
    /// more sources.</summary>
    public static BridgeChoice Of(BridgeKind asked, ClusterSnapshot snapshot)
    {
        var (kind, why) = asked != BridgeKind.Auto ? (asked, "Asked for") : Choose(snapshot);
        return Because(why, BridgeStrategy.Of(kind));
    }

    private static BridgeChoice Because(string why, BridgeStrategy bridge) => new(
        bridge, $"{why}. Between Nodes it mends {Words(bridge)}. It needs {bridge.Needs}. It costs {bridge.Costs}.");

    /// <summary>Rows of the decision table, for example <c>Calico to Antrea</c>.</summary>
    private static string Words(BridgeStrategy bridge) => bridge.Mends.IsEmpty ? "nothing" : string.Join(", ", bridge.Mends.Select(m => $"{m.From} to {m.To}"));

    private static (BridgeKind Kind, string Why) Choose(ClusterSnapshot snapshot)
    {
        if (PolicyRouteBridge.NodeOutOfReach(snapshot) is not var (node, _))
        {
            return (BridgeKind.PolicyRoute, "Chosen because Calico has a route to every Node: each Pod restarts once, and Calico clients keep their addresses");
        }

        return PoolBridge.IsThere(snapshot)
            ? (BridgeKind.Pool, $"Chosen because Calico has no route to Node {node} that could be followed, and its pools lie outside of the PodCIDRs and masquerade")
            : (BridgeKind.Multus, $"Chosen because Calico has no route to Node {node} that could be followed, and its pools do not masquerade what goes to PodCIDRs");
    }
}
